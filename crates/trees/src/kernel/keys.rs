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

use crate::ensemble::{Choice, Node, Split, Tree};

/// The key of a missing value where it goes left, and of a missing category.
pub(super) const MISSING: i32 = i32::MIN;
/// The key of what is no category.
const NO_CATEGORY: i32 = -1;
/// XGBoost's categories are less than this.
const CATEGORY_LIMIT: f32 = 16_777_216.0;

/// What one key of a row is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    feature: u32,
    /// The key is the category, not the place among all values.
    category: bool,
    /// 1 if missing goes right, which is subtracted from the key.
    shift: i32,
}

impl Column {
    fn of(split: &Split) -> Self {
        let shift = i32::from(!split.default_left);
        Self { feature: split.feature, category: false, shift }
    }

    fn of_choice(choice: &Choice) -> Self {
        Self { feature: choice.feature, category: true, shift: 0 }
    }

    fn of_node(node: &Node) -> Option<Self> {
        match node {
            Node::Leaf(_) => None,
            Node::Split(split) => Some(Self::of(split)),
            Node::Choice(choice) => Some(Self::of_choice(choice)),
        }
    }

    fn key(self, row: &[f32]) -> i32 {
        let value = row[self.feature as usize];
        if self.category { category(value) } else { key(value).wrapping_sub(self.shift) }
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
        for column in trees.iter().flat_map(|tree| &tree.nodes).filter_map(Column::of_node) {
            numbers.insert(column, 0);
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

    /// The number of the column of categories that a choice looks at.
    pub(super) fn choice(&self, choice: &Choice) -> u32 {
        self.numbers[&Column::of_choice(choice)]
    }

    /// The columns in the order of their numbers; never empty, for a walk always compares one.
    pub(super) fn into_columns(self) -> Columns {
        let mut columns: Vec<_> = self.numbers.into_keys().collect();
        if columns.is_empty() {
            columns.push(Column { feature: 0, category: false, shift: 0 });
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
            *slot = column.key(row);
        }
    }
}

/// The place of a value among all values, missing ones first.
fn key(value: f32) -> i32 {
    let bits = (value + 0.0).to_bits() as i32;
    let ordered = bits ^ ((bits >> 31) & i32::MAX);
    if value.is_nan() { MISSING } else { ordered }
}

/// The category that a value stands for: its whole part (`xgboost/src/common/categorical.h`).
fn category(value: f32) -> i32 {
    match value {
        _ if value.is_nan() => MISSING,
        _ if (0.0..CATEGORY_LIMIT).contains(&value) => value as i32,
        _ => NO_CATEGORY,
    }
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
    fn categories_lose_their_fraction() {
        for (value, expected) in [
            (0.0, 0),
            (-0.0, 0),
            (2.9, 2),
            (16_777_215.0, 16_777_215),
            (16_777_216.0, NO_CATEGORY),
            (f32::INFINITY, NO_CATEGORY),
            (-0.5, NO_CATEGORY),
            (f32::NAN, MISSING),
        ] {
            assert_eq!(category(value), expected, "{value}");
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
