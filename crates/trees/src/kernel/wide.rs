//! LightGBM's trees, which are `f64` throughout: thresholds, leaves, sums and rows. Owns their
//! layout, their decisions and what becomes of the sums; `read::lightgbm` fills them in.
//!
//! Decisions are those of LightGBM 4 (`include/LightGBM/tree.h`): left if the value is at most the
//! threshold, and a missing type per split says which values go by default instead.

use std::ops::Range;

use crate::{Error, Rows, ensemble::check_iterations};

/// Walks under way at once.
const WALKS: usize = 8;
/// Rows that take turns in a tree while it is in the cache.
const BLOCK_ROWS: usize = 64;
/// LightGBM takes what is no greater for zero, at the latest when it copies a row (`c_api.cpp`).
const ZERO: f64 = 1e-35_f32 as f64;

/// Which values of a split's feature go by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// None: `NaN` counts as zero.
    None,
    /// Zeros, and `NaN`.
    Zero,
    Nan,
}

/// What a split asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    /// Left if the value is at most the threshold.
    AtMost { threshold: f64, missing: Missing, default_left: bool },
    /// Left if the value, without its fraction, has its bit in these of the tree's words.
    OneOf { start: u32, end: u32 },
}

/// Children of 0 and more are splits of the tree; `!child` is the number of a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WideSplit {
    pub(crate) test: Test,
    pub(crate) feature: u32,
    pub(crate) left: i32,
    pub(crate) right: i32,
}

/// One tree, as read.
#[derive(Debug, Default)]
pub(crate) struct WideTree {
    pub(crate) splits: Vec<WideSplit>,
    pub(crate) leaves: Vec<f64>,
    /// Bits of sets of categories.
    pub(crate) words: Vec<u32>,
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

/// An ensemble ready to be walked.
#[derive(Debug)]
pub(crate) struct Wide {
    splits: Vec<WideSplit>,
    leaves: Vec<f64>,
    /// The number of each leaf in its tree.
    ids: Vec<u32>,
    words: Vec<u32>,
    /// Where each tree begins: a split, or a leaf if it has none.
    roots: Vec<i32>,
    group_count: usize,
    /// Predictions are the sums divided by the number of trees per group.
    average: bool,
    transform: WideTransform,
}

impl Wide {
    /// Tree after tree, one for each group in turn.
    pub(crate) fn new(group_count: usize, average: bool, transform: WideTransform) -> Self {
        let (splits, leaves, words, roots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { splits, leaves, ids: Vec::new(), words, roots, group_count, average, transform }
    }

    /// Adds a tree. Fails if it is none: if a child is out of range or has two parents, or if a
    /// split looks at a feature that is not there.
    pub(crate) fn push(&mut self, tree: &WideTree, feature_count: usize) -> Result<(), Error> {
        check(tree, feature_count)?;
        let (first, leaf, word) = (self.splits.len(), self.leaves.len(), self.words.len() as u32);
        let place = |child: i32| match child {
            0.. => child + first as i32,
            _ => !(!child + leaf as i32),
        };
        self.roots.push(place(if tree.splits.is_empty() { !0 } else { 0 }));
        self.splits.extend(tree.splits.iter().map(|split| {
            let test = match split.test {
                Test::OneOf { start, end } => Test::OneOf { start: start + word, end: end + word },
                test @ Test::AtMost { .. } => test,
            };
            WideSplit { test, left: place(split.left), right: place(split.right), ..*split }
        }));
        self.leaves.extend(&tree.leaves);
        self.ids.extend(0..tree.leaves.len() as u32);
        self.words.extend(&tree.words);
        Ok(())
    }

    pub(crate) fn group_count(&self) -> usize {
        self.group_count
    }

    pub(crate) fn tree_count(&self) -> usize {
        self.roots.len()
    }

    pub(crate) fn byte_size(&self) -> usize {
        let leaves = size_of_val(&self.leaves[..]) + size_of_val(&self.ids[..]);
        let nodes = size_of_val(&self.splits[..]) + leaves;
        nodes + size_of_val(&self.words[..]) + size_of_val(&self.roots[..])
    }

    /// Writes the sums of every row, `group_count` each.
    pub(crate) fn margins(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        out.fill(0.0);
        if rows.len() < WALKS {
            for (row, sums) in rows.iter().zip(out.chunks_exact_mut(self.group_count)) {
                self.row(row, sums);
            }
            return;
        }
        let blocks = out.chunks_mut(BLOCK_ROWS * self.group_count);
        for (rows, sums) in rows.blocks(BLOCK_ROWS).zip(blocks) {
            self.block(rows, sums);
        }
    }

    /// Rounds of training.
    pub(crate) fn iteration_count(&self) -> usize {
        self.roots.len() / self.group_count
    }

    /// Keeps the trees of some rounds; those of others are no longer walked.
    pub(crate) fn slice(&mut self, iterations: Range<usize>) -> Result<(), Error> {
        check_iterations(&iterations, self.iteration_count())?;
        self.roots.truncate(iterations.end * self.group_count);
        self.roots.drain(..iterations.start * self.group_count);
        Ok(())
    }

    /// Writes the number of the leaf that every row reaches in every tree.
    pub(crate) fn leaf_ids(&self, rows: Rows<'_, f64>, out: &mut [u32]) {
        for (row, out) in rows.iter().zip(out.chunks_mut(self.roots.len().max(1))) {
            for (roots, out) in self.roots.chunks(WALKS).zip(out.chunks_mut(WALKS)) {
                let starts = std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]));
                let leaves = self.descend(starts, |_| row);
                for (leaf, out) in leaves.iter().zip(out) {
                    *out = self.ids[*leaf];
                }
            }
        }
    }

    /// Turns sums into predictions.
    pub(crate) fn transform(&self, sums: &mut [f64]) {
        let rounds = self.iteration_count();
        if self.average && rounds > 0 {
            for sum in &mut *sums {
                *sum /= rounds as f64;
            }
        }
        let each: &dyn Fn(f64) -> f64 = match self.transform {
            WideTransform::Identity => return,
            WideTransform::Softmax => {
                return sums.chunks_exact_mut(self.group_count).for_each(softmax);
            }
            WideTransform::Square => &|sum| sum.signum() * sum * sum,
            WideTransform::Exp => &f64::exp,
            WideTransform::Sigmoid(factor) => &move |sum| 1.0 / (1.0 + (-factor * sum).exp()),
            WideTransform::Softplus => &|sum| sum.exp().ln_1p(),
        };
        for sum in sums {
            *sum = each(*sum);
        }
    }

    /// One row, several trees at a time; what fills the last ones up is the first tree again.
    fn row(&self, row: &[f64], sums: &mut [f64]) {
        for (first, roots) in self.roots.chunks(WALKS).enumerate() {
            let starts = std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]));
            let leaves = self.descend(starts, |_| row);
            for (walk, leaf) in leaves.iter().enumerate().take(roots.len()) {
                sums[(first * WALKS + walk) % self.group_count] += self.leaves[*leaf];
            }
        }
    }

    /// One tree, several rows at a time; what fills the last ones up is the block's first row again.
    fn block(&self, rows: Rows<'_, f64>, sums: &mut [f64]) {
        for (number, root) in self.roots.iter().enumerate() {
            let group = number % self.group_count;
            let mut sums = sums.iter_mut().skip(group).step_by(self.group_count);
            for first in (0..rows.len()).step_by(WALKS) {
                let row = |walk| rows.row(if first + walk < rows.len() { first + walk } else { 0 });
                let leaves = self.descend([*root; WALKS], row);
                for (leaf, sum) in leaves.iter().zip(sums.by_ref()) {
                    *sum += self.leaves[*leaf];
                }
            }
        }
    }

    /// Takes walks to their leaves together.
    fn descend<'r>(
        &self,
        mut at: [i32; WALKS],
        row: impl Fn(usize) -> &'r [f64],
    ) -> [usize; WALKS] {
        while at.iter().any(|at| *at >= 0) {
            for (walk, at) in at.iter_mut().enumerate() {
                if let Ok(split) = usize::try_from(*at) {
                    *at = self.next(&self.splits[split], row(walk));
                }
            }
        }
        at.map(|at| !at as usize)
    }

    fn next(&self, split: &WideSplit, row: &[f64]) -> i32 {
        let value = row[split.feature as usize];
        let left = match split.test {
            Test::AtMost { threshold, missing, default_left } => {
                let is_zero = value.abs() <= ZERO || value.is_nan() && missing != Missing::Nan;
                let value = if is_zero { 0.0 } else { value };
                let by_default = match missing {
                    Missing::None => false,
                    Missing::Zero => is_zero,
                    Missing::Nan => value.is_nan(),
                };
                if by_default { default_left } else { value <= threshold }
            }
            Test::OneOf { start, end } => {
                contains(&self.words[start as usize..end as usize], value)
            }
        };
        if left { split.left } else { split.right }
    }
}

/// Missing and negative values are in no set.
fn contains(words: &[u32], value: f64) -> bool {
    if value.is_nan() || value <= -1.0 {
        return false;
    }
    let category = value as u32;
    words.get(category as usize / 32).is_some_and(|word| word >> (category % 32) & 1 == 1)
}

fn softmax(sums: &mut [f64]) {
    let greatest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for sum in &mut *sums {
        *sum = (*sum - greatest).exp();
        total += *sum;
    }
    for sum in sums {
        *sum /= total;
    }
}

/// Each split but the root and each leaf must have one parent: then no walk from the root meets
/// anything twice.
fn check(tree: &WideTree, feature_count: usize) -> Result<(), Error> {
    let mut splits = vec![false; tree.splits.len()];
    let mut leaves = vec![false; tree.leaves.len()];
    if let Some(root) = splits.first_mut() {
        *root = true;
    }
    for split in &tree.splits {
        if split.feature as usize >= feature_count {
            let feature = split.feature;
            return Err(Error::malformed(format!(
                "splits on feature {feature} of {feature_count}"
            )));
        }
        for child in [split.left, split.right] {
            let seen = match child {
                0.. => splits.get_mut(child as usize),
                _ => leaves.get_mut(!child as usize),
            };
            if seen.is_none_or(|seen| std::mem::replace(seen, true)) {
                return Err(Error::malformed(format!("points to {child} twice or out of range")));
            }
        }
    }
    Ok(())
}
