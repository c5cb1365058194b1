//! What the readers of models in `f64` produce and `kernel::wide` is built from: trees that are known
//! to be trees, whose features exist, and what their sums mean. Knows no file format and no memory
//! layout. `ensemble` is its counterpart for models in `f32`.

use std::ops::Range;

use crate::{
    Error, Label, Objective,
    ensemble::{Places, check_iterations, check_names, check_shape},
};

/// A whole model, checked: tree after tree, one for each group in turn.
#[derive(Debug)]
pub(crate) struct WideEnsemble {
    pub(crate) objective: Objective,
    pub(crate) transform: WideTransform,
    pub(crate) feature_count: usize,
    pub(crate) feature_names: Vec<String>,
    /// What the classes are called; empty if the file does not say.
    pub(crate) classes: Vec<Label>,
    /// How many classes a classifier tells apart, else 0.
    pub(crate) class_count: usize,
    /// Where the sums start; one per group.
    pub(crate) base_margins: Vec<f64>,
    pub(crate) average: Average,
    /// What is no greater counts as zero.
    pub(crate) zero_max: f64,
    /// As many trees here are one tree of the file, whose leaves have so many values; at least 1.
    pub(crate) values_per_leaf: usize,
    pub(crate) trees: Vec<WideTree>,
    /// The round at which early stopping found the best score.
    pub(crate) best_iteration: Option<usize>,
}

/// What is divided by the number of trees per group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Average {
    Nothing,
    /// The sums, before they become predictions.
    Predictions,
    /// The sums themselves, which so are means.
    Margins,
}

/// One tree, as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct WideTree {
    pub(crate) splits: Vec<WideSplit>,
    pub(crate) leaves: Vec<f64>,
    /// Bits of sets of categories.
    pub(crate) words: Vec<u32>,
    /// What the leaves add to their values, of a tree that has linear models in them.
    pub(crate) linear: Option<LinearLeaves>,
    /// The byte of the file where it begins.
    pub(crate) start: usize,
    pub(crate) statistics: WideStatistics,
}

/// Children of 0 and more are splits of the tree; `!child` is the number of a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WideSplit {
    pub(crate) test: Test,
    pub(crate) feature: u32,
    pub(crate) left: i32,
    pub(crate) right: i32,
}

/// What a split asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    /// Left if the value is at most the threshold.
    AtMost { threshold: f64, missing: Missing, default_left: bool },
    /// Left if the value, without its fraction, has its bit in these of the tree's words.
    OneOf { start: u32, end: u32 },
}

impl Test {
    /// How many words its set has.
    pub(crate) fn words(&self) -> usize {
        match self {
            Self::AtMost { .. } => 0,
            Self::OneOf { start, end } => (end - start) as usize,
        }
    }
}

/// Which values of a split's feature go by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Missing {
    /// None: `NaN` counts as zero.
    None,
    /// Zeros, and `NaN`.
    Zero,
    Nan,
}

/// Linear models of leaves: a leaf's value is its constant and the products of its coefficients with
/// the row's values, unless one of these is missing; then it is the value that the tree has.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinearLeaves {
    /// One per leaf.
    pub(crate) constants: Vec<f64>,
    /// Where each leaf's terms begin, and where the last one's end.
    pub(crate) starts: Vec<u32>,
    /// Feature and coefficient.
    pub(crate) terms: Vec<(u32, f64)>,
}

/// What training saw at each node; empty where nobody asked, or where the file does not say.
#[derive(Clone, Debug, Default)]
pub(crate) struct WideStatistics {
    /// The weight of the rows at each split.
    pub(crate) split_covers: Vec<f64>,
    /// The weight of the rows at each leaf.
    pub(crate) leaf_covers: Vec<f64>,
    /// What each split gained.
    pub(crate) gains: Vec<f64>,
}

/// From the sums of one row to its prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WideTransform {
    Identity,
    /// The square, with the sign.
    Square,
    Exp,
    /// With the factor of the margin.
    Sigmoid(f64),
    Softmax,
    /// The logarithm of one plus the exponential.
    Softplus,
}

impl WideEnsemble {
    /// Margins per row.
    pub(crate) fn group_count(&self) -> usize {
        self.base_margins.len()
    }

    /// Rounds of training.
    pub(crate) fn iteration_count(&self) -> usize {
        self.trees.len() / self.group_count()
    }

    /// Refuses shapes that no model has, and trees that use what is not there.
    pub(crate) fn check(self, places: Places) -> Result<Self, Error> {
        check_shape(self.feature_count, self.group_count(), places)?;
        if !self.trees.len().is_multiple_of(self.group_count()) {
            let (trees, groups) = (self.trees.len(), self.group_count());
            let message = format!("{trees} trees for {groups} groups");
            return Err(Error::malformed(message).at(places.trees));
        }
        if self.class_count > 0 && self.class_count != self.group_count().max(2) {
            let (classes, groups) = (self.class_count, self.group_count());
            let message = format!("{classes} classes for {groups} groups");
            return Err(Error::malformed(message).at(places.group_count));
        }
        check_names(&self.feature_names, self.feature_count, places)?;
        Ok(self)
    }

    /// Refuses trees that are none, and such as use features that are not there.
    pub(crate) fn check_trees(self) -> Result<Self, Error> {
        for (number, tree) in self.trees.iter().enumerate() {
            let checked = tree.check(self.feature_count);
            let number = number / self.values_per_leaf;
            checked.map_err(|error| error.at(tree.start).within(format_args!("tree {number}")))?;
        }
        Ok(self)
    }

    /// Keeps the trees of some rounds.
    pub(crate) fn slice(&mut self, iterations: Range<usize>) -> Result<(), Error> {
        check_iterations(&iterations, self.iteration_count())?;
        let groups = self.group_count();
        self.trees.truncate(iterations.end * groups);
        self.trees.drain(..iterations.start * groups);
        Ok(())
    }
}

impl WideTree {
    /// Fails unless each split but the root and each leaf has exactly one parent: then no walk from the
    /// root meets anything twice. Fails also if a split or a leaf looks at a feature that is not there.
    pub(crate) fn check(&self, feature_count: usize) -> Result<(), Error> {
        let (split_count, leaf_count) = (self.splits.len(), self.leaves.len());
        if leaf_count != split_count + 1 {
            let message = format!("has {leaf_count} leaves for {split_count} splits");
            return Err(Error::malformed(message));
        }
        let mut splits = vec![false; self.splits.len()];
        let mut leaves = vec![false; self.leaves.len()];
        if let Some(root) = splits.first_mut() {
            *root = true;
        }
        for split in &self.splits {
            check_feature(split.feature, feature_count)?;
            for child in [split.left, split.right] {
                let seen = match child {
                    0.. => splits.get_mut(child as usize),
                    _ => leaves.get_mut(!child as usize),
                };
                if seen.is_none_or(|seen| std::mem::replace(seen, true)) {
                    let message = format!("points to {child} twice or out of range");
                    return Err(Error::malformed(message));
                }
            }
        }
        let mut terms = self.linear.iter().flat_map(|linear| &linear.terms);
        terms.try_for_each(|(feature, _)| check_feature(*feature, feature_count))
    }
}

/// The greatest `f64` that, rounded to `f32`, is no greater than a threshold: comparing with it is
/// comparing rounded values with the threshold.
pub(crate) fn last_rounded_to(threshold: f64) -> f64 {
    let nearest = threshold as f32;
    let below = if f64::from(nearest) <= threshold { nearest } else { nearest.next_down() };
    let half_step = (f64::from(f32::MAX) - f64::from(f32::MAX.next_down())) / 2.0;
    if below == f32::NEG_INFINITY {
        return -f64::from(f32::MAX) - half_step;
    }
    if below == f32::INFINITY {
        return f64::INFINITY;
    }
    // What is beyond the greatest `f32` rounds as if there were one more.
    let above = match below.next_up() {
        above if above.is_finite() => f64::from(above),
        _ => f64::from(below) + 2.0 * half_step,
    };
    let middle = f64::midpoint(f64::from(below), above);
    // Halves round to the even one of both.
    if middle as f32 <= below { middle } else { middle.next_down() }
}

fn check_feature(feature: u32, feature_count: usize) -> Result<(), Error> {
    if (feature as usize) < feature_count {
        return Ok(());
    }
    Err(Error::malformed(format!("splits on feature {feature} of {feature_count}")))
}

impl LinearLeaves {
    /// What a row gets from a leaf whose plain value is `value`.
    pub(crate) fn value(&self, leaf: usize, value: f64, row: &[f64]) -> f64 {
        let (start, end) = (self.starts[leaf] as usize, self.starts[leaf + 1] as usize);
        let mut sum = self.constants[leaf];
        for (feature, coefficient) in &self.terms[start..end] {
            let x = row[*feature as usize];
            if x.is_nan() {
                return value;
            }
            sum += coefficient * x;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_with_the_last_is_comparing_rounded_values() {
        for threshold in [
            0.0,
            0.1,
            f64::from(0.1_f32),
            -0.1,
            1.0,
            f64::from(1.0_f32.next_up()),
            1e-45,
            -1e-46,
            3.4e38,
            f64::from(f32::MAX),
            1e300,
            -1e300,
            f64::INFINITY,
        ] {
            let last = last_rounded_to(threshold);
            for value in [last.next_down(), last, last.next_up(), threshold, -threshold] {
                let rounded = f64::from(value as f32) <= threshold;
                assert_eq!(value <= last, rounded, "{value:e} against {threshold:e}");
            }
        }
    }
}
