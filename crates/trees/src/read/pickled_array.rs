//! Labels in NumPy's arrays: little-endian numbers, or texts of a fixed width.

use crate::Label;

/// The labels in an array's bytes; `kind` is a letter and a width, as in `i8` or `U3`.
pub(super) fn labels(kind: &str, bytes: &[u8]) -> Option<Vec<Label>> {
    let (letter, width) = kind.trim_start_matches(['<', '|', '=']).split_at_checked(1)?;
    let width = width.parse::<usize>().ok()?;
    let width = if letter == "U" { width.checked_mul(4)? } else { width };
    if width == 0 || !bytes.len().is_multiple_of(width) {
        return None;
    }
    bytes.chunks_exact(width).map(|bytes| label(letter, bytes)).collect()
}

fn label(letter: &str, bytes: &[u8]) -> Option<Label> {
    Some(match (letter, bytes.len()) {
        ("i", 1 | 2 | 4 | 8) => {
            let fill = if bytes.last()? >> 7 == 1 { 0xff } else { 0 };
            let mut wide = [fill; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            Label::Integer(i64::from_le_bytes(wide))
        }
        ("u", 1 | 2 | 4 | 8) => {
            let mut wide = [0; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            Label::Integer(i64::try_from(u64::from_le_bytes(wide)).ok()?)
        }
        ("f", 4) => number(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        ("f", 8) => number(f64::from_le_bytes(bytes.try_into().ok()?)),
        ("b", 1) => Label::Truth(bytes[0] != 0),
        ("U", _) => {
            let letters = bytes.as_chunks().0.iter().map(|unit| u32::from_le_bytes(*unit));
            let letters = letters.take_while(|unit| *unit != 0).map(char::from_u32);
            Label::Text(letters.collect::<Option<_>>()?)
        }
        ("S", _) => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            Label::Text(std::str::from_utf8(&bytes[..end]).ok()?.to_owned())
        }
        _ => return None,
    })
}

/// A number as a label: whole ones are integers.
pub(super) fn number(number: f64) -> Label {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Label::Integer(number as i64)
    } else {
        Label::Real(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_every_kind_are_read() {
        let text = |text: &str| Some(Label::Text(text.to_owned()));
        for (kind, bytes, expected) in [
            ("i8", &[0xff; 8][..], Some(Label::Integer(-1))),
            ("<i4", &[2, 1, 0, 0], Some(Label::Integer(258))),
            ("u1", &[0xff], Some(Label::Integer(255))),
            ("f4", &[0, 0, 0xc0, 0x3f], Some(Label::Real(1.5))),
            ("f8", &[0, 0, 0, 0, 0, 0, 0, 0x40], Some(Label::Integer(2))),
            ("b1", &[1], Some(Label::Truth(true))),
            ("U2", &[0xe9, 0, 0, 0, 0, 0, 0, 0], text("é")),
            ("S3", b"ab\0", text("ab")),
            ("O", &[], None),
            ("i3", &[0; 3], None),
            ("U1", &[0, 0xd8, 0, 0], None),
            ("U99999999999999999999", &[0; 4], None),
            ("i8", &[0; 7], None),
        ] {
            let found = labels(kind, bytes);
            assert_eq!(found, expected.map(|label| vec![label]), "{kind}");
        }
    }
}
