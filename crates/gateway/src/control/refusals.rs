//! What API Gateway says to a request that it refuses.
//!
//! The texts are the service's own, which clients match on; that is why they begin with capitals.

use resources::{Error, ErrorKind};

/// The request makes no sense as it stands.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// A thing that is named does not exist.
pub(crate) fn missing(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::NotFound, message)
}

/// A name is taken, or a thing is in use.
pub(crate) fn conflict(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::AlreadyExists, message)
}

/// A named limit would be passed.
pub(crate) fn limit(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::LimitExceeded, message)
}

pub(crate) fn no_resource() -> Error {
    missing("Invalid Resource identifier specified")
}

pub(crate) fn no_method() -> Error {
    missing("Invalid Method identifier specified")
}

pub(crate) fn no_integration() -> Error {
    missing("Invalid Integration identifier specified")
}

pub(crate) fn no_response() -> Error {
    missing("Invalid Response status code specified")
}

pub(crate) fn no_stage() -> Error {
    missing("Invalid stage identifier specified")
}

pub(crate) fn no_deployment() -> Error {
    missing("Invalid Deployment identifier specified")
}

pub(crate) fn no_validator() -> Error {
    missing("Invalid Request Validator identifier specified")
}
