//! What a split asks, for many rows at once: one form for the trees of every library.

use crate::{
    ensemble::{Choice, Split},
    wide_ensemble::{Missing, Test},
};

/// Rows per lane: the width of the widest registers in `f64`.
pub(super) const LANES: usize = 8;

/// A value of each of some rows.
pub(super) type Lane = [f64; LANES];
/// All bits of a row's number are set, or none.
pub(super) type Mask = [u64; LANES];

/// Which values go left. `NaN` is on neither side of a comparison, which is how the missing ones go
/// their way without a question of their own.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Less {
        threshold: f64,
        missing_left: bool,
    },
    AtMost {
        threshold: f64,
        missing_left: bool,
    },
    /// Zeros go the way of the missing.
    AtMostButZero {
        threshold: f64,
        missing_left: bool,
    },
    /// Whether the category is in the set, and whether what has none is.
    OneOf {
        set: Set,
        missing_left: bool,
    },
}

/// Categories, and on which side they are.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// Sorted.
    members: Vec<u32>,
    /// The least value that has a category.
    least: f64,
    members_left: bool,
}

impl Question {
    pub(super) fn of_split(split: &Split) -> Self {
        let threshold = f64::from(split.threshold);
        Self::Less { threshold, missing_left: split.default_left }
    }

    /// The tree's set holds the categories that go right.
    pub(super) fn of_choice(choice: &Choice, categories: &[u32]) -> Self {
        let set = &categories[choice.set.0 as usize..choice.set.1 as usize];
        let set = Set { members: set.to_vec(), least: 0.0, members_left: false };
        Self::OneOf { set, missing_left: choice.default_left }
    }

    pub(super) fn of_test(test: Test, words: &[u32]) -> Self {
        match test {
            Test::AtMost { threshold, missing, default_left } => match missing {
                Missing::None => Self::AtMost { threshold, missing_left: 0.0 <= threshold },
                Missing::Nan => Self::AtMost { threshold, missing_left: default_left },
                Missing::Zero => Self::AtMostButZero { threshold, missing_left: default_left },
            },
            Test::OneOf { start, end } => {
                let words = &words[start as usize..end as usize];
                let members = members(words);
                let set = Set { members, least: (-1.0_f64).next_up(), members_left: true };
                Self::OneOf { set, missing_left: false }
            }
        }
    }

    pub(super) fn byte_size(&self) -> usize {
        let members = match self {
            Self::OneOf { set, .. } => size_of_val(&set.members[..]),
            _ => 0,
        };
        size_of::<Self>() + members
    }

    /// Whether a value goes left.
    #[inline]
    pub(super) fn is_left(&self, value: f64) -> bool {
        let missing = value.is_nan();
        match self {
            Self::Less { threshold, missing_left } => {
                value < *threshold || missing && *missing_left
            }
            Self::AtMost { threshold, missing_left } => {
                value <= *threshold || missing && *missing_left
            }
            Self::AtMostButZero { threshold, missing_left } => {
                let by_default = missing || value == 0.0;
                if by_default { *missing_left } else { value <= *threshold }
            }
            Self::OneOf { set, missing_left } => {
                if missing {
                    *missing_left
                } else {
                    set.is_left(value)
                }
            }
        }
    }

    /// The rows that go left.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn left(&self, values: &Lane) -> Mask {
        match self {
            Self::Less { threshold, missing_left: false } => values.map(|x| mask(x < *threshold)),
            Self::Less { threshold, missing_left: true } => values.map(|x| !mask(x >= *threshold)),
            Self::AtMost { threshold, missing_left: false } => {
                values.map(|x| mask(x <= *threshold))
            }
            Self::AtMost { threshold, missing_left: true } => values.map(|x| !mask(x > *threshold)),
            _ => values.map(|x| mask(self.is_left(x))),
        }
    }
}

/// The numbers of the bits that are set, in order.
fn members(words: &[u32]) -> Vec<u32> {
    let of_word = |(number, word): (usize, &u32)| {
        let (first, mut rest) = (number as u32 * 32, *word);
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros())?;
            rest &= rest - 1;
            Some(first + bit)
        })
    };
    words.iter().enumerate().flat_map(of_word).collect()
}

#[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
#[inline(always)]
fn mask(yes: bool) -> u64 {
    if yes { u64::MAX } else { 0 }
}

impl Set {
    /// What is no category is in no set; a category is a value without its fraction.
    fn is_left(&self, value: f64) -> bool {
        let member = value >= self.least && self.members.binary_search(&(value as u32)).is_ok();
        member == self.members_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_go_where_single_values_go() {
        let set = Set { members: vec![0, 2, 32], least: 0.0, members_left: true };
        let values = [f64::NAN, -1.5, -0.5, 0.0, 1.0, 2.9, 32.0, 1e300];
        for missing_left in [false, true] {
            for question in [
                Question::Less { threshold: 1.0, missing_left },
                Question::AtMost { threshold: 1.0, missing_left },
                Question::AtMostButZero { threshold: 1.0, missing_left },
                Question::OneOf { set: set.clone(), missing_left },
            ] {
                let single = values.map(|value| mask(question.is_left(value)));
                assert_eq!(question.left(&values), single, "{question:?}");
            }
        }
    }

    #[test]
    fn zeros_go_by_default_where_they_are_missing() {
        let question = Question::AtMostButZero { threshold: 1.0, missing_left: false };
        for (value, left) in [(0.0, false), (-0.0, false), (0.5, true), (2.0, false)] {
            assert_eq!(question.is_left(value), left, "{value}");
        }
    }

    #[test]
    fn categories_are_found_on_their_side() {
        let choice = Choice { feature: 0, set: (1, 3), default_left: true, left: 1, right: 2 };
        let question = Question::of_choice(&choice, &[9, 1, 40]);
        for (value, left) in [(1.0, false), (1.9, false), (40.0, false), (9.0, true), (-3.0, true)]
        {
            assert_eq!(question.is_left(value), left, "{value}");
        }
    }
}
