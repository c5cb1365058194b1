//! Objects and parts: every blob that a row names is there with the bytes that were stored, and
//! every blob that is there is named by a row.

use std::{collections::HashSet, io};

use md5::{Digest, Md5};
use rusqlite::Row;

use super::Report;
use crate::{
    Error, Headers, Tx,
    artifacts::{entries, manifest::Hashing},
    blobs::{BlobId, Segment},
    cursor::{from_hex, to_hex},
    error::chain,
    layout::Layout,
    places::{self, Places, blob_of},
    regular,
};

/// Checks every object and part; the blobs that they name.
pub(super) fn check(
    tx: &Tx<'_>,
    layout: &Layout,
    report: &mut Report,
) -> Result<HashSet<BlobId>, Error> {
    let count = |sql: &str| tx.connection().query_row(sql, [], |row| row.get::<_, i64>(0));
    report.buckets = count("SELECT count(*) FROM buckets")? as u64;
    let mut checking = Checking { places: Places::new(layout), report, named: HashSet::new() };
    checking
        .rows(tx, OBJECTS, |row| Ok(format!("object `{}/{}`", text(row, 0)?, text(row, 1)?)))?;
    checking.report.objects = count("SELECT count(*) FROM objects")? as u64;
    checking.rows(tx, PARTS, |row| {
        Ok(format!("part {} of upload `{}`", row.get::<_, i64>(1)?, text(row, 0)?))
    })?;
    checking.report.parts = count("SELECT count(*) FROM parts")? as u64;
    Ok(checking.named)
}

/// Place, place, size, entity tag, headers, segments, and whether the bucket or upload is there.
const OBJECTS: &str = "
    SELECT bucket, key, size, etag, headers, segments,
           EXISTS (SELECT 1 FROM buckets WHERE name = objects.bucket)
    FROM objects ORDER BY bucket, key";
const PARTS: &str = "
    SELECT upload, number, size, etag, NULL, segments,
           EXISTS (SELECT 1 FROM uploads WHERE id = parts.upload)
    FROM parts ORDER BY upload, number";

/// Text, or the bytes of one.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes()?).into_owned())
}

struct Checking<'a> {
    places: Places,
    report: &'a mut Report,
    named: HashSet<BlobId>,
}

impl Checking<'_> {
    fn rows(
        &mut self,
        tx: &Tx<'_>,
        sql: &str,
        place: impl Fn(&Row<'_>) -> rusqlite::Result<String>,
    ) -> Result<(), Error> {
        let mut statement = tx.connection().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let place = place(row)?;
            if let Err(problem) = self.row(row)? {
                self.report.damaged(place, problem);
            }
        }
        Ok(())
    }

    /// What is wrong with a row and the bytes that it names.
    fn row(&mut self, row: &Row<'_>) -> Result<Result<(), String>, Error> {
        let (size, etag): (i64, String) = (row.get(2)?, row.get(3)?);
        let (headers, segments): (Option<String>, String) = (row.get(4)?, row.get(5)?);
        let in_something: bool = row.get(6)?;
        let segments: Vec<Segment> = match serde_json::from_str(&segments) {
            Ok(segments) => segments,
            Err(error) => return Ok(Err(format!("its segments cannot be read: {error}"))),
        };
        self.named.extend(segments.iter().map(|segment| segment.blob.clone()));
        self.report.bytes += size as u64;
        let headers = headers.map(|headers| serde_json::from_str::<Headers>(&headers));
        if let Some(Err(error)) = headers {
            return Ok(Err(format!("its headers cannot be read: {error}")));
        }
        if !in_something {
            return Ok(Err("its bucket or upload is missing".to_owned()));
        }
        Ok(self.bytes(size as u64, &etag, &segments))
    }

    fn bytes(&self, size: u64, etag: &str, segments: &[Segment]) -> Result<(), String> {
        let mut digests = Vec::new();
        for segment in segments {
            digests.push(self.blob(segment)?);
        }
        let stored: u64 = segments.iter().map(|segment| segment.size).sum();
        if stored != size {
            return Err(format!("it has {size} bytes and its segments have {stored}"));
        }
        if etag_of(&digests, etag) != etag {
            return Err("its bytes are not those of its entity tag".to_owned());
        }
        Ok(())
    }

    /// The MD5 of a segment's bytes, if they are there and have the one that was stored.
    fn blob(&self, segment: &Segment) -> Result<String, String> {
        let place = self.places.find(&segment.blob);
        let name = segment.blob.as_str();
        let read = || {
            let mut hash = Hashing(Md5::new());
            let size = io::copy(&mut regular::open(&place)?, &mut hash)?;
            Ok((size, to_hex(&hash.0.finalize())))
        };
        let (size, md5) = read().map_err(|error: io::Error| {
            let what = Error::io("read", &place)(error);
            format!("blob `{name}`: {}", chain(&what))
        })?;
        if size != segment.size {
            return Err(format!("blob `{name}` has {size} bytes instead of {}", segment.size));
        }
        if segment.md5.as_ref().is_some_and(|stored| *stored != md5) {
            return Err(format!("the bytes of blob `{name}` are not those that were stored"));
        }
        Ok(md5)
    }
}

/// The entity tag that segments with these digests have, in the form of `stored`.
fn etag_of(digests: &[String], stored: &str) -> String {
    let nothing = || to_hex(&Md5::digest(b""));
    let Some((_, parts)) = stored.split_once('-') else {
        return digests.first().cloned().unwrap_or_else(nothing);
    };
    // An empty part, which can only be the last, has no segment.
    let empty = parts.parse() == Ok(digests.len() + 1);
    let last = empty.then(nothing);
    let all = digests.iter().chain(&last);
    let joined: Vec<u8> = all.flat_map(|digest| from_hex(digest).unwrap_or_default()).collect();
    format!("{}-{parts}", to_hex(&Md5::digest(joined)))
}

/// Finds what no row names, and what was being written.
pub(super) fn find_orphans(
    layout: &Layout,
    named: &HashSet<BlobId>,
    report: &mut Report,
) -> Result<(), Error> {
    let places = Places::new(layout);
    let tmp = if places.tmp.exists() { entries(&places.tmp)? } else { Vec::new() };
    let found = [
        (places::files(&places.objects)?, UNKNOWN),
        (tmp, "it was being written or removed; the next start removes it"),
        (places::files(&places.unreferenced)?, ASIDE),
    ];
    for (files, what) in found {
        for file in files {
            if !named.contains(&blob_of(&file)) {
                report.orphaned(&file, what);
            }
        }
    }
    Ok(())
}

const UNKNOWN: &str = "no object names it; the next start moves it to `unreferenced`";
const ASIDE: &str = "no object names it; put back the `meta.sqlite` that does, or remove it";
