//! Tree-ensemble inference: model readers and kernels.

use std::fmt;

/// A loaded ensemble.
#[derive(Debug)]
pub struct Model {}

/// Why bytes are not a model.
#[derive(Debug, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct Error {
    message: String,
    offset: usize,
}

/// Dense rows, row by row; `NaN` is a missing value.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    values: &'a [f32],
    width: usize,
}
impl<'a> Rows<'a> {
    /// Panics unless `values.len()` is a multiple of `width`.
    pub fn new(values: &'a [f32], width: usize) -> Self {
        Self { values, width }
    }
}

/// What the model was trained for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective(pub String);

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
