//! Texts of bounded length that live in place: a record that holds them is of fixed size, and
//! writing one allocates nothing.

use std::fmt;

/// The beginning of a text, at most `N` bytes of it.
#[derive(Clone)]
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    len: u16,
}

impl<const N: usize> Text<N> {
    /// Replaces the text; of one that is too long the end is left out.
    pub(super) fn set(&mut self, text: &str) {
        let len = text.floor_char_boundary(N);
        self.bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        self.len = len as u16;
    }

    pub(super) fn as_str(&self) -> &str {
        utf8(&self.bytes[..usize::from(self.len)])
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// `COUNT` texts that share `N` bytes, one right behind the other, so that short ones touch few
/// cache lines.
#[derive(Clone)]
pub(super) struct Texts<const COUNT: usize, const N: usize> {
    /// Where each text ends.
    ends: [u16; COUNT],
    bytes: [u8; N],
}

impl<const COUNT: usize, const N: usize> Texts<COUNT, N> {
    /// Replaces all texts; the end of what does not fit is left out.
    pub(super) fn set(&mut self, texts: [&str; COUNT]) {
        const { assert!(N <= u16::MAX as usize, "the ends of texts are kept in two bytes each") };
        let mut end = 0;
        for (text, place) in texts.into_iter().zip(&mut self.ends) {
            let len = text.floor_char_boundary(N - end);
            self.bytes[end..end + len].copy_from_slice(&text.as_bytes()[..len]);
            end += len;
            *place = end as u16;
        }
    }

    pub(super) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]));
        utf8(&self.bytes[start..usize::from(self.ends[index])])
    }
}

impl<const COUNT: usize, const N: usize> Default for Texts<COUNT, N> {
    fn default() -> Self {
        Self { ends: [0; COUNT], bytes: [0; N] }
    }
}

impl<const COUNT: usize, const N: usize> fmt::Debug for Texts<COUNT, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..COUNT).map(|index| self.get(index))).finish()
    }
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("texts are cut between characters: this is a bug")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut text = Text::<5>::default();
        for (given, kept) in [("", ""), ("four", "four"), ("fives", "fives"), ("1234é", "1234")] {
            text.set(given);
            assert_eq!(text.as_str(), kept);
        }
    }

    #[test]
    fn texts_share_their_bytes() {
        let mut texts = Texts::<3, 8>::default();
        for (given, kept) in [
            (["ab", "", "cd"], ["ab", "", "cd"]),
            (["abcdef", "gh", "i"], ["abcdef", "gh", ""]),
            (["x", "ééé", "éé"], ["x", "ééé", ""]),
            (["", "", ""], ["", "", ""]),
        ] {
            texts.set(given);
            assert_eq!([0, 1, 2].map(|index| texts.get(index)), kept);
        }
    }
}
