//! The kinds of refusal that a caller can meet, and what each says unless the author changed it.

use std::borrow::Cow;

/// The body of every refusal that nobody changed.
pub(crate) const DEFAULT_TEMPLATE: &str = "{\"message\":$context.error.messageString}";

/// One kind of refusal.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As API Gateway calls it.
    pub(crate) name: &'static str,
    /// The status; none for the two that stand for the others.
    pub(crate) status: Option<u16>,
    /// The value of `x-amzn-ErrorType`.
    pub(crate) error_type: &'static str,
    /// What is said; none where the body has `null`.
    pub(crate) message: Option<&'static str>,
}

macro_rules! kinds {
    ($($name:ident $status:expr, $error:literal, $message:expr;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            pub(crate) static $name: Kind = Kind {
                name: stringify!($name), status: $status, error_type: $error, message: $message,
            };
        )*
        static KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    ACCESS_DENIED Some(403), "AccessDeniedException", Some("Access Denied");
    API_CONFIGURATION_ERROR Some(500), "InternalServerErrorException", Some("Internal server error");
    AUTHORIZER_CONFIGURATION_ERROR Some(500), "AuthorizerConfigurationException", None;
    AUTHORIZER_FAILURE Some(500), "AuthorizerFailureException", None;
    BAD_REQUEST_BODY Some(400), "BadRequestException", Some("Invalid request body");
    BAD_REQUEST_PARAMETERS Some(400), "BadRequestException", Some("Missing required request parameters");
    DEFAULT_4XX None, "", None;
    DEFAULT_5XX None, "", None;
    EXPIRED_TOKEN Some(403), "ExpiredTokenException", Some("The security token included in the request is expired");
    INTEGRATION_FAILURE Some(504), "InternalServerErrorException", Some("Internal server error");
    INTEGRATION_TIMEOUT Some(504), "InternalServerErrorException", Some("Endpoint request timed out");
    INVALID_API_KEY Some(403), "ForbiddenException", Some("Forbidden");
    INVALID_SIGNATURE Some(403), "InvalidSignatureException", None;
    MISSING_AUTHENTICATION_TOKEN Some(403), "MissingAuthenticationTokenException", Some("Missing Authentication Token");
    QUOTA_EXCEEDED Some(429), "LimitExceededException", Some("Limit Exceeded");
    REQUEST_TOO_LARGE Some(413), "RequestTooLargeException", Some("Request Too Long");
    RESOURCE_NOT_FOUND Some(404), "NotFoundException", Some("Not Found");
    THROTTLED Some(429), "TooManyRequestsException", Some("Too Many Requests");
    UNAUTHORIZED Some(401), "UnauthorizedException", Some("Unauthorized");
    UNSUPPORTED_MEDIA_TYPE Some(415), "BadRequestException", Some("Unsupported Media Type");
    WAF_FILTERED Some(403), "ForbiddenException", Some("Forbidden");
}

/// A caller that is too slow with its body. API Gateway's front answers so, and no author changes
/// it by this name.
pub(crate) static REQUEST_TIMEOUT: Kind = Kind {
    name: "REQUEST_TIMEOUT",
    status: Some(408),
    error_type: "RequestTimeoutException",
    message: Some("Request Timeout"),
};

/// The server has no room for one more body.
pub(crate) static SERVICE_UNAVAILABLE: Kind = Kind {
    name: "SERVICE_UNAVAILABLE",
    status: Some(503),
    error_type: "ServiceUnavailableException",
    message: Some("Service Unavailable"),
};

impl Kind {
    /// Every kind, by name.
    pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
        KINDS.iter().copied()
    }

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Kind> {
        Self::all().find(|kind| kind.name == name)
    }
}

/// A call that is refused, and why.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: &'static Kind,
    /// What is said instead of the kind's own text.
    pub(crate) message: Option<Cow<'static, str>>,
    /// What `x-amzn-ErrorType` is instead of the kind's own.
    pub(crate) error_type: Option<&'static str>,
    /// What the body breaks, for the author alone.
    pub(crate) validation_error: Option<String>,
    /// Why, for the execution log.
    pub(crate) cause: Option<String>,
}

impl From<&'static Kind> for Refusal {
    fn from(kind: &'static Kind) -> Self {
        Self { kind, message: None, error_type: None, validation_error: None, cause: None }
    }
}

impl Refusal {
    /// The author made a mistake: callers learn only that, the execution log says which.
    pub(crate) fn configuration(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::from(&API_CONFIGURATION_ERROR) }
    }

    /// The same kind with another text.
    pub(crate) fn saying(kind: &'static Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: Some(message.into()), ..Self::from(kind) }
    }

    /// The text for the caller.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref().or(self.kind.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_found_by_name() {
        let names: Vec<_> = Kind::all().map(|kind| kind.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(names.len(), 21);
        assert_eq!(Kind::named("THROTTLED").and_then(|kind| kind.status), Some(429));
    }
}
