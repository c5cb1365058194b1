//! The categories in CatBoost's splits: a model keeps the hash of a category's text, rows here have
//! its number. The hash is `CityHash64` of version 1.0, its lower half.

use std::{collections::HashMap, sync::LazyLock};

use crate::Error;

/// Whole numbers that are recognised as categories.
const CATEGORIES: u32 = 1 << 14;

/// The categories of each hash.
static BY_HASH: LazyLock<HashMap<u32, Vec<u32>>> = LazyLock::new(|| {
    let mut numbers: HashMap<u32, Vec<u32>> = HashMap::new();
    for number in 0..CATEGORIES {
        numbers.entry(hash(number.to_string().as_bytes())).or_default().push(number);
    }
    numbers
});

/// Sets of one tree's splits, each hash once.
#[derive(Default)]
pub(super) struct Categories {
    /// Bits of the sets, one after the other.
    pub(super) words: Vec<u32>,
    known: HashMap<u32, (u32, u32)>,
}

impl Categories {
    /// The place of the set of the categories that have a hash.
    pub(super) fn set(&mut self, hash: u32) -> Result<(u32, u32), Error> {
        if let Some(place) = self.known.get(&hash) {
            return Ok(*place);
        }
        let numbers = BY_HASH.get(&hash).ok_or_else(|| {
            Error::unsupported(format!(
                "a split by category {hash:#010x}, which is the hash of no whole number less than \
                 {CATEGORIES}: encode categories as such numbers and train anew"
            ))
        })?;
        let start = self.words.len();
        for number in numbers {
            let word = start + *number as usize / 32;
            self.words.resize(self.words.len().max(word + 1), 0);
            self.words[word] |= 1 << (number % 32);
        }
        let place = (start as u32, self.words.len() as u32);
        self.known.insert(hash, place);
        Ok(place)
    }
}

const K2: u64 = 0x9ae1_6a3b_2f90_404f;
const K3: u64 = 0xc949_d7c7_509e_6557;
const MULTIPLIER: u64 = 0x9ddf_ea08_eb38_2d69;

/// The hash of a text of one to eight bytes.
fn hash(text: &[u8]) -> u32 {
    let length = text.len() as u64;
    let full = if text.len() < 4 {
        let [first, middle, last] =
            [text[0], text[text.len() / 2], text[text.len() - 1]].map(u64::from);
        let (y, z) = (first + (middle << 8), length + (last << 2));
        mixed(y.wrapping_mul(K2) ^ z.wrapping_mul(K3)).wrapping_mul(K2)
    } else {
        let word = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
        };
        let (start, end) = (word(&text[..4]), word(&text[text.len() - 4..]));
        joined(length + (start << 3), end)
    };
    full as u32
}

fn mixed(value: u64) -> u64 {
    value ^ value >> 47
}

fn joined(low: u64, high: u64) -> u64 {
    let first = mixed((low ^ high).wrapping_mul(MULTIPLIER));
    mixed((high ^ first).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As CatBoost 1.2.10 wrote them for these categories.
    #[test]
    fn hashes_are_those_of_catboost() {
        for (number, expected) in [
            (0, -1_438_285_038_i32),
            (3, 593_172_586),
            (12, 1_445_320_840),
            (345, 1_218_123_620),
            (1234, -1_848_678_467),
            (16383, 271_633_834),
        ] {
            assert_eq!(hash(number.to_string().as_bytes()) as i32, expected, "{number}");
        }
    }

    #[test]
    fn a_hash_of_no_number_is_refused() {
        let mut categories = Categories::default();
        assert_eq!(categories.set(593_172_586).expect("3"), (0, 1));
        assert_eq!(categories.words, [8]);
        let error = categories.set(1).expect_err("no number").to_string();
        assert!(error.contains("0x00000001"), "{error}");
    }
}
