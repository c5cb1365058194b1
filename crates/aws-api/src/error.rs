//! From the domain's errors to AWS's codes: one table a service. The status that goes with a code
//! is the wire's to know.

use aws_wire::{Fault, NoRoute};
use resources::{Error, ErrorKind};

/// `SageMaker` says `ValidationException` where others have errors of their own; boto3's waiters
/// depend on it.
pub(crate) fn sagemaker(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Invalid
        | ErrorKind::InProgress => "ValidationException",
        ErrorKind::InUse => "ResourceInUse",
        ErrorKind::LimitExceeded => "ResourceLimitExceeded",
        other => common(other),
    }
}

/// API Gateway.
pub(crate) fn apigateway(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "NotFoundException",
        ErrorKind::AlreadyExists | ErrorKind::InUse | ErrorKind::InProgress => "ConflictException",
        ErrorKind::Invalid => "BadRequestException",
        ErrorKind::LimitExceeded => "LimitExceededException",
        ErrorKind::Throttled => "TooManyRequestsException",
        ErrorKind::Unavailable => "ServiceUnavailableException",
        other => common(other),
    }
}

/// CloudWatch Logs.
pub(crate) fn logs(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "ResourceNotFoundException",
        ErrorKind::AlreadyExists => "ResourceAlreadyExistsException",
        ErrorKind::LimitExceeded => "LimitExceededException",
        other => common(other),
    }
}

/// IAM.
pub(crate) fn iam(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "NoSuchEntity",
        other => sts(other),
    }
}

/// STS, and what every service in the query protocol says alike.
pub(crate) fn sts(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "AccessDenied",
        ErrorKind::Throttled => "Throttling",
        ErrorKind::Invalid => "ValidationError",
        other => common(other),
    }
}

/// What every service of AWS says alike.
fn common(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "AccessDeniedException",
        ErrorKind::Throttled => "ThrottlingException",
        ErrorKind::Unavailable => "ServiceUnavailable",
        ErrorKind::NotServed => "NotImplemented",
        ErrorKind::Internal => "InternalFailure",
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Invalid
        | ErrorKind::InProgress
        | ErrorKind::InUse
        | ErrorKind::LimitExceeded => "InvalidParameterException",
    }
}

/// The error as clients of a service see it; `code_of` is that service's table.
pub(crate) fn fault(error: &Error, code_of: fn(ErrorKind) -> &'static str) -> Fault {
    Fault::new(code_of(error.kind()), error.message())
}

/// Something AWS has and clary does not serve.
pub(crate) fn not_served(what: &str) -> Error {
    Error::new(
        ErrorKind::NotServed,
        format!("{what} is not served by clary; COMPATIBILITY.md lists what is"),
    )
}

/// Why a call goes nowhere. What AWS has and clary does not serve says so.
pub(crate) fn no_route(none: &NoRoute) -> Fault {
    match none {
        NoRoute::NotServed { service, operation } => {
            fault(&not_served(&format!("Operation `{operation}` of `{service}`")), common)
        }
        NoRoute::UnknownService(_) | NoRoute::UnknownOperation { .. } => Fault::from(none),
    }
}
