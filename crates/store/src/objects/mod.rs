//! Objects with S3's semantics: buckets, objects, multipart uploads. The wire format is
//! `aws-api`'s; here are the rules and the rows, and [`crate::blobs`] has the bytes.
//!
//! Every operation is one transaction. An object is a list of segments, each a blob; a plain
//! upload has one, a multipart upload has one per part, so completing one copies nothing.

mod buckets;
mod error;
mod list;
mod multipart;
mod names;
mod reader;
mod rows;
mod writer;

use std::collections::BTreeMap;

use resources::Timestamp;
use serde::{Deserialize, Serialize};

pub use buckets::Bucket;
pub use error::ObjectError;
pub use list::{ListObjects, Listing};
pub use multipart::{
    Completion, ListUploads, PART_BYTES_MIN, PARTS_MAX, Part, PartToComplete, Upload, UploadId,
    UploadListing,
};
pub use reader::ObjectReader;
pub use writer::{ObjectWriter, Stored};

pub(crate) use rows::{discard_all, referenced};

use crate::{
    Store,
    blobs::{Pin, Segment},
};

/// Buckets, objects and uploads of a store.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a> {
    store: &'a Store,
}

/// A place for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The bucket.
    pub bucket: String,
    /// The key, 1 to 1024 bytes.
    pub key: String,
}

impl Target {
    /// The place `key` in `bucket`.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }
}

/// What is kept with an object to be given back with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// Standard headers such as `content-type`, by lower-case name.
    pub standard: BTreeMap<String, String>,
    /// `x-amz-meta-*`, by the lower-case name without the prefix.
    pub user: BTreeMap<String, String>,
    /// Base64 checksums of the whole object, by AWS's name of the algorithm, `CRC32` for example.
    pub checksums: BTreeMap<String, String>,
    /// AWS's name of what the checksums are over: `FULL_OBJECT`, as is meant where there is none,
    /// or `COMPOSITE`, over those of the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_type: Option<String>,
    /// Of an upload: AWS's name of the algorithm that its parts are to have checksums of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_algorithm: Option<String>,
    /// Base64 checksums of the parts that the object was made of, in the algorithm of its own;
    /// none where a part had none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part_checksums: Vec<String>,
}

/// An object as lists show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The entity tag without quotes: the MD5 of the bytes, or `md5(md5s of the parts)-N`.
    pub etag: String,
    /// When it was stored.
    pub modified: Timestamp,
    /// AWS's names of the algorithms that it has checksums of.
    pub checksum_algorithms: Vec<String>,
    /// See [`Headers::checksum_type`].
    pub checksum_type: Option<String>,
}

impl ObjectInfo {
    /// The same with what its headers say of its checksums.
    pub(super) fn with_checksums_of(self, headers: &Headers) -> Self {
        Self {
            checksum_algorithms: headers.checksums.keys().cloned().collect(),
            checksum_type: headers.checksum_type.clone(),
            ..self
        }
    }
}

/// An object that is held: however it is replaced or removed, these bytes stay readable.
#[derive(Debug)]
pub struct Object {
    info: ObjectInfo,
    headers: Headers,
    segments: Vec<Segment>,
    pin: Pin,
}

impl Object {
    /// Key, size, entity tag and time.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// What was given with it.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The sizes of the parts that it was uploaded in; none if it came in one piece.
    pub fn part_sizes(&self) -> Option<Vec<u64>> {
        let (_, count) = self.info.etag.split_once('-')?;
        let mut sizes: Vec<u64> = self.segments.iter().map(|segment| segment.size).collect();
        // An empty part, which can only be the last, has no segment.
        sizes.resize(count.parse().ok()?, 0);
        Some(sizes)
    }

    /// An identity that two objects share only if their bytes are the same blobs.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// Whether an object may be stored over what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Always.
    #[default]
    None,
    /// Only where there is no object (`If-None-Match: *`).
    Absent,
    /// Only over an object with this entity tag (`If-Match`).
    Etag(String),
}

impl<'a> Objects<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Starts to store bytes; [`Objects::put`] or [`Objects::put_part`] gives them a name.
    pub fn writer(self) -> ObjectWriter {
        ObjectWriter::new(self.store.blobs().clone())
    }

    /// Gives stored bytes a name, replacing what had it.
    pub async fn put(
        self,
        target: Target,
        headers: Headers,
        stored: Stored,
        precondition: Precondition,
    ) -> Result<ObjectInfo, ObjectError> {
        names::check_key(&target.key)?;
        let modified = self.store.clock().now();
        let info = ObjectInfo {
            key: target.key,
            size: stored.size(),
            etag: stored.etag(),
            modified,
            ..ObjectInfo::default()
        };
        let info = info.with_checksums_of(&headers);
        let bucket = target.bucket;
        let write = move |tx: &crate::Tx<'_>| {
            buckets::require(tx, &bucket)?;
            rows::check(tx, &bucket, &info.key, &precondition)?;
            let segments = stored.adopt(tx);
            rows::put(tx, &bucket, &rows::NewRow { info: &info, headers: &headers, segments })?;
            Ok(info)
        };
        self.store.write(write).await
    }

    /// Takes hold of an object.
    pub async fn get(self, target: &Target) -> Result<Object, ObjectError> {
        let Target { bucket, key } = target.clone();
        let blobs = self.store.blobs().clone();
        let read = move |tx: &crate::Tx<'_>| {
            let _gate = blobs.gate();
            let (info, headers, segments) = rows::require(tx, &bucket, &key)?;
            let pin = blobs.pin(&segments);
            Ok(Object { info, headers, segments, pin })
        };
        self.store.read(read).await
    }

    /// Takes hold of the objects whose keys begin with the target's, by key and as they are at one
    /// moment; at most `limit` of them.
    pub(crate) async fn under(
        self,
        prefix: &Target,
        limit: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        let Target { bucket, key } = prefix.clone();
        let blobs = self.store.blobs().clone();
        let read = move |tx: &crate::Tx<'_>| {
            buckets::require(tx, &bucket)?;
            let _gate = blobs.gate();
            let found = rows::under(tx, (&bucket, key.as_bytes()), limit)?;
            let hold = |(info, headers, segments): (_, _, Vec<Segment>)| {
                let pin = blobs.pin(&segments);
                Object { info, headers, segments, pin }
            };
            Ok(found.into_iter().map(hold).collect())
        };
        self.store.read(read).await
    }

    /// Takes hold of the objects of these keys, in their order and as they are at one moment.
    pub(crate) async fn these(
        self,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Object>, ObjectError> {
        let bucket = bucket.to_owned();
        let blobs = self.store.blobs().clone();
        let read = move |tx: &crate::Tx<'_>| {
            let _gate = blobs.gate();
            let hold = |key: &String| {
                let (info, headers, segments) = rows::require(tx, &bucket, key)?;
                let pin = blobs.pin(&segments);
                Ok(Object { info, headers, segments, pin })
            };
            keys.iter().map(hold).collect()
        };
        self.store.read(read).await
    }

    /// Removes objects; keys that have none are no error. All of them go, or none.
    pub async fn delete(self, bucket: &str, keys: Vec<String>) -> Result<(), ObjectError> {
        let bucket = bucket.to_owned();
        let write = move |tx: &crate::Tx<'_>| {
            buckets::require(tx, &bucket)?;
            for key in &keys {
                rows::delete(tx, &bucket, key)?;
            }
            Ok(())
        };
        self.store.write(write).await
    }
}
