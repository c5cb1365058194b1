//! Ordered keys: feature values as integers, so that one comparison decides a split, missing
//! values included. Owns the columns a forest looks at; knows nothing of trees' layout.
//!
//! A split goes right unless `value < threshold`, and by its default direction if the value is
//! missing. Two observations make that a single, branch-free integer comparison:
//!
//! - The bits of an `f32`, with the lower 31 flipped if it is negative, are an `i32` in the order of
//!   the floats, `-0.0` made `0.0` first. So `value >= threshold` is `key(value) >= key(threshold)`,
//!   exactly. No number's key comes near `i32::MIN`; it stands for missing.
//! - Missing is then less than every threshold and goes left. For splits that send it right, one is
//!   subtracted from both keys, wrapping: numbers keep their order, and missing becomes `i32::MAX`,
//!   which is right of every threshold.
//!
//! The subtraction is done once per row, not per split: a *column* is a pair of feature and default
//! direction, and a row becomes one key per column that any tree uses. In most models that is about
//! one column per used feature, for all splits on a feature tend to share a direction.

use std::collections::BTreeMap;

use crate::ensemble::{Split, Tree};

/// The key of a missing value where it goes left.
const MISSING: i32 = i32::MIN;

/// What one key of a row is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    feature: u32,
    /// 1 if missing goes right, which is subtracted from the key.
    shift: i32,
}

impl Column {
    fn of(split: &Split) -> Self {
        Self { feature: split.feature, shift: i32::from(!split.default_left) }
    }
}

/// The columns that a forest's splits compare.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
}

/// Finds a split's column while a layout is built.
#[derive(Debug)]
pub(super) struct ColumnIndex {
    numbers: BTreeMap<Column, u32>,
}

impl ColumnIndex {
    pub(super) fn new(trees: &[Tree]) -> Self {
        let mut numbers = BTreeMap::new();
        for split in trees.iter().flat_map(Tree::splits) {
            numbers.insert(Column::of(split), 0);
        }
        for (number, slot) in numbers.values_mut().enumerate() {
            *slot = number as u32;
        }
        Self { numbers }
    }

    /// The number of a split's column, and the least key there that goes right.
    pub(super) fn test(&self, split: &Split) -> (u32, i32) {
        let column = Column::of(split);
        (self.numbers[&column], key(split.threshold) - column.shift)
    }

    /// The columns in the order of their numbers; never empty, for a walk always compares one.
    pub(super) fn into_columns(self) -> Columns {
        let mut columns: Vec<_> = self.numbers.into_keys().collect();
        if columns.is_empty() {
            columns.push(Column { feature: 0, shift: 0 });
        }
        Columns { columns }
    }
}

impl Columns {
    /// Keys per row, at least 1.
    pub(super) fn count(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn byte_size(&self) -> usize {
        size_of_val(&self.columns[..])
    }

    /// Writes the keys of one row.
    pub(super) fn fill<'k>(&self, row: &[f32], keys: impl Iterator<Item = &'k mut i32>) {
        for (column, slot) in self.columns.iter().zip(keys) {
            *slot = key(row[column.feature as usize]).wrapping_sub(column.shift);
        }
    }
}

/// The place of a value among all values, missing ones first.
fn key(value: f32) -> i32 {
    let bits = (value + 0.0).to_bits() as i32;
    let ordered = bits ^ ((bits >> 31) & i32::MAX);
    if value.is_nan() { MISSING } else { ordered }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 12] = [
        f32::NEG_INFINITY,
        f32::MIN,
        -1.000_000_1,
        -1.0,
        -f32::MIN_POSITIVE,
        -1e-45,
        0.0,
        1e-45,
        1.0,
        1.000_000_1,
        f32::MAX,
        f32::INFINITY,
    ];

    fn goes_right(value: f32, threshold: f32, default_left: bool) -> bool {
        let split = Split { feature: 0, threshold, default_left, left: 1, right: 2 };
        let shift = Column::of(&split).shift;
        key(value).wrapping_sub(shift) >= key(threshold) - shift
    }

    #[test]
    fn keys_decide_as_floats_do() {
        for value in VALUES.into_iter().chain([-0.0]) {
            for threshold in VALUES.into_iter().chain([-0.0]) {
                for default_left in [false, true] {
                    let right = goes_right(value, threshold, default_left);
                    assert_eq!(right, value >= threshold, "{value} against {threshold}");
                }
            }
        }
    }

    #[test]
    fn missing_goes_by_default() {
        for threshold in VALUES {
            for missing in [f32::NAN, -f32::NAN] {
                assert!(!goes_right(missing, threshold, true));
                assert!(goes_right(missing, threshold, false));
            }
        }
    }
}
