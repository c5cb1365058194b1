//! Why a body can't be read, and where in it.
//!
//! Owns the wording of places and names. What a reader expected is said by the reader; which HTTP
//! status a kind becomes is `engines`' business.

use std::fmt;

use crate::Columns;

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It isn't what its format calls well-formed, or holds something that is not a number.
    Malformed,
    /// It can be read, but its columns are not the model's: too few, too many, missing, twice.
    Columns,
}

/// Why a body can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub(crate) kind: ErrorKind,
    pub(crate) row: Option<usize>,
    pub(crate) column: Option<usize>,
    pub(crate) offset: Option<usize>,
    pub(crate) message: String,
}

impl Error {
    #[cold]
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, message.into())
    }

    #[cold]
    pub(crate) fn columns(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Columns, message.into())
    }

    fn new(kind: ErrorKind, message: String) -> Self {
        Self { kind, row: None, column: None, offset: None, message }
    }

    pub(crate) fn in_row(mut self, row: usize) -> Self {
        self.row.get_or_insert(row);
        self
    }

    pub(crate) fn in_column(mut self, column: usize) -> Self {
        self.column.get_or_insert(column);
        self
    }

    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The row of the body, counted from 1; a CSV header counts, blank lines do not.
    pub fn row(&self) -> Option<usize> {
        self.row
    }

    /// The column of the body (not of the model), counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.column
    }

    /// The byte of the body, counted from 0.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.row, self.column) {
            (Some(row), Some(column)) => write!(f, "row {row}, column {column}: ")?,
            (Some(row), None) => write!(f, "row {row}: ")?,
            _ => {}
        }
        f.write_str(&self.message)?;
        self.offset.map_or(Ok(()), |offset| write!(f, " (at byte {offset})"))
    }
}

impl std::error::Error for Error {}

/// How much of a foreign text an error message repeats.
const QUOTED_CHARS_MAX: usize = 40;
/// How many names an error message lists.
const NAMES_MAX: usize = 3;

/// Foreign text in backticks, cut short, control characters escaped.
pub(crate) fn quote(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut quoted: String =
        text.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// The first few of the model's columns at `indices`: "`a`, `b`, `c` and 4 more".
pub(crate) fn list(columns: &Columns, indices: impl IntoIterator<Item = usize>) -> String {
    let names: Vec<&str> = indices.into_iter().filter_map(|index| columns.name(index)).collect();
    let mut listed: Vec<String> =
        names.iter().take(NAMES_MAX).map(|name| quote(name.as_bytes())).collect();
    if names.len() > NAMES_MAX {
        let last = listed.pop().unwrap_or_default();
        listed.push(format!("{last} and {} more", names.len() - NAMES_MAX));
    }
    listed.join(", ")
}

/// A row lacks columns of the model.
#[cold]
pub(crate) fn missing(columns: &Columns, indices: impl IntoIterator<Item = usize>) -> Error {
    Error::columns(format!("the model needs {}, not found here", list(columns, indices)))
}

/// A row has another number of values than the model has columns.
#[cold]
pub(crate) fn wrong_count(found: usize, expected: usize) -> Error {
    let hint = if found == expected + 1 { "; leave the label out" } else { "" };
    Error::columns(format!("found {found} values, but the model expects {expected}{hint}"))
}

/// A body names its columns, but the model never learned names.
#[cold]
pub(crate) fn model_has_no_names(instead: &str) -> Error {
    Error::columns(format!(
        "the columns are named, but the model was saved without column names; {instead}"
    ))
}

/// Nothing can be read for a model that takes nothing.
#[cold]
pub(crate) fn no_columns() -> Error {
    Error::columns("the model has no columns, so it can't take any values")
}
