//! Trees in `f64` that are walked split by split as they were read: those with splits by category or
//! with linear models in their leaves. Owns their layout and their walk; which trees these are, and who
//! answers the others, is `quick`'s.
//!
//! Decisions are those of LightGBM 4 (`include/LightGBM/tree.h`): left if the value is at most the
//! threshold, and a missing type per split says which values go by default instead.

use crate::{
    Rows,
    wide_ensemble::{LinearLeaves, Missing, Test, WideSplit, WideTree},
};

/// Walks under way at once.
const WALKS: usize = 8;
/// Rows that take turns in a tree while it is in the cache.
const BLOCK_ROWS: usize = 64;

/// Trees one after the other.
#[derive(Debug, Default)]
pub(super) struct SlowRun {
    splits: Vec<WideSplit>,
    leaves: Vec<f64>,
    /// The number of the first leaf of each tree.
    firsts: Vec<u32>,
    words: Vec<u32>,
    /// Where each tree begins: a split, or a leaf if it has none.
    roots: Vec<i32>,
    /// The linear models of all leaves, if any tree has some.
    linear: Option<LinearLeaves>,
    /// What is no greater counts as zero.
    zero_max: f64,
    /// The group that the first tree adds to; groups take turns.
    first_group: usize,
}

impl SlowRun {
    /// Without trees.
    pub(super) fn new(first_group: usize, zero_max: f64) -> Self {
        Self { zero_max, first_group, ..Self::default() }
    }

    /// Adds a tree, which must be one.
    pub(super) fn push(&mut self, tree: &WideTree) {
        let (first, leaf, word) = (self.splits.len(), self.leaves.len(), self.words.len() as u32);
        let place = |child: i32| match child {
            0.. => child + first as i32,
            _ => !(!child + leaf as i32),
        };
        self.roots.push(place(if tree.splits.is_empty() { !0 } else { 0 }));
        self.firsts.push(leaf as u32);
        self.splits.extend(tree.splits.iter().map(|split| {
            let test = match split.test {
                Test::OneOf { start, end } => Test::OneOf { start: start + word, end: end + word },
                test @ Test::AtMost { .. } => test,
            };
            WideSplit { test, left: place(split.left), right: place(split.right), ..*split }
        }));
        self.push_linear(tree);
        self.leaves.extend(&tree.leaves);
        self.words.extend(&tree.words);
    }

    /// Adds a tree's linear models; a leaf without one has its value for a constant.
    fn push_linear(&mut self, tree: &WideTree) {
        if tree.linear.is_some() && self.linear.is_none() {
            let constants = self.leaves.clone();
            let starts = vec![0; constants.len() + 1];
            self.linear = Some(LinearLeaves { constants, starts, terms: Vec::new() });
        }
        let Some(all) = &mut self.linear else { return };
        let end = all.terms.len() as u32;
        if let Some(linear) = &tree.linear {
            all.constants.extend(&linear.constants);
            all.starts.extend(linear.starts.iter().skip(1).map(|start| start + end));
            all.terms.extend(&linear.terms);
        } else {
            all.constants.extend(&tree.leaves);
            all.starts.extend(tree.leaves.iter().map(|_| end));
        }
    }

    /// Gives back room that was made for more trees.
    pub(super) fn shrink(&mut self) {
        self.splits.shrink_to_fit();
        self.leaves.shrink_to_fit();
        self.firsts.shrink_to_fit();
        self.words.shrink_to_fit();
        self.roots.shrink_to_fit();
        if let Some(linear) = &mut self.linear {
            linear.constants.shrink_to_fit();
            linear.starts.shrink_to_fit();
            linear.terms.shrink_to_fit();
        }
    }

    pub(super) fn byte_size(&self) -> usize {
        let linear = self.linear.as_ref().map_or(0, |linear| {
            let places = size_of_val(&linear.starts[..]) + size_of_val(&linear.terms[..]);
            places + size_of_val(&linear.constants[..])
        });
        let trees = size_of_val(&self.roots[..]) + size_of_val(&self.firsts[..]);
        let nodes = size_of_val(&self.splits[..]) + size_of_val(&self.leaves[..]);
        nodes + trees + linear + size_of_val(&self.words[..])
    }

    /// Adds the leaves of every row to its sums, `group_count` per row.
    pub(super) fn rows(&self, rows: Rows<'_, f64>, sums: &mut [f64], group_count: usize) {
        if rows.len() < WALKS {
            for (row, sums) in rows.iter().zip(sums.chunks_exact_mut(group_count)) {
                self.row(row, sums);
            }
            return;
        }
        let blocks = sums.chunks_mut(BLOCK_ROWS * group_count);
        for (rows, sums) in rows.blocks(BLOCK_ROWS).zip(blocks) {
            self.block(rows, sums, group_count);
        }
    }

    /// Shows the number that the leaf of each tree has in it, for one row.
    pub(super) fn leaf_ids(&self, row: &[f64], mut show: impl FnMut(u32)) {
        for (roots, firsts) in self.roots.chunks(WALKS).zip(self.firsts.chunks(WALKS)) {
            let leaves = self.descend(starts(roots), |_| row);
            for (leaf, first) in leaves.iter().zip(firsts) {
                show(*leaf as u32 - first);
            }
        }
    }

    /// One row, several trees at a time; what fills the last ones up is the first of them again.
    fn row(&self, row: &[f64], sums: &mut [f64]) {
        let mut group = self.first_group;
        for roots in self.roots.chunks(WALKS) {
            let leaves = self.descend(starts(roots), |_| row);
            for leaf in &leaves[..roots.len()] {
                sums[group] += self.value(*leaf, row);
                group += 1;
                if group == sums.len() {
                    group = 0;
                }
            }
        }
    }

    /// One tree, several rows at a time; what fills the last ones up is the block's first row again.
    fn block(&self, rows: Rows<'_, f64>, sums: &mut [f64], group_count: usize) {
        for (number, root) in self.roots.iter().enumerate() {
            let group = (self.first_group + number) % group_count;
            let mut sums = sums.iter_mut().skip(group).step_by(group_count);
            for first in (0..rows.len()).step_by(WALKS) {
                let row = |walk| rows.row(if first + walk < rows.len() { first + walk } else { 0 });
                let leaves = self.descend([*root; WALKS], row);
                for (walk, (leaf, sum)) in leaves.iter().zip(sums.by_ref()).enumerate() {
                    *sum += self.value(*leaf, row(walk));
                }
            }
        }
    }

    /// What a row gets from a leaf.
    fn value(&self, leaf: usize, row: &[f64]) -> f64 {
        match &self.linear {
            None => self.leaves[leaf],
            Some(linear) => linear.value(leaf, self.leaves[leaf], row),
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
                let is_zero =
                    value.abs() <= self.zero_max || value.is_nan() && missing != Missing::Nan;
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

fn starts(roots: &[i32]) -> [i32; WALKS] {
    std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]))
}
