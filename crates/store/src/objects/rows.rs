//! Rows of objects, and which blobs they name.

use std::collections::HashSet;

use resources::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Headers, ObjectError, ObjectInfo, Precondition, buckets, list::successor};
use crate::{
    Error, Tx,
    blobs::{BlobId, Segment},
    schema,
};

/// An object to be stored.
pub(super) struct NewRow<'a> {
    pub(super) info: &'a ObjectInfo,
    pub(super) headers: &'a Headers,
    pub(super) segments: Vec<Segment>,
}

/// Adds or replaces an object; the bytes it replaces become garbage.
pub(super) fn put(tx: &Tx<'_>, bucket: &str, row: &NewRow<'_>) -> Result<(), ObjectError> {
    let NewRow { info, headers, segments } = row;
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

/// What a row says of an object.
pub(super) type Found = (ObjectInfo, Headers, Vec<Segment>);

/// The object at a key, or the error that says what is missing.
pub(super) fn require(tx: &Tx<'_>, bucket: &str, key: &str) -> Result<Found, ObjectError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT key, size, etag, modified, headers, segments FROM objects
         WHERE bucket = ? AND key = ?",
    )?;
    let found = statement.query_row(params![bucket, key.as_bytes()], texts).optional()?;
    let Some(found) = found else {
        buckets::require(tx, bucket)?;
        return Err(ObjectError::NoSuchKey { bucket: bucket.to_owned(), key: key.to_owned() });
    };
    Ok(parsed(found)?)
}

/// The objects whose keys begin with `prefix`, by key; at most `limit` of them.
pub(super) fn under(
    tx: &Tx<'_>,
    (bucket, prefix): (&str, &[u8]),
    limit: usize,
) -> Result<Vec<Found>, ObjectError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT key, size, etag, modified, headers, segments FROM objects
         WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
    )?;
    let arguments = params![bucket, prefix, successor(prefix), limit as i64];
    let rows = statement.query_map(arguments, texts)?;
    rows.map(|row| Ok(parsed(row?)?)).collect()
}

/// A row, its headers and segments as JSON still.
fn texts(row: &Row<'_>) -> rusqlite::Result<(ObjectInfo, String, String)> {
    let info = ObjectInfo {
        key: String::from_utf8_lossy(&row.get::<_, Vec<u8>>(0)?).into_owned(),
        size: row.get::<_, i64>(1)? as u64,
        etag: row.get(2)?,
        modified: Timestamp::from_epoch_ms(row.get(3)?),
        ..ObjectInfo::default()
    };
    Ok((info, row.get(4)?, row.get(5)?))
}

fn parsed((info, headers, segments): (ObjectInfo, String, String)) -> Result<Found, Error> {
    let headers = from_json(&info.key, &headers)?;
    let segments = from_json(&info.key, &segments)?;
    Ok((info.with_checksums_of(&headers), headers, segments))
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
