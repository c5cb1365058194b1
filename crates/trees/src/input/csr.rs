//! Compressed sparse rows, as SciPy's `csr_matrix` and libsvm files have them.

use std::ops::Range;

use super::Float;
use crate::Error;

/// Rows that mention only some of their values.
///
/// What a row does not mention is what the library that wrote the model takes it for: missing to
/// XGBoost, zero to LightGBM, scikit-learn and CatBoost; [`absent`](Self::absent) says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a> {
    starts: &'a [usize],
    features: &'a [u32],
    values: &'a [f32],
    width: usize,
    absent: Option<f32>,
}

impl<'a> Csr<'a> {
    /// Rows of `width` values: row `i` mentions `features[starts[i]..starts[i + 1]]`, with the values
    /// at the same places. Of a feature that is mentioned twice the last value counts.
    ///
    /// Fails if the starts do not ascend, the lists differ in length, or a feature is `width` or more.
    pub fn new(
        starts: &'a [usize],
        features: &'a [u32],
        values: &'a [f32],
        width: usize,
    ) -> Result<Self, Error> {
        let end = starts.last().copied().unwrap_or(0);
        if starts.is_empty() || !starts.is_sorted() || end > features.len() {
            let message = "the starts of sparse rows do not ascend to at most the number of values";
            return Err(Error::malformed(message));
        }
        if features.len() != values.len() || width == 0 {
            let (features, values) = (features.len(), values.len());
            let message = format!("{features} features and {values} values in rows of {width}");
            return Err(Error::malformed(message));
        }
        if let Some(feature) = features.iter().find(|feature| **feature as usize >= width) {
            let message = format!("a sparse row mentions feature {feature} of {width}");
            return Err(Error::malformed(message));
        }
        Ok(Self { starts, features, values, width, absent: None })
    }

    /// The same rows, in which a value that is not mentioned is `value`; `NaN` is missing.
    #[must_use]
    pub fn absent(self, value: f32) -> Self {
        Self { absent: Some(value), ..self }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per row, mentioned or not.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Some of the rows.
    pub(super) fn slice(self, rows: Range<usize>) -> Self {
        Self { starts: &self.starts[rows.start..=rows.end], ..self }
    }

    /// What is not mentioned, unless the model says.
    pub(super) fn own_absent(&self) -> Option<f32> {
        self.absent
    }

    /// Puts what rows mention into a block.
    pub(super) fn scatter<F: Float>(&self, rows: Range<usize>, block: &mut [F]) {
        self.each(rows, block, |place| F::rounded(self.values[place].into()));
    }

    /// Takes it out again.
    pub(super) fn clear<F: Float>(&self, rows: Range<usize>, absent: F, block: &mut [F]) {
        self.each(rows, block, |_| absent);
    }

    fn each<F>(&self, rows: Range<usize>, block: &mut [F], value: impl Fn(usize) -> F) {
        for (row, block) in rows.zip(block.chunks_exact_mut(self.width)) {
            for place in self.starts[row]..self.starts[row + 1] {
                block[self.features[place] as usize] = value(place);
            }
        }
    }
}
