//! Bytes to fields: delimiters, quotes, blanks and line ends.
//!
//! Owns the lexical side of CSV. What the fields mean is `read`'s business.

use std::borrow::Cow;

use memchr::memchr3;

use crate::{
    Error, Real,
    number::{self, DIGITS},
};

/// What stands behind a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Another field of the same row.
    Field,
    /// A line end, or the end of the body.
    Row,
}

/// One field: its text without quotes and blanks around it.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) text: Cow<'a, [u8]>,
    pub(super) end: End,
}

/// A place in a body and the delimiter used there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) body: &'a [u8],
    pub(super) at: usize,
    delimiter: u8,
}

impl<'a> Fields<'a> {
    /// Starts behind a byte order mark; chooses the delimiter by the first line that isn't blank.
    pub(super) fn new(body: &'a [u8]) -> Self {
        let at = if body.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let mut fields = Self { body, at, delimiter: b',' };
        fields.skip_blank_lines();
        fields.delimiter = delimiter_of(first_line(&body[fields.at..]));
        fields
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.body.len()
    }

    /// Moves to the next line that holds anything but spaces.
    #[inline]
    pub(super) fn skip_blank_lines(&mut self) {
        while let Some(b' ' | b'\r' | b'\n') = self.body.get(self.at) {
            let spaces = self.body[self.at..].iter().take_while(|byte| **byte == b' ').count();
            match self.body.get(self.at + spaces) {
                Some(b'\r' | b'\n') => self.at += spaces + 1,
                None => self.at = self.body.len(),
                Some(_) => return,
            }
        }
    }

    /// Whether a field that needs no second look ends at `at`; if so, moves behind it.
    #[inline]
    pub(super) fn end_at(&mut self, at: usize) -> Option<End> {
        match self.body.get(at) {
            Some(byte) if *byte == self.delimiter && *byte != b' ' => {
                self.at = at + 1;
                Some(End::Field)
            }
            Some(b'\n') => {
                self.at = at + 1;
                Some(End::Row)
            }
            None => {
                self.at = at;
                Some(End::Row)
            }
            _ => None,
        }
    }

    /// If eight fields of one digit each come next, and a ninth behind them, their values; moves
    /// behind them. Encoded categories are long runs of ones and zeros.
    #[inline]
    pub(super) fn digits<V: Real>(&mut self) -> Option<[V; DIGITS]> {
        let bytes = self.body.get(self.at..)?.first_chunk()?;
        let values = number::delimited_digits(bytes, self.delimiter)?;
        self.at += bytes.len();
        Some(values)
    }

    /// The next field, in any form.
    pub(super) fn next(&mut self) -> Result<Field<'a>, Error> {
        self.skip_blanks();
        let text = match self.body.get(self.at) {
            Some(b'"') => self.quoted()?,
            _ => Cow::Borrowed(self.bare()),
        };
        let end = self.end()?;
        Ok(Field { text, end })
    }

    fn bare(&mut self) -> &'a [u8] {
        let rest = &self.body[self.at..];
        let length = memchr3(self.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
        self.at += length;
        let blanks = |byte: &u8| *byte == b' ' || *byte == b'\t';
        let trailing = rest[..length].iter().rev().take_while(|byte| blanks(byte)).count();
        &rest[..length - trailing]
    }

    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        let opening = self.at;
        let mut text: Cow<'a, [u8]> = Cow::Borrowed(&[]);
        loop {
            let rest = &self.body[self.at + 1..];
            let Some(length) = memchr::memchr(b'"', rest) else {
                return Err(Error::malformed("a quoted field has no closing quote").at(opening));
            };
            append(&mut text, &rest[..length]);
            self.at += length + 2;
            if self.body.get(self.at) != Some(&b'"') {
                return Ok(text);
            }
            append(&mut text, b"\"");
        }
    }

    fn end(&mut self) -> Result<End, Error> {
        self.skip_blanks();
        match self.body.get(self.at) {
            None => Ok(End::Row),
            Some(b'\r') if self.body.get(self.at + 1) == Some(&b'\n') => Ok(self.step(2, End::Row)),
            Some(b'\n' | b'\r') => Ok(self.step(1, End::Row)),
            Some(byte) if *byte == self.delimiter => Ok(self.step(1, End::Field)),
            // Blanks were skipped, so the next field of a row that spaces delimit starts here.
            Some(_) if self.delimiter == b' ' => Ok(End::Field),
            Some(_) => {
                let message =
                    "found text behind the closing quote of a field, expected a delimiter";
                Err(Error::malformed(message).at(self.at))
            }
        }
    }

    fn step(&mut self, length: usize, end: End) -> End {
        self.at += length;
        end
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.body.get(self.at) {
            if self.body[self.at] == self.delimiter && self.delimiter != b' ' {
                return;
            }
            self.at += 1;
        }
    }
}

/// Joins pieces of a quoted field; only a field with `""` in it is copied.
fn append<'a>(text: &mut Cow<'a, [u8]>, piece: &'a [u8]) {
    if text.is_empty() {
        *text = Cow::Borrowed(piece);
    } else {
        text.to_mut().extend_from_slice(piece);
    }
}

fn first_line(body: &[u8]) -> &[u8] {
    let length = memchr::memchr2(b'\n', b'\r', body).unwrap_or(body.len());
    &body[..length]
}

/// The first delimiter, by rank, that occurs in `line`. Names may hold any of them within quotes,
/// so quoted parts don't count.
fn delimiter_of(line: &[u8]) -> u8 {
    let outside = |wanted: u8| {
        let mut quoted = false;
        line.iter().any(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == wanted
        })
    };
    if memchr::memchr(b'"', line).is_none() && memchr::memchr(b',', line).is_some() {
        return b',';
    }
    let trimmed_has_space = line.trim_ascii().contains(&b' ');
    [b',', b'\t', b';', b'|', b' ']
        .into_iter()
        .find(|wanted| (*wanted != b' ' || trimmed_has_space) && outside(*wanted))
        .unwrap_or(b',')
}
