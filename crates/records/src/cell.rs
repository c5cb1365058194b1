//! One named part of an answer's row, where an answer holds more than scores.
//!
//! Owns what a part can be; how it is written is each format's business, and which parts an answer
//! has is the caller's.

use crate::{ClassName, Real};

/// A part of a row: one value or a list of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a, V: Real = f32> {
    /// Nothing that means anything: `nan` in CSV, `null` in JSON.
    Missing,
    /// A number.
    Number(V),
    /// A class, printed without a fraction.
    Label(u32),
    /// A list of numbers.
    Numbers(&'a [V]),
    /// A list of two numbers that stand nowhere else.
    Pair([V; 2]),
    /// The list of so many classes, from 0.
    Labels(u32),
    /// A class by its name.
    Name(&'a ClassName),
    /// The list of all classes by their names.
    Names(&'a [ClassName]),
}

/// What a cell holds, one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Item<'a, V> {
    Number(V),
    Label(u32),
    Name(&'a ClassName),
}

impl<'a, V: Real> Cell<'a, V> {
    /// Whether the cell is a list, be it of one value.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Numbers(_) | Self::Pair(_) | Self::Labels(_) | Self::Names(_))
    }

    /// How many values it holds.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Missing | Self::Number(_) | Self::Label(_) | Self::Name(_) => 1,
            Self::Numbers(values) => values.len(),
            Self::Pair(_) => 2,
            Self::Labels(count) => count as usize,
            Self::Names(names) => names.len(),
        }
    }

    /// Shows every value in order, a missing one as `NaN`.
    pub(crate) fn visit(self, mut visit: impl FnMut(Item<'a, V>)) {
        match self {
            Self::Missing => visit(Item::Number(V::MISSING)),
            Self::Number(value) => visit(Item::Number(value)),
            Self::Label(label) => visit(Item::Label(label)),
            Self::Numbers(values) => values.iter().for_each(|value| visit(Item::Number(*value))),
            Self::Pair(values) => values.iter().for_each(|value| visit(Item::Number(*value))),
            Self::Labels(count) => (0..count).for_each(|label| visit(Item::Label(label))),
            Self::Name(name) => visit(Item::Name(name)),
            Self::Names(names) => names.iter().for_each(|name| visit(Item::Name(name))),
        }
    }
}
