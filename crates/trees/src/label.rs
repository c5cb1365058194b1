//! What a class is called: the labels that a classifier was trained with, where its file keeps them.

use std::fmt;

/// The label of one class, as the training data had it.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A truth value.
    Truth(bool),
    /// A name.
    Text(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Truth(value) => value.fmt(f),
            Self::Text(name) => name.fmt(f),
        }
    }
}
