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

use footprint::Footprint;
use smallvec::SmallVec;

use crate::ensemble::{Choice, Node, Split, Tree};

/// The key of a missing value where it goes left, and of a missing category.
pub(super) const MISSING: i32 = i32::MIN;
/// The key of what is no category.
const NO_CATEGORY: i32 = -1;
/// So many columns are kept without a place in memory of their own.
const COLUMNS_INLINE: usize = 16;
/// XGBoost's categories are less than this.
const CATEGORY_LIMIT: f32 = 16_777_216.0;

/// What one key of a row is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    feature: u32,
    /// 1 if missing goes right, which is subtracted from the key; or [`CATEGORY`].
    shift: i32,
}

/// Stands for a shift: the key is the category, not the place among all values.
const CATEGORY: i32 = 2;

impl Column {
    fn of(split: &Split) -> Self {
        Self { feature: split.feature, shift: i32::from(!split.default_left) }
    }

    fn of_choice(choice: &Choice) -> Self {
        Self { feature: choice.feature, shift: CATEGORY }
    }

    fn of_node(node: &Node) -> Option<Self> {
        match node {
            Node::Leaf(_) => None,
            Node::Split(split) => Some(Self::of(split)),
            Node::Choice(choice) => Some(Self::of_choice(choice)),
        }
    }

    /// The word and the bit that say whether a column is there: four bits for each feature.
    fn place(self) -> (usize, u32) {
        let place = self.feature as usize * 4 + self.shift as usize;
        (place / 64, place as u32 % 64)
    }

    /// The column with a place.
    fn at(place: usize) -> Self {
        Self { feature: (place / 4) as u32, shift: (place % 4) as i32 }
    }

    fn key(self, row: &[f32]) -> i32 {
        let value = row[self.feature as usize];
        if self.shift == CATEGORY { category(value) } else { key(value).wrapping_sub(self.shift) }
    }
}

/// The columns that a forest's splits compare.
#[derive(Debug)]
pub(super) struct Columns {
    columns: SmallVec<[Column; COLUMNS_INLINE]>,
}

/// Finds a split's column while a layout is built: the bits of the columns that there are, in the
/// columns' order, so that a column's number is the number of bits before its own.
#[derive(Debug)]
pub(super) struct ColumnIndex {
    bits: Vec<u64>,
    /// How many columns stand before each word of bits.
    before: Vec<u32>,
}

impl ColumnIndex {
    pub(super) fn new(trees: &[Tree]) -> Self {
        let mut bits = Vec::new();
        for column in trees.iter().flat_map(|tree| &tree.nodes).filter_map(Column::of_node) {
            let (word, bit) = column.place();
            if word >= bits.len() {
                bits.resize(word + 1, 0);
            }
            bits[word] |= 1_u64 << bit;
        }
        let counts = bits.iter().scan(0, |count, word| {
            let before = *count;
            *count += word.count_ones();
            Some(before)
        });
        let before = counts.collect();
        Self { bits, before }
    }

    /// The number of a split's column, and the least key there that goes right.
    pub(super) fn test(&self, split: &Split) -> (u32, i32) {
        let column = Column::of(split);
        (self.number(column), key(split.threshold) - column.shift)
    }

    /// The number of the column of categories that a choice looks at.
    pub(super) fn choice(&self, choice: &Choice) -> u32 {
        self.number(Column::of_choice(choice))
    }

    fn number(&self, column: Column) -> u32 {
        let (word, bit) = column.place();
        self.before[word] + (self.bits[word] & ((1 << bit) - 1)).count_ones()
    }

    /// The columns in the order of their numbers; never empty, for a walk always compares one.
    pub(super) fn into_columns(self) -> Columns {
        let places = (0..).step_by(64).zip(self.bits).flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        });
        let mut columns: SmallVec<_> = places.map(Column::at).collect();
        if columns.is_empty() {
            columns.push(Column::at(0));
        }
        columns.shrink_to_fit();
        Columns { columns }
    }
}

impl Columns {
    /// Keys per row, at least 1.
    pub(super) fn count(&self) -> usize {
        self.columns.len()
    }

    /// Bytes of heap memory.
    pub(super) fn byte_size(&self) -> usize {
        if self.columns.spilled() { size_of_val(&self.columns[..]) } else { 0 }
    }

    pub(super) fn footprint(&self, footprint: &mut Footprint) {
        if self.columns.spilled() {
            footprint.add(&self.columns[..]);
        }
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
    fn columns_are_numbered_in_their_order() {
        let column = |feature, shift| Column { feature, shift };
        let (low, high) = (column(0, 1), column(1 << 20, CATEGORY));
        for column in [low, column(15, 0), column(16, 1), high] {
            let (word, bit) = column.place();
            assert_eq!(Column::at(word * 64 + bit as usize), column);
        }
        let split = |feature, default_left| {
            Node::Split(Split { feature, threshold: 1.0, default_left, left: 1, right: 2 })
        };
        let nodes = [split(20, true), split(3, false), split(3, true)];
        let trees = nodes.map(|node| {
            let nodes = [node, Node::Leaf(0.0), Node::Leaf(0.0)];
            Tree::new(3, 0, |at| Ok(nodes[at])).expect("a tree")
        });
        let index = ColumnIndex::new(&trees);
        let found = nodes.map(|node| index.number(Column::of_node(&node).expect("a split")));
        assert_eq!(found, [2, 1, 0]);
        let all = [column(3, 0), column(3, 1), column(20, 0)];
        assert_eq!(index.into_columns().columns[..], all);
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
