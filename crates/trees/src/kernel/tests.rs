//! Any forest gives the bits that walking its trees one by one gives, whatever layouts it is cut
//! into, however many rows come at once, and on every instruction set that this machine has.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    Objective,
    ensemble::{Choice, Node, Split},
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

/// How one more split is made: which leaf becomes it, and what it asks; of a choice, whether
/// categories 0, 1 and 2 are in the set.
type Growth = (usize, u32, f32, bool, [bool; 3]);

fn growth() -> impl Strategy<Value = Growth> {
    (any::<usize>(), 0..FEATURES as u32, value(), any::<bool>(), any::<[bool; 3]>())
}

/// Lopsided trees always split one of the two newest leaves, and so are deep.
fn tree() -> impl Strategy<Value = Tree> {
    let sizes = prop_oneof![Just(0..1_usize), Just(1..8), Just(30..90)];
    let growths = sizes.prop_flat_map(|sizes| vec(growth(), sizes));
    let kinds = prop_oneof![4 => Just(false), 1 => Just(true)];
    (growths, any::<bool>(), kinds, 0..GROUPS as u32)
        .prop_map(|(g, lopsided, choices, group)| grow(&g, lopsided, choices, group))
}

/// Of trees with choices, splits on feature 0 are such.
fn grow(growths: &[Growth], lopsided: bool, choices: bool, group: u32) -> Tree {
    let mut nodes = vec![Node::Leaf(0.1)];
    let mut categories = Vec::new();
    for (leaf, feature, threshold, default_left, members) in growths {
        let leaves: Vec<_> =
            (0..nodes.len()).filter(|at| matches!(nodes[*at], Node::Leaf(_))).collect();
        let candidates = if lopsided { &leaves[leaves.len().saturating_sub(2)..] } else { &leaves };
        let left = nodes.len() as u32;
        let (feature, default_left, right) = (*feature, *default_left, left + 1);
        nodes[candidates[leaf % candidates.len()]] = if choices && feature == 0 {
            let start = categories.len() as u32;
            categories.extend((0..3).filter(|member| members[*member as usize]));
            let set = (start, categories.len() as u32);
            Node::Choice(Choice { feature, set, default_left, left, right })
        } else {
            Node::Split(Split { feature, threshold: *threshold, default_left, left, right })
        };
        nodes.extend([Node::Leaf(left as f32 / 7.0), Node::Leaf(left as f32 / -11.0)]);
    }
    let tree = Tree::new(nodes.len(), group, |at| Ok(nodes[at])).expect("a tree");
    Tree { categories, ..tree }
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
            Node::Choice(choice) => {
                let value = row[choice.feature as usize];
                let set = &tree.categories[choice.set.0 as usize..choice.set.1 as usize];
                let chosen = set.iter().any(|c| value >= *c as f32 && value < *c as f32 + 1.0);
                let right = if value.is_nan() { !choice.default_left } else { chosen };
                at = if right { choice.right } else { choice.left } as usize;
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
        classes: Vec::new(),
        missing: None,
        base_margins: vec![0.5, -0.25, 1e-3],
        tree_count: trees.len(),
        trees,
        trees_per_iteration: 1,
        best_iteration: None,
        linear: None,
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

/// Numbers in no order, always the same ones (Knuth's MMIX).
fn numbers() -> impl FnMut(u32) -> u32 {
    let mut state = 1_u64;
    move |count| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32 % count
    }
}

/// Complete trees whose columns have up to 100 thresholds each.
fn complete(count: usize, depth: u32, number: &mut impl FnMut(u32) -> u32) -> Ensemble {
    let mut growth = |_| {
        let threshold = number(100) as f32;
        (0, number(FEATURES as u32), threshold, number(2) == 0, [false; 3])
    };
    let mut tree = |at: usize| {
        let growths: Vec<Growth> = (1..1 << depth).map(&mut growth).collect();
        grow(&growths, false, false, (at % GROUPS) as u32)
    };
    ensemble((0..count).map(&mut tree).collect())
}

/// Registers of trees, those that are decided together, and what is left over at the end of either.
#[test]
fn any_number_of_trees_of_any_depth_answers_as_they_do() {
    let mut number = numbers();
    let counts = |depth| (1..=40).chain(if depth == 6 { 127..138 } else { 255..274 });
    for (depth, count) in (1..=6).flat_map(|depth| counts(depth).map(move |count| (depth, count))) {
        let ensemble = complete(count, depth, &mut number);
        let mut cell = || if number(9) == 0 { f32::NAN } else { number(202) as f32 / 2.0 - 0.5 };
        let values: Vec<f32> = (0..7 * FEATURES).map(|_| cell()).collect();
        for isa in Isa::available() {
            let forest = Forest::with_isa(&ensemble, isa);
            // One row alone at a time, and a tile of rows.
            for row_count in [1, 7] {
                for rows in values.chunks(row_count * FEATURES) {
                    let mut margins = vec![f32::NAN; row_count * GROUPS];
                    forest.margins(Rows::new(rows, FEATURES), &mut margins);
                    let expected = rows.chunks(FEATURES).flat_map(|row| walk_all(&ensemble, row));
                    assert!(expected.eq(margins), "{count} trees of depth {depth}, {isa}");
                }
            }
        }
    }
}

#[test]
fn neighbours_that_agree_share_a_run() {
    let split = |depth: usize| {
        let growth = |_| (0, 0, 1.0, false, [true; 3]);
        grow(&(0..depth).map(growth).collect::<Vec<_>>(), true, false, 0)
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
        assert_eq!(
            Forest::with_isa(&ensemble(trees), Isa::detect()).runs.len(),
            expected,
            "{depths:?}"
        );
    }
}
