//! Owns text in Java's units: indexes count UTF-16 code units, while text here is UTF-8. An index in
//! the middle of a pair of surrogates is taken for the one in front of the pair.

use std::ops::Range;

use crate::eval::Refusal;

/// A text's units.
#[derive(Debug)]
pub(super) struct Units<'t> {
    text: &'t str,
    ascii: bool,
}

impl<'t> Units<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, ascii: text.is_ascii() }
    }

    pub(super) fn length(&self) -> i32 {
        if self.ascii {
            return self.text.len() as i32;
        }
        self.text.encode_utf16().count() as i32
    }

    /// The byte at which a unit begins; the end for what lies behind it.
    fn byte(&self, unit: usize) -> usize {
        if self.ascii {
            return unit.min(self.text.len());
        }
        let mut units = 0;
        for (at, c) in self.text.char_indices() {
            units += c.len_utf16();
            if units > unit {
                return at;
            }
        }
        self.text.len()
    }

    /// A byte as Java's index, -1 for none.
    pub(super) fn index(&self, byte: Option<usize>) -> i32 {
        let Some(byte) = byte else { return -1 };
        if self.ascii {
            return byte as i32;
        }
        self.text[..byte].encode_utf16().count() as i32
    }

    /// The byte for an index that is brought within bounds.
    pub(super) fn clamped(&self, unit: i32) -> usize {
        self.byte(usize::try_from(unit).unwrap_or(0))
    }

    /// The bytes between two indexes.
    pub(super) fn range(&self, from: i32, to: i32) -> Result<Range<usize>, Refusal> {
        let length = self.length();
        if from < 0 || to < from || to > length {
            let message = format!("{from} to {to} is out of bounds for length {length}");
            return Err(Refusal::method(message));
        }
        Ok(self.clamped(from)..self.clamped(to))
    }

    /// The bytes of the character at an index.
    pub(super) fn character(&self, at: i32) -> Result<Range<usize>, Refusal> {
        let length = self.length();
        if at < 0 || at >= length {
            let message = format!("index {at} is out of bounds for length {length}");
            return Err(Refusal::method(message));
        }
        let start = self.clamped(at);
        Ok(start..next_boundary(self.text, start))
    }
}

/// Where the next character begins; one behind the end where there is none.
pub(super) fn next_boundary(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Java's `compareTo`: the difference of the first units that differ, else of the lengths.
pub(super) fn compare(left: &str, right: &str) -> i32 {
    let mut others = right.encode_utf16();
    for unit in left.encode_utf16() {
        match others.next() {
            Some(other) if other != unit => return i32::from(unit) - i32::from(other),
            Some(_) => {}
            None => break,
        }
    }
    Units::of(left).length() - Units::of(right).length()
}

pub(super) fn code_point(number: i32) -> Option<char> {
    u32::try_from(number).ok().and_then(char::from_u32)
}

pub(super) fn region_matches(
    (text, at): (&str, i32),
    (other, from): (&str, i32),
    count: i32,
    fold: bool,
) -> bool {
    let part = |text: &str, from: i32| -> Option<Vec<u16>> {
        let from = usize::try_from(from).ok()?;
        let count = usize::try_from(count.max(0)).ok()?;
        let units: Vec<u16> = text.encode_utf16().skip(from).take(count).collect();
        (units.len() == count).then_some(units)
    };
    let (Some(left), Some(right)) = (part(text, at), part(other, from)) else {
        return false;
    };
    if !fold {
        return left == right;
    }
    String::from_utf16_lossy(&left).to_lowercase()
        == String::from_utf16_lossy(&right).to_lowercase()
}

/// The character that a pattern matches, if that is all it does.
pub(super) fn literal_pattern(pattern: &str) -> Option<char> {
    let mut characters = pattern.chars();
    let first = characters.next()?;
    match (first, characters.next(), characters.next()) {
        ('\\', Some(second), None) if !second.is_ascii_alphanumeric() => Some(second),
        (_, None, _) if !".$|()[{^?*+\\".contains(first) => Some(first),
        _ => None,
    }
}
