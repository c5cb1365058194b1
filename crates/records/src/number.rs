//! Text to numbers and back: the fast path for short integers and the rules for everything else.
//!
//! Owns what counts as a number, a missing value or a boolean, and how values are printed. Where a
//! number's text begins and ends is the readers' and writers' business.

use std::{array, io::Write as _};

use crate::{
    Real,
    cell::{Cell, Item},
};

/// Why a text is not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotANumber {
    /// It isn't a number at all.
    Text,
    /// It is infinite, or becomes so when it is rounded. XGBoost refuses infinite values too.
    Infinite,
}

/// Reads an optional minus sign and 1 to 7 digits, all of which either type holds exactly. Returns the
/// value and its length; the caller checks that the number ends there.
#[inline]
pub(crate) fn short_integer<V: Real>(bytes: &[u8]) -> Option<(V, usize)> {
    let sign_length = usize::from(*bytes.first()? == b'-');
    let digits = bytes.get(sign_length..)?;
    let first = digits.first()?.wrapping_sub(b'0');
    if first > 9 {
        return None;
    }
    let (value, length) = match digits.get(1) {
        Some(b'0'..=b'9') => several_digits(digits)?,
        _ => (u32::from(first), 1),
    };
    Some((V::from_short(value, sign_length == 1), sign_length + length))
}

/// Two to seven digits at once, as bytes of one word.
#[inline]
fn several_digits(digits: &[u8]) -> Option<(u32, usize)> {
    let word = first_word(digits) ^ 0x3030_3030_3030_3030;
    // The top bit of each byte tells a non-digit; a carry can only spoil bytes behind the first.
    let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    let length = others.trailing_zeros() / 8;
    if length == 8 {
        return None;
    }
    // Digits move to the high end, so that zeros stand before them as in "0001234".
    let word = word << (64 - 8 * length);
    // Neighbours are added up pairwise: 8 digits, 4 pairs, 2 quads, 1 number.
    let pairs = word.wrapping_mul(10 * 256 + 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let quads = pairs.wrapping_mul(100 * 65536 + 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    let value = quads.wrapping_mul(10000 * (1 << 32) + 1) >> 32;
    Some((value as u32, length as usize))
}

/// The first eight bytes, little-endian, padded with zero bytes (which are not digits).
#[inline]
fn first_word(bytes: &[u8]) -> u64 {
    if let Some(word) = bytes.first_chunk() {
        return u64::from_le_bytes(*word);
    }
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// How many digits [`delimited_digits`] reads.
pub(crate) const DIGITS: usize = 8;

/// Reads digits with a delimiter behind each, all at once; none if anything else is among them.
#[inline]
pub(crate) fn delimited_digits<V: Real>(
    bytes: &[u8; 2 * DIGITS],
    delimiter: u8,
) -> Option<[V; DIGITS]> {
    const PAIRS: u128 = 0x0001_0001_0001_0001_0001_0001_0001_0001;
    // Most other fields are longer. A blank behind a delimiter that is one is no field of its own.
    if bytes[1] != delimiter || delimiter == b' ' {
        return None;
    }
    let expected = PAIRS * (u128::from(delimiter) << 8 | 0x30);
    let word = u128::from_le_bytes(*bytes) ^ expected;
    // What is no delimiter leaves bits in a high byte, what is no digit in the top of a low one; a
    // carry out of a low byte comes from one that is no digit.
    if (word.wrapping_add(PAIRS * 0x76) | word) & (PAIRS * 0xFF80) != 0 {
        return None;
    }
    let digits = word.to_le_bytes();
    Some(array::from_fn(|index| V::from_short(u32::from(digits[2 * index]), false)))
}

/// A whole text as a value: a decimal number, a missing value (nothing, or one of the words that
/// pandas and numpy print for it) or a boolean, in any case of letters.
pub(crate) fn from_text<V: Real>(text: &[u8]) -> Result<V, NotANumber> {
    if let Ok(value) = decimal(text) {
        return Ok(value);
    }
    match text {
        b"" => Ok(V::MISSING),
        _ if is_any(text, &[b"nan", b"na", b"n/a", b"<na>", b"null", b"none"]) => Ok(V::MISSING),
        _ if is_any(text, &[b"true"]) => Ok(V::from_short(1, false)),
        _ if is_any(text, &[b"false"]) => Ok(V::from_short(0, false)),
        _ => decimal(text),
    }
}

/// A whole text as a decimal number, with or without fraction and exponent.
pub(crate) fn decimal<V: Real>(text: &[u8]) -> Result<V, NotANumber> {
    let value = V::parse(text).ok_or(NotANumber::Text)?;
    if value.finite() || value.missing() { Ok(value) } else { Err(NotANumber::Infinite) }
}

impl NotANumber {
    /// What was expected instead.
    pub(crate) fn expected<V: Real>(self) -> String {
        match self {
            Self::Text => "a number".to_owned(),
            Self::Infinite => format!("a finite {}-bit number", V::BITS),
        }
    }
}

fn is_any(text: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Prints values with the fewest digits that read back as the same number of their type.
pub(crate) struct Printer {
    buffer: zmij::Buffer,
    non_finite: NonFinite,
}

/// What stands for a value that is not a finite number: each format's own way.
#[derive(Clone, Copy)]
pub(crate) enum NonFinite {
    /// `nan`, `inf` and `-inf`, as Python prints them.
    Words,
    /// `null`, since JSON has no such numbers.
    Null,
}

impl Printer {
    pub(crate) fn new(non_finite: NonFinite) -> Self {
        Self { buffer: zmij::Buffer::new(), non_finite }
    }

    pub(crate) fn print<V: Real>(&mut self, value: V, out: &mut Vec<u8>) {
        let text = match self.non_finite {
            _ if value.finite() => value.digits(&mut self.buffer),
            NonFinite::Null => "null",
            NonFinite::Words if value.missing() => "nan",
            NonFinite::Words if value.positive() => "inf",
            NonFinite::Words => "-inf",
        };
        out.extend_from_slice(text.as_bytes());
    }

    /// Prints the values of a cell, with `separator` between those of a list.
    pub(crate) fn print_cell<V: Real>(
        &mut self,
        cell: Cell<'_, V>,
        separator: &str,
        out: &mut Vec<u8>,
    ) {
        let mut first = true;
        cell.visit(|item| {
            if !std::mem::take(&mut first) {
                out.extend_from_slice(separator.as_bytes());
            }
            match item {
                Item::Number(value) => self.print(value, out),
                Item::Label(label) => {
                    write!(out, "{label}").expect("memory takes it: this is a bug");
                }
                Item::Name(name) => {
                    let text = match self.non_finite {
                        NonFinite::Null => name.json(),
                        NonFinite::Words => name.csv(cell.is_list()),
                    };
                    out.extend_from_slice(text.as_bytes());
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_integers_are_read_whole_and_nothing_longer_is() {
        for (text, expect) in [
            ("0", Some((0.0, 1))),
            ("7,", Some((7.0, 1))),
            ("-3", Some((-3.0, 2))),
            ("42", Some((42.0, 2))),
            ("2596,51", Some((2596.0, 4))),
            ("-9999999\n", Some((-9_999_999.0, 8))),
            ("1234567", Some((1_234_567.0, 7))),
            ("12345678", None),
            ("123456789", None),
            ("12.5", Some((12.0, 2))),
            ("12\u{fffd}", Some((12.0, 2))),
            ("10/9:;", Some((10.0, 2))),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            ("x", None),
            (".5", None),
        ] {
            assert_eq!(short_integer::<f32>(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn every_integer_of_two_to_five_digits_is_exact() {
        for number in 10..100_000_u32 {
            let text = format!("{number},-{number}");
            let length = text.len() / 2 - 1;
            let value = number as f32;
            assert_eq!(short_integer(text.as_bytes()), Some((value, length)));
            assert_eq!(short_integer(&text.as_bytes()[length + 1..]), Some((-value, length + 1)));
        }
    }

    #[test]
    fn eight_digits_are_read_at_once_and_nothing_else_is() {
        let read = |text: &str, delimiter| {
            let bytes = text.as_bytes().first_chunk().expect("sixteen bytes");
            delimited_digits(bytes, delimiter)
        };
        let expect = Some([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 9.0]);
        assert_eq!(read("0,1,2,3,4,5,8,9,", b','), expect);
        assert_eq!(read("0\t1\t2\t3\t4\t5\t8\t9\t", b'\t'), expect);
        assert_eq!(read("0 1 2 3 4 5 8 9 ", b' '), None);
        // Any other byte in any place spoils it.
        for place in 0..16 {
            for byte in (0..=255).filter(|byte| *byte != b',' && !byte.is_ascii_digit()) {
                let mut bytes = *b"0,1,2,3,4,5,8,9,";
                bytes[place] = byte;
                assert_eq!(delimited_digits::<f32>(&bytes, b','), None, "{byte} at {place}");
            }
        }
        assert_eq!(read("0,1,2,33,5,6,7,8", b','), None);
        assert_eq!(read("0,1,2,,4,5,8,9,0", b','), None);
    }

    #[test]
    fn words_for_missing_values_and_booleans() {
        for text in ["", "nan", "NaN", "-nan", "NA", "n/a", "null", "None", "<NA>"] {
            assert!(from_text(text.as_bytes()).is_ok_and(f32::is_nan), "{text}");
            assert!(from_text(text.as_bytes()).is_ok_and(f64::is_nan), "{text}");
        }
        for (text, expect) in [("True", 1.0), ("false", 0.0), ("+1.5", 1.5), ("1e-3", 0.001)] {
            assert_eq!(from_text(text.as_bytes()), Ok(expect), "{text}");
            assert_eq!(from_text(text.as_bytes()), Ok(expect as f32), "{text}");
        }
        for text in ["inf", "-Infinity", "1e39"] {
            assert_eq!(from_text::<f32>(text.as_bytes()), Err(NotANumber::Infinite), "{text}");
        }
        for text in ["x", "1,5", "0x10", "1_000", "1 2", "-", "nanx"] {
            assert_eq!(from_text::<f32>(text.as_bytes()), Err(NotANumber::Text), "{text}");
        }
    }
}
