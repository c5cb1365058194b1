//! Arrays of numbers in JSON text, which nearly all bytes of a model are. Owns the quick way through
//! them as long as they are as XGBoost writes them, numbers and commas; whatever else may stand there
//! is left to `json`, and so are all errors.

/// How far a quick reading came: the place after the closing bracket, or that of an element it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    End(usize),
    Element(usize),
}

/// Appends numbers, from the place of an element on.
pub(super) fn floats(bytes: &[u8], start: usize, out: &mut Vec<f32>) -> Reached {
    each(bytes, start, out, |rest| fast_float2::parse_partial(rest).ok())
}

/// Appends integers, from the place of an element on.
pub(super) fn integers(bytes: &[u8], start: usize, out: &mut Vec<i32>) -> Reached {
    each(bytes, start, out, integer)
}

/// Where an array ends that has bare words only, from the place of an element on; `None` if it has
/// something else.
pub(super) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
        at += length + 1;
        match bytes.get(at - 1)? {
            b',' if length > 0 => {}
            b']' if length > 0 => return Some(at),
            _ => return None,
        }
    }
}

/// Whether a byte may stand in a bare word: a number, `true`, `NaN`.
pub(super) fn is_part(byte: u8) -> bool {
    const PARTS: [bool; 256] = {
        let mut parts = [false; 256];
        let mut byte = 0_u8;
        while byte < u8::MAX {
            parts[byte as usize] =
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            byte += 1;
        }
        parts
    };
    PARTS[usize::from(byte)]
}

/// Calls `read` for each element, which gives its value and how many bytes it has.
#[inline]
fn each<T>(
    bytes: &[u8],
    start: usize,
    out: &mut Vec<T>,
    read: impl Fn(&[u8]) -> Option<(T, usize)>,
) -> Reached {
    let mut at = start;
    loop {
        let Some((value, length)) = read(&bytes[at..]) else {
            return Reached::Element(at);
        };
        match bytes.get(at + length) {
            Some(b',') => out.push(value),
            Some(b']') => {
                out.push(value);
                return Reached::End(at + length + 1);
            }
            _ => return Reached::Element(at),
        }
        at += length + 1;
    }
}

/// At most nine digits, which an `i32` always holds.
fn integer(rest: &[u8]) -> Option<(i32, usize)> {
    let sign = usize::from(rest.first() == Some(&b'-'));
    let (mut magnitude, mut length) = (0, sign);
    while let Some(digit @ 0..10) = rest.get(length).map(|byte| byte.wrapping_sub(b'0')) {
        if length - sign == 9 {
            return None;
        }
        magnitude = magnitude * 10 + i32::from(digit);
        length += 1;
    }
    let value = if sign == 1 { -magnitude } else { magnitude };
    (length > sign).then_some((value, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_read_and_others_left() {
        use Reached::{Element, End};
        for (text, expected, reached) in [
            ("1,-2,30]7", &[1, -2, 30][..], End(8)),
            ("-0]", &[0], End(3)),
            ("999999999,1000000000]", &[999_999_999], Element(10)),
            ("1, 2]", &[1], Element(2)),
            ("1,true]", &[1], Element(2)),
            ("1,-]", &[1], Element(2)),
            ("1,]", &[1], Element(2)),
            ("1.5]", &[], Element(0)),
            ("+1]", &[], Element(0)),
            ("1", &[], Element(0)),
            ("", &[], Element(0)),
        ] {
            let mut out = Vec::new();
            assert_eq!(integers(text.as_bytes(), 0, &mut out), reached, "{text}");
            assert_eq!(out, expected, "{text}");
        }
        let mut out = Vec::new();
        assert_eq!(floats(b"5E-1,-1.25,Infinity, 2]", 0, &mut out), Element(20));
        assert_eq!(out, [0.5, -1.25, f32::INFINITY]);
    }

    #[test]
    fn arrays_of_words_end_at_their_bracket() {
        for (text, expected) in [
            ("1,true,-2.5E-3]x", Some(15)),
            ("1]", Some(2)),
            ("]", None),
            ("1,]", None),
            ("1,,2]", None),
            ("1 ]", None),
            ("[1]]", None),
            ("1,2", None),
        ] {
            assert_eq!(end(text.as_bytes(), 0), expected, "{text}");
        }
    }
}
