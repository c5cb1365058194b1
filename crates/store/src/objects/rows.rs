//! Rows of objects, and which blobs they name.

use std::collections::HashSet;

use resources::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Headers, ObjectError, ObjectInfo, Precondition, buckets};
use crate::{
    Error, Tx,
    blobs::{BlobId, Segment},
    schema,
};

/// An object to be stored.
pub(super) struct Row<'a> {
    pub(super) info: &'a ObjectInfo,
    pub(super) headers: &'a Headers,
    pub(super) segments: Vec<Segment>,
}

/// Adds or replaces an object; the bytes it replaces become garbage.
pub(super) fn put(tx: &Tx<'_>, bucket: &str, row: &Row<'_>) -> Result<(), ObjectError> {
    let Row { info, headers, segments } = row;
    delete(tx, bucket, &info.key)?;
    let mut statement = tx.connection().prepare_cached(
        "INSERT INTO objects (bucket, key, size, etag, modified, headers, segments)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        bucket,
        info.key.as_bytes(),
        info.size as i64,
        info.etag,
        info.modified.epoch_ms(),
        to_json(headers),
        to_json(segments),
    ])?;
    Ok(())
}

/// Removes an object if it is there; its bytes become garbage.
pub(super) fn delete(tx: &Tx<'_>, bucket: &str, key: &str) -> Result<(), ObjectError> {
    let mut statement = tx
        .connection()
        .prepare_cached("DELETE FROM objects WHERE bucket = ? AND key = ? RETURNING segments")?;
    let segments: Option<String> =
        statement.query_row(params![bucket, key.as_bytes()], |row| row.get(0)).optional()?;
    if let Some(segments) = segments {
        discard(tx, key, &segments)?;
    }
    Ok(())
}

/// Makes the blobs of a JSON list of segments garbage.
pub(super) fn discard(tx: &Tx<'_>, key: &str, segments: &str) -> Result<(), Error> {
    let segments: Vec<Segment> = from_json(key, segments)?;
    tx.discard(segments.into_iter().map(|segment| segment.blob));
    Ok(())
}

/// The object at a key, or the error that says what is missing.
pub(super) fn require(
    tx: &Tx<'_>,
    bucket: &str,
    key: &str,
) -> Result<(ObjectInfo, Headers, Vec<Segment>), ObjectError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT size, etag, modified, headers, segments FROM objects WHERE bucket = ? AND key = ?",
    )?;
    let found = statement.query_row(params![bucket, key.as_bytes()], |row| {
        let info = ObjectInfo {
            key: key.to_owned(),
            size: row.get::<_, i64>(0)? as u64,
            etag: row.get(1)?,
            modified: Timestamp::from_epoch_ms(row.get(2)?),
        };
        Ok((info, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
    });
    let Some((info, headers, segments)) = found.optional()? else {
        buckets::require(tx, bucket)?;
        return Err(ObjectError::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() });
    };
    Ok((info, from_json(key, &headers)?, from_json(key, &segments)?))
}

/// Checks that an object may be stored at a key.
pub(super) fn check(
    tx: &Tx<'_>,
    bucket: &str,
    key: &str,
    precondition: &Precondition,
) -> Result<(), ObjectError> {
    if *precondition == Precondition::None {
        return Ok(());
    }
    let mut statement =
        tx.connection().prepare_cached("SELECT etag FROM objects WHERE bucket = ? AND key = ?")?;
    let there: Option<String> =
        statement.query_row(params![bucket, key.as_bytes()], |row| row.get(0)).optional()?;
    match (precondition, there) {
        (Precondition::Etag(_), None) => {
            Err(ObjectError::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() })
        }
        (Precondition::Etag(etag), Some(there)) if *etag == there => Ok(()),
        (Precondition::Absent, None) => Ok(()),
        _ => Err(ObjectError::PreconditionFailed(key.to_owned())),
    }
}

/// Every blob that a row names.
pub(crate) fn referenced(tx: &Tx<'_>) -> Result<HashSet<BlobId>, Error> {
    let mut blobs = HashSet::new();
    let sql = "SELECT segments FROM objects UNION ALL SELECT segments FROM parts";
    let mut statement = tx.connection().prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let segments: Vec<Segment> =
            from_json("segments", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        blobs.extend(segments.into_iter().map(|segment| segment.blob));
    }
    Ok(blobs)
}

/// Empties every table; all blobs become garbage.
pub(crate) fn discard_all(tx: &Tx<'_>) -> Result<(), Error> {
    tx.discard(referenced(tx)?);
    for table in schema::TABLES {
        tx.connection().execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a row is plain data: this is a bug")
}

pub(super) fn from_json<T: DeserializeOwned>(key: &str, json: &str) -> Result<T, Error> {
    let unreadable = |source| Error::Unreadable { kind: "object", key: key.to_owned(), source };
    serde_json::from_str(json).map_err(unreadable)
}
