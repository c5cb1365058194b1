//! Any forest gives the bits that walking its trees one by one gives, whatever layouts it is cut
//! into, however many rows come at once, and on every instruction set that this machine has.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    Objective,
    ensemble::{Node, Split},
};

const FEATURES: usize = 3;
const GROUPS: usize = 3;

/// Few values, so that rows meet thresholds exactly.
fn value() -> impl Strategy<Value = f32> {
    prop::sample::select(vec![f32::NEG_INFINITY, -1.5, -1.0, -0.0, 0.0, 1e-40, 1.0, 2.5])
}

fn cell() -> impl Strategy<Value = f32> {
    prop_oneof![4 => value(), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)]
}

/// How one more split is made: which leaf becomes it, and what it asks.
type Growth = (usize, u32, f32, bool);

fn growth() -> impl Strategy<Value = Growth> {
    (any::<usize>(), 0..FEATURES as u32, value(), any::<bool>())
}

/// Lopsided trees always split one of the two newest leaves, and so are deep.
fn tree() -> impl Strategy<Value = Tree> {
    let sizes = prop_oneof![Just(0..1_usize), Just(1..8), Just(30..90)];
    let growths = sizes.prop_flat_map(|sizes| vec(growth(), sizes));
    (growths, any::<bool>(), 0..GROUPS as u32)
        .prop_map(|(g, lopsided, group)| grow(&g, lopsided, group))
}

fn grow(growths: &[Growth], lopsided: bool, group: u32) -> Tree {
    let mut nodes = vec![Node::Leaf(0.1)];
    for (leaf, feature, threshold, default_left) in growths {
        let leaves: Vec<_> =
            (0..nodes.len()).filter(|at| matches!(nodes[*at], Node::Leaf(_))).collect();
        let candidates = if lopsided { &leaves[leaves.len().saturating_sub(2)..] } else { &leaves };
        let left = nodes.len() as u32;
        let (threshold, default_left) = (*threshold, *default_left);
        nodes[candidates[leaf % candidates.len()]] = Node::Split(Split {
            feature: *feature,
            threshold,
            default_left,
            left,
            right: left + 1,
        });
        nodes.extend([Node::Leaf(left as f32 / 7.0), Node::Leaf(left as f32 / -11.0)]);
    }
    Tree::new(nodes.len(), group, |at| Ok(nodes[at])).expect("a tree")
}

fn walk(tree: &Tree, row: &[f32]) -> f32 {
    let mut at = 0;
    loop {
        match tree.nodes[at] {
            Node::Leaf(value) => return value,
            Node::Split(split) => {
                let value = row[split.feature as usize];
                let missing_left = value.is_nan() && split.default_left;
                let left = missing_left || value < split.threshold;
                at = if left { split.left } else { split.right } as usize;
            }
        }
    }
}

fn walk_all(ensemble: &Ensemble, row: &[f32]) -> Vec<f32> {
    let mut sums = ensemble.base_margins.clone();
    for tree in &ensemble.trees {
        sums[tree.group as usize] += walk(tree, row);
    }
    sums
}

fn ensemble(trees: Vec<Tree>) -> Ensemble {
    Ensemble {
        objective: Objective::from_name("reg:squarederror").expect("known"),
        feature_count: FEATURES,
        feature_names: Vec::new(),
        base_margins: vec![0.5, -0.25, 1e-3],
        trees,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_forest_answers_as_its_trees_do(
        trees in vec(tree(), 0..40),
        rows in vec(vec(cell(), FEATURES), 1..150),
    ) {
        let ensemble = ensemble(trees);
        let values = rows.concat();
        for isa in Isa::available() {
            let forest = Forest::with_isa(&ensemble, isa);
            let mut margins = vec![f32::NAN; rows.len() * GROUPS];
            forest.margins(Rows::new(&values, FEATURES), &mut margins);
            for (row, margins) in rows.iter().zip(margins.chunks(GROUPS)) {
                prop_assert_eq!(margins, &walk_all(&ensemble, row)[..], "{:?}", isa);
            }
        }
    }
}

#[test]
fn neighbours_that_agree_share_a_run() {
    let split = |depth: usize| {
        let growth = |_| (0, 0, 1.0, false);
        grow(&(0..depth).map(growth).collect::<Vec<_>>(), true, 0)
    };
    for (depths, expected) in [
        (vec![2; 20], 1),
        ([vec![2; LANES], vec![3; LANES]].concat(), 2),
        ([vec![2; LANES / 2], vec![3; LANES / 2]].concat(), 1),
        ([vec![2; LANES], vec![40; LANES], vec![2; 3]].concat(), 3),
        (vec![40; 100], 1),
        (vec![0; 100], 1),
        (vec![], 0),
    ] {
        let trees: Vec<_> = depths.iter().map(|depth| split(*depth)).collect();
        assert_eq!(Forest::new(&ensemble(trees)).runs.len(), expected, "{depths:?}");
    }
}
