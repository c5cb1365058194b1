//! What a caller can get wrong about objects, in S3's terms.

use resources::ErrorKind;

use crate::Error;

/// Why an object operation failed. The variants are S3's error codes; the edge gives each its
/// status.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The bucket does not exist.
    #[error("there is no bucket `{0}`")]
    NoSuchBucket(String),
    /// The key has no object.
    #[error("there is no object `{key}` in bucket `{bucket}`")]
    NoSuchKey {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The upload does not exist, or was completed or aborted.
    #[error("there is no upload `{0}` for this key; it may have been completed or aborted")]
    NoSuchUpload(String),
    /// Only empty buckets can be deleted.
    #[error("bucket `{0}` is not empty; delete its objects first")]
    BucketNotEmpty(String),
    /// The bucket exists already.
    #[error("bucket `{0}` exists and is yours")]
    BucketAlreadyOwnedByYou(String),
    /// The name breaks a rule.
    #[error("`{name}` is not a bucket name: {rule}")]
    InvalidBucketName {
        /// The name.
        name: String,
        /// The rule.
        rule: &'static str,
    },
    /// Keys have 1 to 1024 bytes.
    #[error("the key has {0} bytes; a key has 1 to 1024")]
    KeyLength(usize),
    /// Part numbers go from 1 to 10000.
    #[error("part number {0} is not between 1 and 10000")]
    PartNumber(i64),
    /// A listed part was not uploaded, or differs from what was.
    #[error("part {0} was not uploaded or its entity tag differs; upload it again")]
    InvalidPart(u16),
    /// The list of parts is not ascending.
    #[error("the parts are not listed in ascending order")]
    InvalidPartOrder,
    /// No part was listed.
    #[error("the list of parts is empty")]
    NoParts,
    /// A part other than the last is too small.
    #[error("part {number} has {size} bytes; every part but the last has at least 5242880")]
    EntityTooSmall {
        /// The part.
        number: u16,
        /// Its bytes.
        size: u64,
    },
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("the condition on the object at `{0}` does not hold")]
    PreconditionFailed(String),
    /// A fault of the store.
    #[error("the store failed")]
    Store(#[from] Error),
}

impl From<rusqlite::Error> for ObjectError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<ObjectError> for resources::Error {
    fn from(error: ObjectError) -> Self {
        let kind = match &error {
            ObjectError::Store(_) => ErrorKind::Internal,
            ObjectError::NoSuchBucket(_)
            | ObjectError::NoSuchKey { .. }
            | ObjectError::NoSuchUpload(_) => ErrorKind::NotFound,
            ObjectError::BucketNotEmpty(_) => ErrorKind::InUse,
            ObjectError::BucketAlreadyOwnedByYou(_) => ErrorKind::AlreadyExists,
            _ => ErrorKind::Invalid,
        };
        match error {
            ObjectError::Store(error) => error.into(),
            error => Self::new(kind, error.to_string()),
        }
    }
}
