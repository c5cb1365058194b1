//! Listing: keys in the order of their UTF-8 bytes, groups of keys as common prefixes.
//!
//! Entries, keys and common prefixes alike, are ordered by name, and a page starts after a name.
//! A group is not walked through: once its prefix is known, the scan seeks past the last key it
//! could have, so that a listing costs what it shows.

use resources::Timestamp;
use rusqlite::{CachedStatement, params};

use super::{ObjectError, ObjectInfo, Objects, buckets};
use crate::{Error, Tx};

/// Which objects to list.
#[derive(Clone, Debug, Default)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: String,
    /// Only keys that begin with this.
    pub prefix: String,
    /// Keys that share what comes before and including this, after the prefix, become one entry.
    pub delimiter: Option<String>,
    /// Only entries whose name comes after this.
    pub after: Option<String>,
    /// Entries at most.
    pub max_keys: usize,
}

/// Some of a bucket's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects.
    pub objects: Vec<ObjectInfo>,
    /// Common prefixes.
    pub common_prefixes: Vec<String>,
    /// The name of the last entry, if there are more after it.
    pub next: Option<String>,
}

impl Objects<'_> {
    /// One page of a bucket's objects and common prefixes.
    pub async fn list(self, query: ListObjects) -> Result<Listing, ObjectError> {
        self.store.read(move |tx| list(tx, &query)).await
    }
}

enum Entry {
    Object(ObjectInfo),
    CommonPrefix(String),
}

fn list(tx: &Tx<'_>, query: &ListObjects) -> Result<Listing, ObjectError> {
    buckets::require(tx, &query.bucket)?;
    let mut listing = Listing::default();
    if query.max_keys == 0 {
        return Ok(listing);
    }
    let mut scan = Scan::new(tx, query)?;
    let mut last = None;
    let mut entries = 0;
    while let Some(entry) = scan.next()? {
        if entries == query.max_keys {
            listing.next = last;
            break;
        }
        entries += 1;
        last = Some(listing.add(entry));
    }
    Ok(listing)
}

impl Listing {
    /// Adds an entry; its name.
    fn add(&mut self, entry: Entry) -> String {
        match entry {
            Entry::Object(object) => {
                let name = object.key.clone();
                self.objects.push(object);
                name
            }
            Entry::CommonPrefix(prefix) => {
                self.common_prefixes.push(prefix.clone());
                prefix
            }
        }
    }
}

/// How many rows a seek fetches at most. The first one after a group fetches a single row, which
/// is likely to be in the next group, and each one after that twice as many.
const ROWS_PER_SEEK_MAX: usize = 64;

struct Scan<'a> {
    statement: CachedStatement<'a>,
    query: &'a ListObjects,
    /// Keys from here on.
    from: Vec<u8>,
    /// Keys before this.
    until: Vec<u8>,
    /// Rows fetched, the next one last.
    rows: Vec<ObjectInfo>,
    /// How many rows the next seek fetches.
    rows_per_seek: usize,
    ended: bool,
}

impl<'a> Scan<'a> {
    fn new(tx: &'a Tx<'_>, query: &'a ListObjects) -> Result<Self, Error> {
        let statement = tx.connection().prepare_cached(
            "SELECT key, size, etag, modified, headers FROM objects
             WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
        )?;
        let prefix = query.prefix.as_bytes();
        let from = match &query.after {
            Some(after) => start_after(query, after).max(prefix.to_vec()),
            None => prefix.to_vec(),
        };
        let until = successor(prefix);
        let rows_per_seek = query.max_keys.saturating_add(1).min(ROWS_PER_SEEK_MAX);
        Ok(Self { statement, query, from, until, rows: Vec::new(), rows_per_seek, ended: false })
    }

    fn next(&mut self) -> Result<Option<Entry>, Error> {
        if self.rows.is_empty() && !self.ended {
            self.seek()?;
        }
        let Some(object) = self.rows.pop() else { return Ok(None) };
        match common_prefix(self.query, &object.key) {
            Some(prefix) => {
                let prefix = prefix.to_owned();
                self.skip_group(&prefix);
                Ok(Some(Entry::CommonPrefix(prefix)))
            }
            None => Ok(Some(Entry::Object(object))),
        }
    }

    fn seek(&mut self) -> Result<(), Error> {
        let limit = self.rows_per_seek;
        self.rows_per_seek = (limit * 2).min(ROWS_PER_SEEK_MAX);
        let arguments = params![self.query.bucket, self.from, self.until, limit as i64];
        let rows = self.statement.query_map(arguments, |row| {
            let key = row.get::<_, Vec<u8>>(0)?;
            let info = ObjectInfo {
                key: String::from_utf8_lossy(&key).into_owned(),
                size: row.get::<_, i64>(1)? as u64,
                etag: row.get(2)?,
                modified: Timestamp::from_epoch_ms(row.get(3)?),
                ..ObjectInfo::default()
            };
            // An object whose headers are damaged is listed without what they say.
            let headers = serde_json::from_str(row.get_ref(4)?.as_str()?).unwrap_or_default();
            Ok(info.with_checksums_of(&headers))
        })?;
        self.rows = rows.collect::<rusqlite::Result<_>>()?;
        self.ended = self.rows.len() < limit;
        if let Some(last) = self.rows.last() {
            self.from = just_after(last.key.as_bytes());
        }
        self.rows.reverse();
        Ok(())
    }

    /// Goes on after the last key that a group could have: with the rows at hand if they reach so
    /// far, else with a seek.
    fn skip_group(&mut self, prefix: &str) {
        while self.rows.last().is_some_and(|object| object.key.starts_with(prefix)) {
            self.rows.pop();
        }
        if self.rows.is_empty() {
            self.from = successor(prefix.as_bytes()).max(std::mem::take(&mut self.from));
            self.rows_per_seek = 1;
        }
    }
}

/// The first key that may be listed after the name `after`. A group comes after `after` only as a
/// whole, so a name inside a group passes over all of the group.
fn start_after(query: &ListObjects, after: &str) -> Vec<u8> {
    match common_prefix(query, after) {
        Some(group) => successor(group.as_bytes()),
        None => just_after(after.as_bytes()),
    }
}

/// The group that a key belongs to.
fn common_prefix<'a>(query: &ListObjects, key: &'a str) -> Option<&'a str> {
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.strip_prefix(&query.prefix)?;
    let at = rest.find(delimiter)?;
    Some(&key[..query.prefix.len() + at + delimiter.len()])
}

/// The smallest byte string after `key`.
fn just_after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The smallest byte string after everything that begins with `prefix`. UTF-8 has no byte 0xFF,
/// so the last byte can always be raised, and 0xFF alone comes after every key.
pub(super) fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut after = prefix.to_vec();
    match after.last_mut() {
        Some(last) => *last += 1,
        None => after.push(0xff),
    }
    after
}
