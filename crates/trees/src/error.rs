//! The crate's error: why bytes are not a model that can be answered for.

use std::fmt;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// They are not the document they claim to be, or contradict themselves.
    Malformed,
    /// They are a good model of a kind that this crate does not compute.
    Unsupported,
}

/// Bytes of a message that are kept from its start and from its end: what a file says is quoted, but a
/// file may say anything at any length.
const HEAD_MAX: usize = 160;
const TAIL_MAX: usize = 80;

/// Why bytes could not be read as a model; `Display` says what, and where if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    offset: Option<usize>,
}

impl Error {
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Malformed, message: shortened(message.into()), offset: None }
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Unsupported, message: shortened(message.into()), offset: None }
    }

    /// Names the byte, unless an inner reader already named a more precise one.
    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// Tells the place in other bytes, of which those that were read are a part.
    pub(crate) fn moved(mut self, place: impl FnOnce(usize) -> usize) -> Self {
        self.offset = self.offset.map(place);
        self
    }

    /// Says in which part of the model the error was found.
    pub(crate) fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Whether the bytes are broken or merely of a kind not served.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The distance from the start of the bytes, in bytes, where reading failed.
    /// `None` if the bytes are a model, and what is asked of it is at fault.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }
}

/// Leaves out the middle of what is too long.
fn shortened(message: String) -> String {
    if message.len() <= HEAD_MAX + TAIL_MAX {
        return message;
    }
    let head = message.floor_char_boundary(HEAD_MAX);
    let tail = message.ceil_char_boundary(message.len() - TAIL_MAX);
    format!("{}…{}", &message[..head], &message[tail..])
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, ", at byte {offset}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_is_not_repeated_at_length() {
        let error = Error::malformed(format!("`x` is `{}`, not a number", "é".repeat(1 << 20)));
        let message = error.to_string();
        assert!(message.len() < 260, "{}", message.len());
        assert!(message.starts_with("`x` is `é") && message.ends_with("é`, not a number"));
        assert_eq!(Error::malformed("short").to_string(), "short");
    }
}
