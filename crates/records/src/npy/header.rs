//! The header of an array: its type, order and shape.
//!
//! Owns the reading of the Python dictionary that the header is. What is done with the data behind
//! it is `read`'s business.

use super::MAGIC;
use crate::{Error, error::quote};

/// An array may have this many dimensions before it is refused for having the wrong ones.
const DIMENSIONS_MAX: usize = 32;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header<'a> {
    /// The type, such as `<f4`.
    pub(super) descr: &'a [u8],
    /// Whether the first index moves fastest.
    pub(super) fortran_order: bool,
    /// How many dimensions there are, and the sizes of the first two.
    pub(super) dimensions: usize,
    pub(super) sizes: [u64; 2],
}

/// A place in the dictionary.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// Splits a body into the text of its header and its data.
pub(super) fn split(body: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let cut_short = || Error::malformed("the body ends within the header of the array");
    let rest = body.strip_prefix(MAGIC).ok_or_else(|| {
        Error::malformed("the body is no NumPy array: it doesn't start with `\\x93NUMPY`")
    })?;
    let ([major, _minor], rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return Err(Error::malformed(format!("version {major} of NumPy's format is unknown"))),
    };
    rest.split_at_checked(length).ok_or_else(cut_short)
}

impl<'a> Header<'a> {
    /// Reads a dictionary as `NumPy` writes it:
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 54), }`.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Error> {
        let mut scan = Scanner { text, at: 0 };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        scan.expect(b'{')?;
        while !scan.accept(b'}') {
            let key = scan.string()?;
            scan.expect(b':')?;
            match key {
                b"descr" => descr = Some(scan.descr()?),
                b"fortran_order" => fortran_order = Some(scan.boolean()?),
                b"shape" => shape = Some(scan.shape()?),
                _ => return Err(scan.unexpected()),
            }
            if !scan.accept(b',') {
                scan.expect(b'}')?;
                break;
            }
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some((dimensions, sizes))) => {
                Ok(Self { descr, fortran_order, dimensions, sizes })
            }
            _ => Err(Error::malformed(
                "the header of the array lacks `descr`, `fortran_order` or `shape`",
            )),
        }
    }
}

impl<'a> Scanner<'a> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.accept(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A string without escapes, which is all that the header's keys and plain types need.
    fn string(&mut self) -> Result<&'a [u8], Error> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else { return Err(self.unexpected()) };
        let rest = &self.text[self.at + 1..];
        let length = memchr::memchr(quote, rest).ok_or_else(|| self.unexpected())?;
        self.at += length + 2;
        Ok(&rest[..length])
    }

    fn descr(&mut self) -> Result<&'a [u8], Error> {
        if self.peek() == Some(b'[') {
            return Err(Error::malformed(
                "the array has named fields; send a plain array of numbers, one row per record",
            ));
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool, Error> {
        self.peek();
        let rest = &self.text[self.at..];
        for (word, value) in [("True", true), ("False", false)] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected())
    }

    fn shape(&mut self) -> Result<(usize, [u64; 2]), Error> {
        let (mut dimensions, mut sizes) = (0, [0; 2]);
        self.expect(b'(')?;
        while !self.accept(b')') {
            let size = self.integer()?;
            if let Some(slot) = sizes.get_mut(dimensions) {
                *slot = size;
            }
            dimensions += 1;
            if dimensions > DIMENSIONS_MAX {
                return Err(self.unexpected());
            }
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok((dimensions, sizes))
    }

    fn integer(&mut self) -> Result<u64, Error> {
        self.peek();
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        let value = digits.parse().map_err(|_| self.unexpected())?;
        self.at += length;
        // Python 2 marked long integers.
        self.accept(b'L');
        Ok(value)
    }

    #[cold]
    fn unexpected(&self) -> Error {
        let rest = self.text.get(self.at..).unwrap_or_default().trim_ascii_start();
        Error::malformed(format!("the header of the array can't be read at {}", quote(rest)))
    }
}
