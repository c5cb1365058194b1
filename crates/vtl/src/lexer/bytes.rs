//! Owns what kinds of characters there are to the lexer, as a table: most of a template is names and
//! blanks, and looking a byte up is cheaper than comparing it with the ends of ranges.

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

/// What a directive's name, or a bare word, is made of.
pub(super) const WORD: Class = Class(1);
/// What such a word begins with.
pub(super) const WORD_START: Class = Class(2);
/// What a reference's name is made of.
pub(super) const IDENTIFIER: Class = Class(4);
/// What a reference's name begins with.
pub(super) const IDENTIFIER_START: Class = Class(8);
pub(super) const DIGIT: Class = Class(16);
/// A blank that does not end a line.
pub(super) const BLANK: Class = Class(32);
/// A blank or a line end.
pub(super) const SPACE: Class = Class(64);

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < classes.len() {
        let byte = at as u8;
        classes[at] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                WORD.0 | WORD_START.0 | IDENTIFIER.0 | IDENTIFIER_START.0
            }
            b'@' => WORD.0 | WORD_START.0,
            b'0'..=b'9' => WORD.0 | IDENTIFIER.0 | DIGIT.0,
            b'-' => IDENTIFIER.0,
            b' ' | b'\t' => BLANK.0 | SPACE.0,
            b'\r' | b'\n' => SPACE.0,
            _ => 0,
        };
        at += 1;
    }
    classes
}

impl Class {
    #[inline]
    pub(super) fn has(self, byte: u8) -> bool {
        CLASSES[usize::from(byte)] & self.0 != 0
    }
}

/// How many bytes of the class `text` begins with.
#[inline]
pub(super) fn run(text: &[u8], class: Class) -> usize {
    text.iter().position(|&byte| !class.has(byte)).unwrap_or(text.len())
}
