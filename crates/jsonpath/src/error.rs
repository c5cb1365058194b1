//! Owns what is wrong with a path, and where.

use std::fmt;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is no path.
    Syntax,
    /// The path is one, but not of the [`Subset`](crate::Subset) asked for.
    Unsupported,
    /// A limit of [`Options`](crate::Options) was reached.
    Limit,
    /// A function found nothing it can compute with.
    Function,
}

/// A path that cannot be read, or not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    offset: usize,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), offset }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where in the path, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the path", self.message, self.offset)
    }
}

impl std::error::Error for Error {}
