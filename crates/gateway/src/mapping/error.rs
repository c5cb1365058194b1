//! Owns why a template gives nothing, and whose fault that is.

use std::fmt;

/// A template that could not be compiled or rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The template is wrong, failed, or reached a limit: its author's fault, an internal error to
    /// whoever called. It knows line and column; [`vtl::Error::caret`] shows them.
    Template(vtl::Error),
    /// The template reads the body as JSON, and it is none: the fault of who sent it. The text is the
    /// message that the caller is answered.
    Body(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(error) => write!(f, "the template fails: {error}"),
            Self::Body(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl From<vtl::Error> for Error {
    fn from(error: vtl::Error) -> Self {
        Self::Template(error)
    }
}
