//! The margins of the booster `gblinear`: weighted sums of features.

use footprint::Footprint;

use crate::{Rows, ensemble::Ensemble};

/// Weights, ready to be summed.
#[derive(Debug)]
pub(crate) struct Linear {
    base_margins: Vec<f32>,
    /// A row of one weight per group for each feature, then one of biases.
    weights: Vec<f32>,
}

impl Linear {
    /// `weights` must have as many values as [`Ensemble::check`] demands.
    pub(crate) fn new(ensemble: &Ensemble, weights: &[f32]) -> Self {
        // XGBoost starts every group from the first base margin, also where it has one for each
        // (`gblinear.cc` of 3.2.0).
        let base = ensemble.base_margins.first().copied().unwrap_or(0.0);
        let base_margins = vec![base; ensemble.base_margins.len()];
        Self { base_margins, weights: weights.to_vec() }
    }

    /// Margins per row.
    pub(crate) fn group_count(&self) -> usize {
        self.base_margins.len()
    }

    pub(crate) fn byte_size(&self) -> usize {
        size_of_val(&self.base_margins[..]) + size_of_val(&self.weights[..])
    }

    /// Adds the heap memory that one row reads.
    pub(crate) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&self.base_margins[..]);
        footprint.add(&self.weights[..]);
    }

    /// Writes the margins of every row, `group_count` each.
    pub(crate) fn margins(&self, rows: Rows<'_>, out: &mut [f32]) {
        for (row, sums) in rows.iter().zip(out.chunks_exact_mut(self.group_count())) {
            self.row(row, sums);
        }
    }

    /// In XGBoost's order: bias and base margin first, then the features; missing ones add nothing.
    fn row(&self, row: &[f32], sums: &mut [f32]) {
        let group_count = self.group_count();
        let biases = &self.weights[row.len() * group_count..];
        for ((sum, bias), base) in sums.iter_mut().zip(biases).zip(&self.base_margins) {
            *sum = bias + base;
        }
        for (value, weights) in row.iter().zip(self.weights.chunks_exact(group_count)) {
            if value.is_nan() {
                continue;
            }
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
}
