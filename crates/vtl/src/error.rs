//! Owns what can go wrong with a template, where, and how that is shown to whoever wrote it.

use std::fmt;

/// What kind of thing went wrong, so that a caller can decide whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The template does not follow the language.
    Syntax,
    /// A limit of [`Limits`](crate::Limits) was reached.
    Limit,
    /// A method was called with arguments it refuses, as Java does with an exception.
    Method,
    /// A directive was used in a way that only shows when it runs.
    Directive,
    /// `#include` or `#parse` names a resource, and there are none.
    Resource,
    /// An [`Object`](crate::Object) of the caller failed.
    Object,
}

/// A failure, with the place in the template that caused it.
///
/// `Display` is one line; [`caret`](Self::caret) shows the line of the template as well.
///
/// ```
/// use vtl::{Options, Template};
///
/// let error = Template::compile("one\n#if( $a ", &Options::velocity_1_7()).unwrap_err();
/// assert_eq!((error.line(), error.column()), (2, 9));
/// assert!(error.caret().to_string().ends_with("\n2 | #if( $a \n  |         ^\n"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    line: u32,
    column: u32,
    text: String,
}

/// An error before it is known which template it belongs to: a byte offset instead of a line. It is
/// one pointer, since every step of the parser returns one or what it read.
#[derive(Clone, Debug)]
pub(crate) struct Fault(Box<FaultAt>);

#[derive(Clone, Debug)]
pub(crate) struct FaultAt {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    offset: u32,
}

impl std::ops::Deref for Fault {
    type Target = FaultAt;

    fn deref(&self) -> &FaultAt {
        &self.0
    }
}

impl Fault {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, offset: u32, message: impl Into<String>) -> Self {
        Self(Box::new(FaultAt { kind, message: message.into(), offset }))
    }

    pub(crate) fn syntax(offset: u32, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax, offset, message)
    }

    /// The error as the author of `source` sees it.
    pub(crate) fn locate(self, source: &str) -> Error {
        let (line, column) = place(source, self.offset);
        let text = source.split('\n').nth(line as usize - 1).unwrap_or_default();
        Error {
            kind: self.kind,
            message: self.0.message,
            line,
            column,
            text: text.trim_end_matches('\r').to_owned(),
        }
    }
}

/// The line and column of an offset, in bytes, both counted from 1.
pub(crate) fn place(source: &str, offset: u32) -> (u32, u32) {
    let before = &source[..source.floor_char_boundary(offset as usize)];
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    (before.matches('\n').count() as u32 + 1, line.chars().count() as u32 + 1)
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, counted from 1, in characters.
    pub fn column(&self) -> u32 {
        self.column
    }

    /// The failure with the line of the template and a caret under the place.
    pub fn caret(&self) -> impl fmt::Display {
        Caret(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for Error {}

/// How many characters of a line are shown on each side of the fault.
const SHOWN: usize = 60;

struct Caret<'e>(&'e Error);

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { message, line, column, text, .. } = self.0;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let first = (*column as usize - 1).saturating_sub(SHOWN);
        let shown: String = text.chars().skip(first).take(2 * SHOWN).collect();
        // A tab stays a tab, so that the caret stands where the terminal puts the character.
        let indent: String = text
            .chars()
            .skip(first)
            .take(*column as usize - 1 - first)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "error: {message}")?;
        writeln!(f, "{gutter}--> line {line}, column {column}")?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {shown}")?;
        writeln!(f, "{gutter} | {indent}^")
    }
}
