//! Trees that are `f64` throughout, such as LightGBM's: thresholds, leaves, sums and rows. Owns their
//! layout, their decisions and what becomes of the sums; `wide_ensemble` has them as read.
//!
//! Decisions are those of LightGBM 4 (`include/LightGBM/tree.h`): left if the value is at most the
//! threshold, and a missing type per split says which values go by default instead.

use std::ops::Range;

use super::{quick::Quick, simd::Isa};
use crate::{
    Rows,
    wide_ensemble::{
        Average, LinearLeaves, Missing, Test, WideEnsemble, WideSplit, WideTransform, WideTree,
    },
};

/// Walks under way at once.
const WALKS: usize = 8;
/// Rows that take turns in a tree while it is in the cache.
const BLOCK_ROWS: usize = 64;

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
    /// The linear models of all leaves, if any tree has some.
    linear: Option<LinearLeaves>,
    /// Where the sums start; one per group.
    base_margins: Vec<f64>,
    average: Average,
    zero_max: f64,
    /// As many trees here are one tree of the file.
    values_per_leaf: usize,
    transform: WideTransform,
    /// The same trees once more, where that is faster.
    quick: Option<Box<Quick>>,
}

impl Wide {
    pub(crate) fn with_isa(ensemble: &WideEnsemble, isa: Isa) -> Self {
        let is_linear = ensemble.trees.iter().any(|tree| tree.linear.is_some());
        let mut wide = Self {
            splits: Vec::with_capacity(ensemble.trees.iter().map(|tree| tree.splits.len()).sum()),
            leaves: Vec::with_capacity(ensemble.trees.iter().map(|tree| tree.leaves.len()).sum()),
            ids: Vec::new(),
            words: Vec::new(),
            roots: Vec::with_capacity(ensemble.trees.len()),
            linear: is_linear.then(|| LinearLeaves { starts: vec![0], ..LinearLeaves::default() }),
            base_margins: ensemble.base_margins.clone(),
            average: ensemble.average,
            zero_max: ensemble.zero_max,
            values_per_leaf: ensemble.values_per_leaf,
            transform: ensemble.transform,
            quick: Quick::new(isa, ensemble).map(Box::new),
        };
        for tree in &ensemble.trees {
            wide.push(tree);
        }
        wide
    }

    fn push(&mut self, tree: &WideTree) {
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
        if let Some(linear) = &mut self.linear {
            push_linear(linear, tree);
        }
    }

    pub(crate) fn group_count(&self) -> usize {
        self.base_margins.len()
    }

    /// Trees as the file counts them.
    pub(crate) fn tree_count(&self) -> usize {
        self.roots.len() / self.values_per_leaf
    }

    pub(crate) fn byte_size(&self) -> usize {
        let leaves = size_of_val(&self.leaves[..]) + size_of_val(&self.ids[..]);
        let nodes = size_of_val(&self.splits[..]) + leaves;
        let linear = self.linear.as_ref().map_or(0, |linear| {
            let places = size_of_val(&linear.starts[..]) + size_of_val(&linear.terms[..]);
            places + size_of_val(&linear.constants[..])
        });
        let quick = self.quick.as_ref().map_or(0, |quick| quick.byte_size());
        nodes + linear + size_of_val(&self.words[..]) + size_of_val(&self.roots[..]) + quick
    }

    /// Writes the sums of every row, `group_count` each.
    pub(crate) fn margins(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        for sums in out.chunks_exact_mut(self.group_count()) {
            sums.copy_from_slice(&self.base_margins);
        }
        match &self.quick {
            Some(quick) => {
                quick.add(rows, out, |trees, rows, sums| self.walk(trees, rows, sums));
            }
            None => self.walk(0..self.roots.len(), rows, out),
        }
        if self.average == Average::Margins {
            self.divide(out);
        }
    }

    /// Adds the leaves of some trees to the sums of every row.
    fn walk(&self, trees: Range<usize>, rows: Rows<'_, f64>, sums: &mut [f64]) {
        if rows.len() < WALKS {
            for (row, sums) in rows.iter().zip(sums.chunks_exact_mut(self.group_count())) {
                self.row(trees.clone(), row, sums);
            }
            return;
        }
        let blocks = sums.chunks_mut(BLOCK_ROWS * self.group_count());
        for (rows, sums) in rows.blocks(BLOCK_ROWS).zip(blocks) {
            self.block(trees.clone(), rows, sums);
        }
    }

    /// Rounds of training.
    pub(crate) fn iteration_count(&self) -> usize {
        self.roots.len() / self.group_count()
    }

    /// Writes the number of the leaf that every row reaches in every tree of the file.
    pub(crate) fn leaf_ids(&self, rows: Rows<'_, f64>, out: &mut [u32]) {
        let roots: Vec<i32> = self.roots.iter().step_by(self.values_per_leaf).copied().collect();
        for (row, out) in rows.iter().zip(out.chunks_mut(roots.len().max(1))) {
            for (roots, out) in roots.chunks(WALKS).zip(out.chunks_mut(WALKS)) {
                let starts = std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]));
                let leaves = self.descend(starts, |_| row);
                for (leaf, out) in leaves.iter().zip(out) {
                    *out = self.ids[*leaf];
                }
            }
        }
    }

    fn divide(&self, sums: &mut [f64]) {
        let rounds = self.iteration_count().max(1) as f64;
        for sum in sums {
            *sum /= rounds;
        }
    }

    /// Turns sums into predictions.
    pub(crate) fn transform(&self, sums: &mut [f64]) {
        if self.average == Average::Predictions {
            self.divide(sums);
        }
        let each: &dyn Fn(f64) -> f64 = match self.transform {
            WideTransform::Identity => return,
            WideTransform::Softmax => {
                return sums.chunks_exact_mut(self.group_count()).for_each(softmax);
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
    fn row(&self, trees: Range<usize>, row: &[f64], sums: &mut [f64]) {
        let (groups, first_tree) = (self.group_count(), trees.start);
        for (first, roots) in self.roots[trees].chunks(WALKS).enumerate() {
            let starts = std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]));
            let leaves = self.descend(starts, |_| row);
            for (walk, leaf) in leaves.iter().enumerate().take(roots.len()) {
                sums[(first_tree + first * WALKS + walk) % groups] += self.value(*leaf, row);
            }
        }
    }

    /// One tree, several rows at a time; what fills the last ones up is the block's first row again.
    fn block(&self, trees: Range<usize>, rows: Rows<'_, f64>, sums: &mut [f64]) {
        for (number, root) in trees.clone().zip(&self.roots[trees]) {
            let group = number % self.group_count();
            let mut sums = sums.iter_mut().skip(group).step_by(self.group_count());
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

/// Adds a tree's linear models; a leaf without one has its value for a constant.
fn push_linear(all: &mut LinearLeaves, tree: &WideTree) {
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::Objective;

    /// Of each there are up to six columns: ranks in one register, in two, and in four.
    const FEATURES: [usize; 3] = [4, 18, 40];
    const GROUPS: usize = 2;

    /// Few values, so that rows meet thresholds exactly.
    fn value() -> impl Strategy<Value = f64> {
        let few = vec![f64::NEG_INFINITY, -1.5, -1e-36, -0.0, 0.0, 1e-36, 1.0, 2.5, f64::INFINITY];
        prop_oneof![3 => prop::sample::select(few), 1 => -9.0..9.0_f64]
    }

    fn cell() -> impl Strategy<Value = f64> {
        prop_oneof![5 => value(), 1 => Just(f64::NAN)]
    }

    fn test() -> impl Strategy<Value = Test> {
        let missing = prop::sample::select(vec![Missing::None, Missing::Zero, Missing::Nan]);
        let at_most =
            (value(), missing, any::<bool>()).prop_map(|(threshold, missing, default_left)| {
                Test::AtMost { threshold, missing, default_left }
            });
        prop_oneof![300 => at_most, 1 => Just(Test::OneOf { start: 0, end: 1 })]
    }

    /// Which leaf becomes a split, and which.
    type Growth = (usize, u32, Test);

    /// Up to 63 splits, or some more; lopsided trees always split one of the two newest leaves.
    fn tree(features: usize) -> impl Strategy<Value = WideTree> {
        let sizes = prop_oneof![Just(0..1_usize), Just(1..8), Just(55..64), Just(64..70)];
        let growth = move || (any::<usize>(), 0..features as u32, test());
        let growths = sizes.prop_flat_map(move |sizes| vec(growth(), sizes));
        (growths, any::<bool>()).prop_map(|(growths, lopsided)| grow(&growths, lopsided))
    }

    fn grow(growths: &[Growth], lopsided: bool) -> WideTree {
        let mut splits: Vec<WideSplit> = Vec::new();
        // Who points to each leaf: a split, and whether from its left.
        let mut parents: Vec<Option<(usize, bool)>> = vec![None];
        for (pick, feature, test) in growths {
            let from = if lopsided { parents.len().saturating_sub(2) } else { 0 };
            let leaf = from + pick % (parents.len() - from);
            let own = splits.len();
            if let Some((parent, is_left)) = parents[leaf] {
                let split = &mut splits[parent];
                *(if is_left { &mut split.left } else { &mut split.right }) = own as i32;
            }
            let (left, right) = (!(leaf as i32), !(parents.len() as i32));
            splits.push(WideSplit { test: *test, feature: *feature, left, right });
            parents[leaf] = Some((own, true));
            parents.push(Some((own, false)));
        }
        let leaves = (0..parents.len()).map(|leaf| leaf as f64 / 7.0 - 3.0).collect();
        WideTree { splits, leaves, words: vec![0b1010], ..WideTree::default() }
    }

    fn ensemble(trees: Vec<WideTree>, groups: usize, feature_count: usize) -> WideEnsemble {
        WideEnsemble {
            objective: Objective::foreign("regression".to_owned()),
            transform: WideTransform::Identity,
            feature_count,
            feature_names: Vec::new(),
            classes: Vec::new(),
            class_count: 0,
            base_margins: vec![0.25; groups],
            average: Average::Nothing,
            zero_max: 1e-35,
            values_per_leaf: 1,
            trees,
            best_iteration: None,
        }
    }

    fn case() -> impl Strategy<Value = (usize, Vec<WideTree>, Vec<Vec<f64>>)> {
        prop::sample::select(FEATURES.to_vec()).prop_flat_map(|features| {
            let rows = vec(vec(cell(), features), 1..150);
            (Just(features), vec(tree(features), 0..20), rows)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_processor_answers_as_walking_does(
            (features, trees, rows) in case()
        ) {
            let ensemble = ensemble(trees, GROUPS, features);
            let (values, count) = (rows.concat(), rows.len() * GROUPS);
            let mut walked = vec![0.25; count];
            let wide = Wide { quick: None, ..Wide::with_isa(&ensemble, Isa::detect()) };
            wide.walk(0..ensemble.trees.len(), Rows::new(&values, features), &mut walked);
            for isa in Isa::available() {
                let wide = Wide::with_isa(&ensemble, isa);
                let mut margins = vec![f64::NAN; count];
                wide.margins(Rows::new(&values, features), &mut margins);
                prop_assert_eq!(&margins, &walked, "{:?}", isa);
                let mut alone = vec![f64::NAN; GROUPS];
                wide.margins(Rows::new(&rows[0], features), &mut alone);
                prop_assert_eq!(&alone[..], &walked[..GROUPS], "{:?}", isa);
            }
        }
    }

    #[test]
    fn each_tree_is_answered_as_it_allows() {
        let at_most = Test::AtMost { threshold: 1.0, missing: Missing::Nan, default_left: true };
        let one_of = Test::OneOf { start: 0, end: 1 };
        let tree = |count, test| grow(&vec![(7, 0, test); count], false);
        let (small, large) = (tree(63, at_most), tree(64, at_most));
        let (slow, leaf) = (tree(3, one_of), tree(0, at_most));
        for (trees, at_once, by_keys) in [
            (vec![small.clone()], "turns", "forks"),
            (vec![large.clone()], "forks", "forks"),
            (vec![small.clone(), leaf.clone(), small.clone()], "turns", "forks"),
            (vec![large.clone(), leaf.clone(), slow.clone()], "forks turns slow", "forks slow"),
            (vec![slow.clone(), slow.clone(), large, small], "slow forks turns", "slow forks"),
            (vec![slow], "", ""),
            (vec![leaf], "", ""),
        ] {
            let ensemble = ensemble(trees, 1, 1);
            for isa in Isa::available() {
                let possible = crate::kernel::simd::Bytes::of(isa).is_some();
                let expected = if possible { at_once } else { by_keys };
                let wide = Wide::with_isa(&ensemble, isa);
                let kinds = wide.quick.map_or(String::new(), |quick| quick.kinds());
                assert_eq!(kinds, expected, "{isa}");
            }
        }
    }
}
