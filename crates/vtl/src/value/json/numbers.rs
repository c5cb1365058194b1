//! Owns reading numbers: those of up to 19 digits, which nearly all are, from their digits, any others
//! by the standard library and `num_bigint`.

use super::Json;

/// How many digits 64 bits hold whatever they are.
const DIGITS_MAX: usize = 19;
/// How many digits of an integer fit in its 64 bits with a sign.
const INT_DIGITS_MAX: usize = 18;
/// Integers up to here are doubles exactly, and so are the powers of ten that divide them.
const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;

/// The powers of ten that are needed to shift as many digits.
const POWERS: [u64; DIGITS_MAX + 1] = {
    let mut powers = [1; DIGITS_MAX + 1];
    let mut at = 1;
    while at <= DIGITS_MAX {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// A number without exponent of not too many digits at the start of `text`, and its length; none where
/// it takes more care.
#[inline]
pub(super) fn plain<'a>(text: &[u8]) -> Option<(Json<'a>, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (whole, mut digits) = digits_of(text, start, 0);
    let mut end = start + whole;
    let mut fraction = 0;
    let is_int = text.get(end) != Some(&b'.');
    if !is_int {
        (fraction, digits) = digits_of(text, end + 1, digits);
        end += 1 + fraction;
    }
    let digits_max = if is_int { INT_DIGITS_MAX } else { DIGITS_MAX };
    let count = whole + fraction;
    if whole == 0 || count > digits_max || text.get(end).copied().is_some_and(is_part) {
        return None;
    }
    let number = if is_int {
        let value = digits.cast_signed();
        Json::Int(if negative { -value } else { value })
    } else {
        let value = quotient(digits, POWERS[fraction]);
        Json::Double(if negative { -value } else { value })
    };
    Some((number, end))
}

/// The double that is nearest to `digits` divided by a power of ten.
///
/// Few digits and the power are both exact as doubles, and a division is rounded once (Clinger, "How to
/// read floating point numbers accurately", 1990). More digits are divided as integers, to 62 bits at
/// least of which the last one stands for all that come behind: that is rounded once, too, as a double
/// has 53. To shift it back changes no bit.
#[inline]
fn quotient(digits: u64, power: u64) -> f64 {
    if digits <= EXACT_MAX {
        return digits as f64 / power as f64;
    }
    let shift = digits.leading_zeros() + power.ilog2();
    let dividend = u128::from(digits) << shift;
    let quotient = (dividend / u128::from(power)) as u64;
    let exact = quotient.wrapping_mul(power) == dividend as u64;
    let rounded = (quotient | u64::from(!exact)) as f64;
    rounded * f64::from_bits(u64::from(EXPONENT_BIAS - shift) << (f64::MANTISSA_DIGITS - 1))
}

/// What the exponent of 1 is stored as.
const EXPONENT_BIAS: u32 = 1023;

/// How many digits there are from `start`, and the number that they make behind `before`; with too
/// many to count it is any number.
#[inline]
fn digits_of(text: &[u8], start: usize, before: u64) -> (usize, u64) {
    let all = text.get(start..).unwrap_or_default();
    let (mut rest, mut value) = (all, before);
    while let Some((word, behind)) = rest.split_first_chunk()
        && let Some(digits) = eight_digits(u64::from_le_bytes(*word))
    {
        value = value.wrapping_mul(100_000_000).wrapping_add(digits);
        rest = behind;
    }
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = behind;
    }
    (all.len() - rest.len(), value)
}

/// The number that eight digits make, the first one in the lowest byte, if all are digits: pairs of
/// them are added up, then the pairs.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    const SIXES: u64 = u64::from_le_bytes([6; 8]);
    const HIGH: u64 = u64::from_le_bytes([0xf0; 8]);
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    const EVEN: u64 = 100 + (1_000_000 << 32);
    const ODD: u64 = 1 + (10_000 << 32);
    // Of a digit the upper half of its byte is that of a zero, and stays so when six are added.
    if (word & HIGH) | ((word.wrapping_add(SIXES) & HIGH) >> 4) != ZEROS | (ZEROS >> 4) {
        return None;
    }
    let digits = word - ZEROS;
    let pairs = digits * 10 + (digits >> 8);
    let even = (pairs & PAIRS).wrapping_mul(EVEN);
    let odd = ((pairs >> 16) & PAIRS).wrapping_mul(ODD);
    Some(even.wrapping_add(odd) >> 32)
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

    /// By their text, which tells -0.0 from 0.0.
    fn check(text: &str) {
        let (number, length) = plain(text.as_bytes()).expect("it is plain");
        assert_eq!(length, text.len(), "{text}");
        assert_eq!(format!("{number:?}"), format!("{:?}", any(text).expect("a number")), "{text}");
    }

    #[test]
    fn plain_numbers_are_what_others_would_be() {
        for text in [
            "0",
            "-0",
            "7",
            "-12",
            "999999999999999999",
            "-999999999999999999",
            "3.0137",
            "-0.0",
            "1.",
            "0.1",
            "123456789012345",
            "1.23456789012345",
            "9007199254.40993",
            "0.00000000000001",
            "00012.50",
            "3.9282190799713135",
            "0.12345678901234567",
            "-9999999999.999999999",
            "0.000000000000000000",
            "0.000000000000000001",
            // Halves between two doubles, and their neighbours.
            "900719925474099.3",
            "9007199254740992.5",
            "9007199254740993.0",
            "9007199254740993.5",
            "9007199254740995.000",
            "4503599627370496.5",
            "4503599627370497.5",
            "4503599627370497.499",
            "4503599627370497.501",
            "999999999999999999.9",
        ] {
            check(text);
        }
    }

    /// Each place of the point in digits of all lengths, of which many are next to a half.
    #[test]
    fn numbers_of_any_digits_are_read_as_the_standard_library_reads_them() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let digits = (state >> (state % 60)).to_string();
            let digits = &digits[..digits.len().min(DIGITS_MAX)];
            let point = state as usize / 64 % digits.len();
            check(&format!("{}.{}", &digits[..=point], &digits[point + 1..]));
            let near = format!("{:?}", f64::from_bits((state >> 12) | 0x3ff0_0000_0000_0000));
            check(&near);
            check(&format!("{:?}", f64::from(near.parse::<f32>().expect("a number"))));
        }
    }

    /// Each byte in each place of digits.
    #[test]
    fn eight_bytes_are_digits_or_not() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut bytes = *b"94071538";
                bytes[place] = byte;
                let text = str::from_utf8(&bytes).ok().filter(|_| byte.is_ascii_digit());
                let expect = text.and_then(|text| text.parse().ok());
                assert_eq!(eight_digits(u64::from_le_bytes(bytes)), expect, "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_takes_care_is_not_plain() {
        for text in [
            "-",
            "",
            ".5",
            "1e5",
            "1.5E3",
            "1+1",
            "1.2.3",
            "1234567890123456789",
            "1.2345678901234567890",
        ] {
            assert!(plain(text.as_bytes()).is_none(), "{text}");
        }
    }
}
