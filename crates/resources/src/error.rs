//! The domain's error: what went wrong in terms of resources, free of any protocol.

use std::fmt;

/// What kind of thing went wrong. The edge maps kinds to AWS codes and HTTP status in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A named thing does not exist.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The request makes no sense as it stands.
    Invalid,
    /// The thing is busy with an earlier change.
    InProgress,
    /// The thing is used by another.
    InUse,
    /// A named limit would be passed.
    LimitExceeded,
    /// The caller may not do this.
    Denied,
    /// Too much at once; the same call can work later.
    Throttled,
    /// Nothing can serve this now; the same call can work later.
    Unavailable,
    /// Known, but not served here.
    NotServed,
    /// Ours to mend.
    Internal,
}

/// An error with one text for the client and, where there is one, the cause for the log.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error whose `message` is meant for the client.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// A fault of ours: the client learns that it happened, the log learns why.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            kind: ErrorKind::Internal,
            message: "the server could not complete the request; its log says why".to_owned(),
            source: Some(source.into()),
        }
    }

    /// The same with another text for the client.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
