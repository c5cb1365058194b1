//! The one table from the store's object errors to S3's codes.

use s3s::{S3Error, S3ErrorCode};
use store::ObjectError;

/// The S3 error for a store error; faults of ours go to the log with their cause.
pub(super) fn from_store(error: ObjectError) -> S3Error {
    let code = match &error {
        ObjectError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
        ObjectError::NoSuchKey { .. } => S3ErrorCode::NoSuchKey,
        ObjectError::NoSuchUpload(_) => S3ErrorCode::NoSuchUpload,
        ObjectError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
        ObjectError::BucketAlreadyOwnedByYou(_) => S3ErrorCode::BucketAlreadyOwnedByYou,
        ObjectError::InvalidBucketName { .. } => S3ErrorCode::InvalidBucketName,
        ObjectError::KeyLength(0) | ObjectError::PartNumber(_) => S3ErrorCode::InvalidArgument,
        ObjectError::KeyLength(_) => S3ErrorCode::KeyTooLongError,
        ObjectError::InvalidPart(_) => S3ErrorCode::InvalidPart,
        ObjectError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
        ObjectError::NoParts => S3ErrorCode::MalformedXML,
        ObjectError::EntityTooSmall { .. } => S3ErrorCode::EntityTooSmall,
        ObjectError::PreconditionFailed(_) => S3ErrorCode::PreconditionFailed,
        ObjectError::Store(_) => S3ErrorCode::InternalError,
    };
    match error {
        ObjectError::Store(fault) => from_fault(fault),
        error => S3Error::with_message(code, error.to_string()),
    }
}

/// The S3 error for a fault of the store.
pub(super) fn from_fault(fault: store::Error) -> S3Error {
    let text = "We encountered an internal error. Please try again.";
    let mut error = S3Error::with_message(S3ErrorCode::InternalError, text);
    error.set_source(Box::new(fault));
    error
}

/// An argument that makes no sense.
pub(super) fn invalid_argument(text: String) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, text)
}

/// A member that is known and not served, so that nobody relies on it by mistake.
pub(super) fn not_served(member: &str) -> S3Error {
    let text = format!("{member} is not served; leave it out");
    S3Error::with_message(S3ErrorCode::NotImplemented, text)
}

/// Refuses members that ask for what is not served.
pub(super) fn refuse(members: &[(bool, &str)]) -> Result<(), S3Error> {
    match members.iter().find(|(given, _)| *given) {
        Some((_, member)) => Err(not_served(member)),
        None => Ok(()),
    }
}
