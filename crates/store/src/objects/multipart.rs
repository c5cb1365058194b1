//! Multipart uploads: parts are blobs, and completing an upload only links them.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::collections::{BTreeMap, HashMap};

use md5::{Digest, Md5};
use resources::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Headers, ObjectError, ObjectInfo, Objects, Precondition, Stored, Target, buckets, names, rows,
};
use crate::{
    Error, Tx,
    blobs::{Segment, random_id},
    cursor::{from_hex, to_hex},
};

/// Bytes that every part but the last must have.
pub const PART_BYTES_MIN: u64 = 5 << 20;
/// The highest part number, and so the most parts.
pub const PARTS_MAX: u16 = 10_000;

/// An upload: its place and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadId {
    /// Where the object will be.
    pub target: Target,
    /// The id that `create_upload` gave out.
    pub id: String,
}

/// An upload that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The key of the object to be.
    pub key: String,
    /// The upload's id.
    pub id: String,
    /// When it began.
    pub initiated: Timestamp,
}

/// A part that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1 to [`PARTS_MAX`].
    pub number: u16,
    /// Bytes.
    pub size: u64,
    /// The MD5 of its bytes in hex, without quotes.
    pub etag: String,
    /// When it was uploaded.
    pub modified: Timestamp,
    /// Base64 checksums by AWS's name of the algorithm.
    pub checksums: BTreeMap<String, String>,
}

/// A part as the list that completes an upload names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartToComplete {
    /// Its number.
    pub number: u16,
    /// Its entity tag without quotes.
    pub etag: String,
}

/// What is to become of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The parts, in ascending order.
    pub parts: Vec<PartToComplete>,
    /// Whether the object may be stored over what is there.
    pub precondition: Precondition,
    /// The object's checksums, by AWS's name of the algorithm.
    pub checksums: BTreeMap<String, String>,
    /// What the checksums are over; see [`Headers::checksum_type`].
    pub checksum_type: Option<String>,
    /// The parts' checksums; see [`Headers::part_checksums`].
    pub part_checksums: Vec<String>,
}

/// Which uploads of a bucket to list.
#[derive(Clone, Debug, Default)]
pub struct ListUploads {
    /// The bucket.
    pub bucket: String,
    /// Only keys that begin with this.
    pub prefix: String,
    /// Keys that share what comes before and including this, after the prefix, become one entry.
    pub delimiter: Option<String>,
    /// Only what comes after this key and, where it is given, this upload of the key.
    pub after: Option<(String, Option<String>)>,
    /// Uploads and common prefixes at most.
    pub max_uploads: usize,
}

/// Some of a bucket's uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadListing {
    /// By key, then by id.
    pub uploads: Vec<Upload>,
    /// Common prefixes.
    pub common_prefixes: Vec<String>,
    /// The key and the id of the last entry, if there are more after it; a common prefix has no id.
    pub next: Option<(String, Option<String>)>,
}

impl Objects<'_> {
    /// Begins an upload; its id.
    pub async fn create_upload(
        self,
        target: Target,
        headers: Headers,
    ) -> Result<UploadId, ObjectError> {
        names::check_key(&target.key)?;
        let upload = UploadId { target, id: random_id() };
        let initiated = self.store.clock().now();
        self.store.write(move |tx| create(tx, upload, initiated, &headers)).await
    }

    /// Keeps stored bytes as a part, replacing the part that had the number.
    pub async fn put_part(
        self,
        upload: UploadId,
        number: u16,
        stored: Stored,
        checksums: BTreeMap<String, String>,
    ) -> Result<Part, ObjectError> {
        check_number(number)?;
        let modified = self.store.clock().now();
        let part = Part { number, size: stored.size(), etag: stored.etag(), modified, checksums };
        let write = move |tx: &Tx<'_>| {
            require(tx, &upload)?;
            let segments = stored.adopt(tx);
            replace_part(tx, &upload.id, &part, &segments)?;
            Ok(part)
        };
        self.store.write(write).await
    }

    /// Makes an object of parts, in the order listed. Parts that are not listed go.
    pub async fn complete_upload(
        self,
        upload: UploadId,
        completion: Completion,
    ) -> Result<ObjectInfo, ObjectError> {
        let modified = self.store.clock().now();
        let write = move |tx: &Tx<'_>| {
            let Target { bucket, key } = &upload.target;
            rows::check(tx, bucket, key, &completion.precondition)?;
            complete(tx, &upload, &completion, modified)
        };
        self.store.write(write).await
    }

    /// What an upload began with.
    pub async fn upload(self, upload: UploadId) -> Result<Headers, ObjectError> {
        self.store.read(move |tx| require(tx, &upload)).await
    }

    /// Ends an upload; its parts go.
    pub async fn abort_upload(self, upload: UploadId) -> Result<(), ObjectError> {
        let write = move |tx: &Tx<'_>| {
            require(tx, &upload)?;
            discard_parts(tx, &upload.id)?;
            remove(tx, &upload.id)
        };
        self.store.write(write).await
    }

    /// The parts of an upload whose number is above `after`, by number, `limit` at most.
    pub async fn parts(
        self,
        upload: UploadId,
        after: u16,
        limit: usize,
    ) -> Result<Vec<Part>, ObjectError> {
        let read = move |tx: &Tx<'_>| {
            require(tx, &upload)?;
            let parts = parts(tx, &upload.id, after, limit)?;
            Ok(parts.into_iter().map(|(part, _)| part).collect())
        };
        self.store.read(read).await
    }

    /// One page of the uploads begun in a bucket.
    pub async fn uploads(self, query: ListUploads) -> Result<UploadListing, ObjectError> {
        self.store.read(move |tx| uploads(tx, &query)).await
    }
}

fn check_number(number: u16) -> Result<(), ObjectError> {
    match number {
        1..=PARTS_MAX => Ok(()),
        _ => Err(ObjectError::PartNumber(number.into())),
    }
}

fn create(
    tx: &Tx<'_>,
    upload: UploadId,
    initiated: Timestamp,
    headers: &Headers,
) -> Result<UploadId, ObjectError> {
    let Target { bucket, key } = &upload.target;
    buckets::require(tx, bucket)?;
    tx.connection()
        .prepare_cached(
            "INSERT INTO uploads (id, bucket, key, initiated, headers) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            upload.id,
            bucket,
            key.as_bytes(),
            initiated.epoch_ms(),
            rows::to_json(headers)
        ])?;
    Ok(upload)
}

/// The headers that an upload began with, or the error that says what is missing.
fn require(tx: &Tx<'_>, upload: &UploadId) -> Result<Headers, ObjectError> {
    let Target { bucket, key } = &upload.target;
    buckets::require(tx, bucket)?;
    let headers: Option<String> = tx
        .connection()
        .prepare_cached("SELECT headers FROM uploads WHERE id = ? AND bucket = ? AND key = ?")?
        .query_row(params![upload.id, bucket, key.as_bytes()], |row| row.get(0))
        .optional()?;
    let headers = headers.ok_or_else(|| ObjectError::NoSuchUpload(upload.id.clone()))?;
    Ok(rows::from_json(key, &headers)?)
}

fn replace_part(
    tx: &Tx<'_>,
    upload: &str,
    part: &Part,
    segments: &[Segment],
) -> Result<(), ObjectError> {
    let old: Option<String> = tx
        .connection()
        .prepare_cached("DELETE FROM parts WHERE upload = ? AND number = ? RETURNING segments")?
        .query_row(params![upload, part.number], |row| row.get(0))
        .optional()?;
    if let Some(old) = old {
        rows::discard(tx, upload, &old)?;
    }
    tx.connection()
        .prepare_cached(
            "INSERT INTO parts (upload, number, size, etag, modified, checksums, segments)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            upload,
            part.number,
            part.size as i64,
            part.etag,
            part.modified.epoch_ms(),
            rows::to_json(&part.checksums),
            rows::to_json(&segments),
        ])?;
    Ok(())
}

fn complete(
    tx: &Tx<'_>,
    upload: &UploadId,
    completion: &Completion,
    modified: Timestamp,
) -> Result<ObjectInfo, ObjectError> {
    let mut headers = require(tx, upload)?;
    headers.checksums.clone_from(&completion.checksums);
    headers.checksum_type.clone_from(&completion.checksum_type);
    headers.part_checksums.clone_from(&completion.part_checksums);
    let uploaded = parts(tx, &upload.id, 0, usize::MAX)?;
    let mut uploaded: HashMap<u16, _> =
        uploaded.into_iter().map(|(part, segments)| (part.number, (part, segments))).collect();
    let chosen = choose(&completion.parts, &mut uploaded)?;
    let info = ObjectInfo {
        key: upload.target.key.clone(),
        size: chosen.iter().map(|(part, _)| part.size).sum(),
        etag: etag_of_parts(chosen.iter().map(|(part, _)| part)),
        modified,
        ..ObjectInfo::default()
    };
    let info = info.with_checksums_of(&headers);
    let unlisted = uploaded.into_values().flat_map(|(_, segments)| segments);
    tx.discard(unlisted.map(|segment| segment.blob));
    let segments = chosen.into_iter().flat_map(|(_, segments)| segments).collect();
    rows::put(
        tx,
        &upload.target.bucket,
        &rows::NewRow { info: &info, headers: &headers, segments },
    )?;
    remove(tx, &upload.id)?;
    Ok(info)
}

/// Takes the listed parts out of the uploaded ones.
fn choose(
    listed: &[PartToComplete],
    uploaded: &mut HashMap<u16, (Part, Vec<Segment>)>,
) -> Result<Vec<(Part, Vec<Segment>)>, ObjectError> {
    if listed.is_empty() {
        return Err(ObjectError::NoParts);
    }
    if !listed.is_sorted_by(|one, next| one.number < next.number) {
        return Err(ObjectError::InvalidPartOrder);
    }
    let mut chosen = Vec::with_capacity(listed.len());
    for wanted in listed {
        let same = |(part, _): &(Part, _)| part.etag == wanted.etag;
        let part = uploaded.remove(&wanted.number).filter(same);
        chosen.push(part.ok_or(ObjectError::InvalidPart(wanted.number))?);
    }
    let but_last = &chosen[..chosen.len() - 1];
    match but_last.iter().find(|(part, _)| part.size < PART_BYTES_MIN) {
        Some((part, _)) => {
            Err(ObjectError::EntityTooSmall { number: part.number, size: part.size })
        }
        None => Ok(chosen),
    }
}

/// S3's entity tag for parts: the MD5 of their MD5s, a hyphen, their number.
fn etag_of_parts<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for part in parts {
        md5.update(from_hex(&part.etag).unwrap_or_default());
        count += 1;
    }
    format!("{}-{count}", to_hex(&md5.finalize()))
}

fn parts(
    tx: &Tx<'_>,
    upload: &str,
    after: u16,
    limit: usize,
) -> Result<Vec<(Part, Vec<Segment>)>, Error> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT number, size, etag, modified, checksums, segments FROM parts
         WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![upload, after, limit])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        parts.push(part_of(upload, row)?);
    }
    Ok(parts)
}

fn part_of(upload: &str, row: &Row<'_>) -> Result<(Part, Vec<Segment>), Error> {
    let part = Part {
        number: row.get(0)?,
        size: row.get::<_, i64>(1)? as u64,
        etag: row.get(2)?,
        modified: Timestamp::from_epoch_ms(row.get(3)?),
        checksums: rows::from_json(upload, &row.get::<_, String>(4)?)?,
    };
    Ok((part, rows::from_json(upload, &row.get::<_, String>(5)?)?))
}

fn discard_parts(tx: &Tx<'_>, upload: &str) -> Result<(), ObjectError> {
    for (_, segments) in parts(tx, upload, 0, usize::MAX)? {
        tx.discard(segments.into_iter().map(|segment| segment.blob));
    }
    Ok(())
}

fn remove(tx: &Tx<'_>, upload: &str) -> Result<(), ObjectError> {
    tx.connection().prepare_cached("DELETE FROM parts WHERE upload = ?")?.execute([upload])?;
    tx.connection().prepare_cached("DELETE FROM uploads WHERE id = ?")?.execute([upload])?;
    Ok(())
}

/// Ends every upload begun in a bucket.
pub(super) fn discard_of_bucket(tx: &Tx<'_>, bucket: &str) -> Result<(), ObjectError> {
    let mut statement =
        tx.connection().prepare_cached("SELECT id FROM uploads WHERE bucket = ?")?;
    let ids = statement
        .query_map([bucket], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    for id in ids {
        discard_parts(tx, &id)?;
        remove(tx, &id)?;
    }
    Ok(())
}

fn uploads(tx: &Tx<'_>, query: &ListUploads) -> Result<UploadListing, ObjectError> {
    buckets::require(tx, &query.bucket)?;
    let mut listing = UploadListing::default();
    if query.max_uploads == 0 {
        return Ok(listing);
    }
    let (key, id) = match &query.after {
        // Without an id, every upload of the key is passed over: hex digits sort before `z`.
        Some((key, id)) => (key.as_str(), id.as_deref().unwrap_or("z")),
        None => ("", ""),
    };
    let mut statement = tx.connection().prepare_cached(
        "SELECT key, id, initiated FROM uploads
         WHERE bucket = ? AND (key, id) > (?, ?) AND substr(key, 1, ?) = ? ORDER BY key, id",
    )?;
    let prefix = query.prefix.as_bytes();
    let arguments = params![query.bucket, key.as_bytes(), id, prefix.len() as i64, prefix];
    let mut last = None;
    for upload in statement.query_map(arguments, upload_of)? {
        let upload = upload?;
        let group = group_of(query, &upload.key);
        if group.is_some_and(|group| key.starts_with(group) || listing.ends_with(group)) {
            continue;
        }
        if listing.len() == query.max_uploads {
            listing.next = last;
            break;
        }
        last = Some(listing.add(group.map(str::to_owned), upload));
    }
    Ok(listing)
}

/// What the key has in common with others of its group, if it is in one.
fn group_of<'k>(query: &ListUploads, key: &'k str) -> Option<&'k str> {
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.get(query.prefix.len()..)?;
    let end = query.prefix.len() + rest.find(delimiter)? + delimiter.len();
    key.get(..end)
}

impl UploadListing {
    fn len(&self) -> usize {
        self.uploads.len() + self.common_prefixes.len()
    }

    fn ends_with(&self, group: &str) -> bool {
        self.common_prefixes.last().is_some_and(|last| last == group)
    }

    /// Adds an entry; where a list that ends with it goes on.
    fn add(&mut self, group: Option<String>, upload: Upload) -> (String, Option<String>) {
        if let Some(group) = group {
            self.common_prefixes.push(group.clone());
            return (group, None);
        }
        let place = (upload.key.clone(), Some(upload.id.clone()));
        self.uploads.push(upload);
        place
    }
}

fn upload_of(row: &Row<'_>) -> rusqlite::Result<Upload> {
    let key: Vec<u8> = row.get(0)?;
    Ok(Upload {
        key: String::from_utf8_lossy(&key).into_owned(),
        id: row.get(1)?,
        initiated: Timestamp::from_epoch_ms(row.get(2)?),
    })
}
