//! Explanations of the booster `gblinear`: a weighted sum explains itself. `kernel::linear` computes it.

use super::source::Cells;
use crate::{Rows, ensemble::Ensemble, read::Contents};

/// Weights, and what they are compared with.
#[derive(Debug)]
pub(super) struct Linear {
    /// A row of one per group for each feature.
    weights: Vec<f64>,
    /// For each weight, the mean of its products over a background; empty if there is none.
    means: Vec<f64>,
    expected: Vec<f64>,
}

impl Linear {
    /// Nothing if the model has trees.
    pub(super) fn of(contents: &Contents) -> Option<Self> {
        match contents {
            Contents::Narrow(ensemble) => Some(Self::new(ensemble, ensemble.linear.as_deref()?)),
            Contents::Wide(_) => None,
        }
    }

    fn new(ensemble: &Ensemble, weights: &[f32]) -> Self {
        let (weights, bias) = weights.split_at(weights.len() - ensemble.base_margins.len());
        // The margins of every group start from the first one's base (`kernel::linear`).
        let base = ensemble.base_margins.first().copied().unwrap_or(0.0);
        Self {
            weights: weights.iter().map(|weight| f64::from(*weight)).collect(),
            means: Vec::new(),
            expected: bias.iter().map(|bias| f64::from(base) + f64::from(*bias)).collect(),
        }
    }

    /// Compares with the rows of a background instead of with nothing.
    pub(super) fn against(mut self, rows: &[f64]) -> Self {
        let groups = self.expected.len();
        let width = self.weights.len() / groups;
        let mut means = vec![0.0; self.weights.len()];
        let count = (rows.len() / width) as f64;
        for row in rows.chunks_exact(width) {
            let weights = self.weights.chunks_exact(groups).zip(means.chunks_exact_mut(groups));
            for (value, (weights, means)) in row.iter().zip(weights) {
                for (weight, mean) in weights.iter().zip(means) {
                    *mean += product(*value, *weight) / count;
                }
            }
        }
        for (group, expected) in self.expected.iter_mut().enumerate() {
            *expected += means.iter().skip(group).step_by(groups).sum::<f64>();
        }
        self.means = means;
        self
    }

    pub(super) fn expected(&self) -> &[f64] {
        &self.expected
    }

    pub(super) fn byte_size(&self) -> usize {
        size_of_val(&self.weights[..]) + size_of_val(&self.means[..])
    }

    pub(super) fn contributions(&self, rows: Rows<'_, f64>, cells: Cells, out: &mut [f64]) {
        let groups = self.expected.len();
        let out_width = rows.width() + 1;
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(groups * out_width)) {
            for (group, out) in out.chunks_exact_mut(out_width).enumerate() {
                for (feature, value) in row.iter().enumerate() {
                    let place = feature * groups + group;
                    let mean = self.means.get(place).copied().unwrap_or(0.0);
                    out[feature] = product(cells.read(*value), self.weights[place]) - mean;
                }
                out[row.len()] = self.expected[group];
            }
        }
    }
}

/// Missing values add nothing.
fn product(value: f64, weight: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value * weight }
}
