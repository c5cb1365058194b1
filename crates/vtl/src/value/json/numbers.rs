//! Owns reading numbers: short ones, which most are, digit by digit, any others by the standard
//! library and `num_bigint`.

use super::Json;

/// How many digits a double holds whatever they are: each integer below 10^15 is one.
const DIGITS_EXACT: usize = 15;

/// The powers of ten that are needed to shift as many digits; all of them are doubles exactly.
const POWERS: [f64; DIGITS_EXACT + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number of few digits at the start of `text`, and its length; none where it takes more care.
///
/// A decimal is its digits, divided by a power of ten. Both are exact, and a division is rounded
/// once, so that the result is the nearest double (Clinger, "How to read floating point numbers
/// accurately", 1990).
#[inline]
pub(super) fn short<'a>(text: &[u8]) -> Option<(Json<'a>, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (whole, mut digits) = digits_of(text, start, 0);
    let mut end = start + whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        (fraction, digits) = digits_of(text, end + 1, digits);
        end += 1 + fraction;
    }
    if whole == 0 || whole + fraction > DIGITS_EXACT || text.get(end).copied().is_some_and(is_part)
    {
        return None;
    }
    let number = if end == start + whole {
        Json::Int(if negative { -digits } else { digits })
    } else {
        let value = digits as f64 / POWERS[fraction];
        Json::Double(if negative { -value } else { value })
    };
    Some((number, end))
}

/// How many digits there are from `start`, and the number that they make behind `before`; with too
/// many to count it is any number.
fn digits_of(text: &[u8], start: usize, before: i64) -> (usize, i64) {
    let mut value = before;
    let mut count = 0;
    while let Some(digit @ b'0'..=b'9') = text.get(start + count) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        count += 1;
    }
    (count, value)
}

/// How much of the text looks like a number.
pub(super) fn length(text: &[u8]) -> usize {
    text.iter().position(|byte| !is_part(*byte)).unwrap_or(text.len())
}

fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Any number, or what is wrong with it.
pub(super) fn any<'a>(text: &str) -> Result<Json<'a>, &'static str> {
    if !text.contains(['.', 'e', 'E']) {
        if let Ok(value) = text.parse() {
            return Ok(Json::Int(value));
        }
        let big = text.parse().map_err(|_| "no number")?;
        return Ok(Json::Big(Box::new(big)));
    }
    let number: f64 = text.parse().map_err(|_| "no number")?;
    if number.is_infinite() {
        return Err("a number beyond the range of doubles");
    }
    Ok(Json::Double(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_what_long_ones_would_be() {
        for text in [
            "0",
            "-0",
            "7",
            "-12",
            "3.0137",
            "-0.0",
            "1.",
            "0.1",
            "123456789012345",
            "1.23456789012345",
            "9007199254.40993",
            "0.00000000000001",
            "00012.50",
        ] {
            let (number, length) = short(text.as_bytes()).expect("it is short");
            assert_eq!(length, text.len(), "{text}");
            // By their text, which tells -0.0 from 0.0.
            assert_eq!(
                format!("{number:?}"),
                format!("{:?}", any(text).expect("a number")),
                "{text}"
            );
        }
    }

    #[test]
    fn what_takes_care_is_not_short() {
        for text in
            ["-", "", ".5", "1e5", "1.5E3", "1+1", "1.2.3", "1234567890123456", "1.234567890123456"]
        {
            assert!(short(text.as_bytes()).is_none(), "{text}");
        }
    }
}
