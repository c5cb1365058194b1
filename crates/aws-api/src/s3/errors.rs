//! The one table from the store's object errors to S3's codes.

use std::time::Duration;

use http::{header::AUTHORIZATION, request::Parts};
use s3s::{S3Error, S3ErrorCode};
use sigv4::{ChunkError, Error as E};
use store::ObjectError;

use super::signed_body::BodyFault;
use crate::refusals;

/// The S3 error for a signature that does not hold; texts are S3's where it has its own.
pub(super) fn of_signature(error: &E, parts: &Parts) -> S3Error {
    let in_header = parts.headers.contains_key(AUTHORIZATION);
    let code = match error {
        E::MissingAuthenticationToken | E::UnsupportedAlgorithm(_) if in_header => {
            let text = "The authorization mechanism you have provided is not supported. Please use \
                        AWS4-HMAC-SHA256.";
            return S3Error::with_message(S3ErrorCode::InvalidRequest, text);
        }
        E::MissingAuthenticationToken => {
            return S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied");
        }
        E::ContentForm(form) if form.is_empty() => {
            let text = "Missing required header for this request: x-amz-content-sha256";
            return S3Error::with_message(S3ErrorCode::InvalidRequest, text);
        }
        E::UnknownKey => {
            let text = "The AWS Access Key Id you provided does not exist in our records.";
            return S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, text);
        }
        E::Expired(_) | E::NotYetCurrent(_) if in_header => {
            let text = "The difference between the request time and the current time is too large.";
            return S3Error::with_message(S3ErrorCode::RequestTimeTooSkewed, text);
        }
        E::NotYetCurrent(_) => {
            let text = "Request is not yet valid";
            return S3Error::with_message(S3ErrorCode::AccessDenied, text);
        }
        E::InvalidToken => {
            let text = "The provided token is malformed or otherwise invalid.";
            return S3Error::with_message(S3ErrorCode::InvalidToken, text);
        }
        E::ExpiredToken => {
            return S3Error::with_message(
                S3ErrorCode::ExpiredToken,
                "The provided token has expired.",
            );
        }
        E::HostNotSigned | E::HeaderNotSigned(_) | E::QueryExpired(_) => S3ErrorCode::AccessDenied,
        E::ContentMismatch => custom("XAmzContentSHA256Mismatch"),
        E::ContentForm(_) | E::TwoSignatures => S3ErrorCode::InvalidArgument,
        E::Mismatch => S3ErrorCode::SignatureDoesNotMatch,
        _ if in_header => S3ErrorCode::AuthorizationHeaderMalformed,
        _ => custom("AuthorizationQueryParametersError"),
    };
    with_status(S3Error::with_message(code, error.to_string()))
}

/// The S3 error for a body that is not the one that was signed.
pub(super) fn of_body(fault: BodyFault) -> S3Error {
    match fault {
        BodyFault::Hash => {
            let text = E::ContentMismatch.to_string();
            with_status(S3Error::with_message(custom("XAmzContentSHA256Mismatch"), text))
        }
        BodyFault::Chunk(error) => {
            let code = match error {
                ChunkError::Signature => S3ErrorCode::SignatureDoesNotMatch,
                ChunkError::Truncated => S3ErrorCode::IncompleteBody,
                _ => S3ErrorCode::InvalidRequest,
            };
            S3Error::with_message(code, error.to_string())
        }
    }
}

/// The S3 error for a key that has no call left for so long.
pub(super) fn too_often(wait: Duration) -> S3Error {
    S3Error::with_message(S3ErrorCode::SlowDown, refusals::key_text(wait))
}

/// A code that s3s does not list.
pub(super) fn custom(code: &'static str) -> S3ErrorCode {
    S3ErrorCode::Custom(code.into())
}

/// A code that s3s does not list has no status of its own there.
fn with_status(mut error: S3Error) -> S3Error {
    if error.status_code().is_none() {
        error.set_status_code(http::StatusCode::BAD_REQUEST);
    }
    error
}

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

/// The S3 error for a fault of the store. The log says what happened.
pub(super) fn from_fault(fault: store::Error) -> S3Error {
    let cause = std::error::Error::source(&fault).map(ToString::to_string);
    tracing::error!(cause, "an S3 call failed: {fault}");
    if fault.is_disk_full() {
        let mut error = S3Error::with_message(custom("InsufficientStorage"), store::DISK_FULL);
        error.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
        return error;
    }
    let advice = fault.advice();
    let text =
        advice.unwrap_or_else(|| "We encountered an internal error. Please try again.".into());
    let mut error = S3Error::with_message(S3ErrorCode::InternalError, text);
    error.set_source(Box::new(fault));
    error
}

/// The S3 error for bytes of an object that can't be read.
pub(super) fn of_bytes(fault: store::Error) -> S3Error {
    let mut error = from_fault(fault);
    error.set_message(
        "The stored bytes of the object can't be read; try again, and if that does not help upload \
         it again, or stop the server and restore its data directory from a backup; `clary check` \
         lists all such damage",
    );
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
