//! Owns strings: borrowed from the caller, or shared, and parts of either without a copy.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A string that is cheap to clone and to cut.
#[derive(Clone)]
pub struct Text<'d>(Form<'d>);

#[derive(Clone)]
enum Form<'d> {
    Borrowed(&'d str),
    Shared(Arc<str>),
    Part { whole: Arc<str>, start: u32, end: u32 },
}

impl<'d> Text<'d> {
    /// Text that is borrowed.
    pub fn borrowed(text: &'d str) -> Self {
        Self(Form::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Borrowed(text) => text,
            Form::Shared(text) => text,
            Form::Part { whole, start, end } => &whole[*start as usize..*end as usize],
        }
    }

    /// A part of the text, by bytes that must be character boundaries.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let (whole, offset) = match &self.0 {
            Form::Borrowed(text) => return Self(Form::Borrowed(&text[range])),
            Form::Shared(whole) => (whole, 0),
            Form::Part { whole, start, .. } => (whole, *start as usize),
        };
        let (start, end) = (offset + range.start, offset + range.end);
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self(Form::Part { whole: Arc::clone(whole), start, end }),
            _ => whole[start..end].to_owned().into(),
        }
    }
}

impl From<Arc<str>> for Text<'_> {
    fn from(text: Arc<str>) -> Self {
        Self(Form::Shared(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Form::Shared(text.into()))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}
