//! Buckets.

use resources::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{ObjectError, Objects, names};
use crate::Tx;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
}

impl Objects<'_> {
    /// Creates a bucket.
    pub async fn create_bucket(self, name: &str) -> Result<(), ObjectError> {
        names::check_bucket(name)?;
        let bucket = Bucket { name: name.to_owned(), created: self.store.clock().now() };
        self.store.write(move |tx| create(tx, bucket)).await
    }

    /// The bucket with this name.
    pub async fn bucket(self, name: &str) -> Result<Bucket, ObjectError> {
        let name = name.to_owned();
        self.store.read(move |tx| require(tx, &name)).await
    }

    /// Every bucket, by name.
    pub async fn buckets(self) -> Result<Vec<Bucket>, ObjectError> {
        self.store.read(all).await
    }

    /// Deletes an empty bucket, and the uploads begun in it.
    pub async fn delete_bucket(self, name: &str) -> Result<(), ObjectError> {
        let name = name.to_owned();
        self.store.write(move |tx| delete(tx, &name)).await
    }
}

fn create(tx: &Tx<'_>, bucket: Bucket) -> Result<(), ObjectError> {
    let sql = "INSERT INTO buckets (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING";
    let made = tx
        .connection()
        .prepare_cached(sql)?
        .execute(params![bucket.name, bucket.created.epoch_ms()])?;
    if made == 0 { Err(ObjectError::BucketAlreadyOwnedByYou(bucket.name)) } else { Ok(()) }
}

/// The bucket, or the error that says there is none.
pub(super) fn require(tx: &Tx<'_>, name: &str) -> Result<Bucket, ObjectError> {
    let mut statement =
        tx.connection().prepare_cached("SELECT name, created FROM buckets WHERE name = ?")?;
    let bucket = statement.query_row([name], from_row).optional()?;
    bucket.ok_or_else(|| ObjectError::NoSuchBucket(name.to_owned()))
}

fn all(tx: &Tx<'_>) -> Result<Vec<Bucket>, ObjectError> {
    let mut statement =
        tx.connection().prepare_cached("SELECT name, created FROM buckets ORDER BY name")?;
    let buckets = statement.query_map([], from_row)?.collect::<rusqlite::Result<_>>()?;
    Ok(buckets)
}

fn delete(tx: &Tx<'_>, name: &str) -> Result<(), ObjectError> {
    require(tx, name)?;
    let full: bool = tx
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?)")?
        .query_row([name], |row| row.get(0))?;
    if full {
        return Err(ObjectError::BucketNotEmpty(name.to_owned()));
    }
    super::multipart::discard_of_bucket(tx, name)?;
    tx.connection().prepare_cached("DELETE FROM buckets WHERE name = ?")?.execute([name])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket { name: row.get(0)?, created: Timestamp::from_epoch_ms(row.get(1)?) })
}
