//! Bytes that a pickle holds in an encoding of its own, and where in it each of them stands. Which
//! values of a pickle are such is `pickle`'s.

use std::borrow::Cow;

/// Bytes in a pickle.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// How the pickle writes them: as they are, or as text of which each letter is a byte.
    written: &'a [u8],
}

impl<'a> Held<'a> {
    pub(super) fn plainly(bytes: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), written: bytes }
    }

    pub(super) fn as_letters(text: &'a str) -> Option<Self> {
        let bytes: Option<_> = text.chars().map(|letter| u8::try_from(letter).ok()).collect();
        Some(Self { bytes: Cow::Owned(bytes?), written: text.as_bytes() })
    }

    /// Where in the pickle the byte at an offset stands.
    pub(super) fn place(&self, offset: usize, pickle: &[u8]) -> usize {
        let before = match &self.bytes {
            Cow::Borrowed(_) => offset,
            Cow::Owned(bytes) => bytes.iter().take(offset).map(|b| 1 + usize::from(*b > 127)).sum(),
        };
        place_of(self.written, pickle) + before
    }
}

/// Where a part of a pickle begins.
pub(super) fn place_of(part: &[u8], pickle: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(pickle.as_ptr().addr()).min(pickle.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_place_in_either_encoding() {
        let pickle = "xxaé\u{0}b".as_bytes();
        let letters = str::from_utf8(&pickle[2..]).expect("text");
        let held = Held::as_letters(letters).expect("Latin-1");
        assert_eq!(&*held.bytes, b"a\xe9\0b");
        let places: Vec<usize> = (0..5).map(|offset| held.place(offset, pickle)).collect();
        assert_eq!(places, [2, 3, 5, 6, 7]);
        let plain = Held::plainly(&pickle[3..]);
        assert_eq!(plain.place(2, pickle), 5);
        assert!(Held::as_letters("€").is_none());
    }
}
