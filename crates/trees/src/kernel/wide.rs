//! Trees that are `f64` throughout, such as LightGBM's: where their sums start and what becomes of them.
//! How trees are laid out and walked is `quick`'s; `wide_ensemble` has them as read.

use footprint::Footprint;

use super::{quick::Quick, simd::Isa};
use crate::{
    Rows,
    wide_ensemble::{Average, WideEnsemble, WideTransform},
};

/// An ensemble ready to be walked.
#[derive(Debug)]
pub(crate) struct Wide {
    trees: Quick,
    /// How many there are.
    tree_count: usize,
    /// Where the sums start; one per group.
    base_margins: Vec<f64>,
    average: Average,
    /// As many trees here are one tree of the file.
    values_per_leaf: usize,
    transform: WideTransform,
}

impl Wide {
    pub(crate) fn with_isa(ensemble: &WideEnsemble, isa: Isa) -> Self {
        Self {
            trees: Quick::new(isa, ensemble),
            tree_count: ensemble.trees.len(),
            base_margins: ensemble.base_margins.clone(),
            average: ensemble.average,
            values_per_leaf: ensemble.values_per_leaf,
            transform: ensemble.transform,
        }
    }

    pub(crate) fn group_count(&self) -> usize {
        self.base_margins.len()
    }

    /// Trees as the file counts them.
    pub(crate) fn tree_count(&self) -> usize {
        self.tree_count / self.values_per_leaf
    }

    pub(crate) fn byte_size(&self) -> usize {
        self.trees.byte_size() + size_of_val(&self.base_margins[..])
    }

    /// Adds the heap memory that one row reads.
    pub(crate) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&self.base_margins[..]);
        self.trees.footprint(footprint);
    }

    /// Writes the sums of every row, `group_count` each.
    pub(crate) fn margins(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        for sums in out.chunks_exact_mut(self.group_count()) {
            sums.copy_from_slice(&self.base_margins);
        }
        self.trees.add(rows, out, self.group_count());
        if self.average == Average::Margins {
            self.divide(out);
        }
    }

    /// Rounds of training.
    pub(crate) fn iteration_count(&self) -> usize {
        self.tree_count / self.group_count()
    }

    /// Writes the number of the leaf that every row reaches in every tree of the file.
    pub(crate) fn leaf_ids(&self, rows: Rows<'_, f64>, out: &mut [u32]) {
        for (row, out) in rows.iter().zip(out.chunks_mut(self.tree_count().max(1))) {
            self.trees.leaf_ids(row, |tree, leaf| {
                // All trees that one of the file became have the same leaves.
                if tree % self.values_per_leaf == 0 {
                    out[tree / self.values_per_leaf] = leaf;
                }
            });
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{super::slow::SlowRun, *};
    use crate::{
        Objective,
        wide_ensemble::{Missing, Test, WideSplit, WideTree},
    };

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
            let mut slow = SlowRun::new(0, ensemble.zero_max);
            ensemble.trees.iter().for_each(|tree| slow.push(tree));
            slow.rows(Rows::new(&values, features), &mut walked, GROUPS);
            let mut leaves = vec![0; rows.len() * ensemble.trees.len()];
            let per_row = leaves.chunks_mut(ensemble.trees.len().max(1));
            for (row, out) in rows.iter().zip(per_row) {
                let mut out = out.iter_mut();
                slow.leaf_ids(row, |leaf| *out.next().expect("a place for each tree") = leaf);
            }
            for isa in Isa::available() {
                let wide = Wide::with_isa(&ensemble, isa);
                let mut margins = vec![f64::NAN; count];
                wide.margins(Rows::new(&values, features), &mut margins);
                prop_assert_eq!(&margins, &walked, "{:?}", isa);
                let mut alone = vec![f64::NAN; GROUPS];
                wide.margins(Rows::new(&rows[0], features), &mut alone);
                prop_assert_eq!(&alone[..], &walked[..GROUPS], "{:?}", isa);
                let mut ids = vec![u32::MAX; leaves.len()];
                wide.leaf_ids(Rows::new(&values, features), &mut ids);
                prop_assert_eq!(&ids, &leaves, "{:?}", isa);
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
            (vec![slow], "slow", "slow"),
            (vec![leaf], "slow", "slow"),
        ] {
            let ensemble = ensemble(trees, 1, 1);
            for isa in Isa::available() {
                let possible = crate::kernel::simd::Bytes::of(isa).is_some();
                let expected = if possible { at_once } else { by_keys };
                let wide = Wide::with_isa(&ensemble, isa);
                assert_eq!(wide.trees.kinds(), expected, "{isa}");
            }
        }
    }
}
