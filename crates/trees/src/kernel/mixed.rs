//! Trees that also split by category: walked node by node, for sets of categories need more than a
//! comparison.

use super::{
    Kernel, LANES, Lanes, Tiles,
    keys::{ColumnIndex, MISSING},
};
use crate::ensemble::{Node, Tree};

/// Where a walk goes next; siblings are side by side.
#[derive(Clone, Copy, Debug)]
enum Step {
    Leaf(f32),
    /// To `first`, or to the step after it if the row's key in `column` is at least `key`.
    Compare {
        key: i32,
        column: u32,
        first: u32,
    },
    /// To `first`, or to the step after it if the row's category in `column` is in the set.
    Choose {
        set: u32,
        column: u32,
        first: u32,
    },
}

#[derive(Clone, Copy, Debug)]
struct Set {
    start: u32,
    end: u32,
    missing_is_in: bool,
}

/// A run of trees of any kind.
#[derive(Debug)]
pub(super) struct Mixed {
    steps: Vec<Step>,
    /// The number of each step in its file.
    ids: Vec<u32>,
    sets: Vec<Set>,
    /// Each set's, sorted.
    categories: Vec<u32>,
    /// Where each tree begins.
    roots: Vec<u32>,
    groups: Vec<u32>,
}

impl Mixed {
    pub(super) fn new(trees: &[Tree], index: &ColumnIndex) -> Self {
        let groups = trees.iter().map(|tree| tree.group).collect();
        let (steps, sets, categories, roots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut mixed = Self { steps, ids: Vec::new(), sets, categories, roots, groups };
        for tree in trees {
            mixed.push(tree, index);
        }
        mixed
    }

    fn push(&mut self, tree: &Tree, index: &ColumnIndex) {
        let (root, sets) = (self.steps.len() as u32, self.categories.len() as u32);
        self.roots.push(root);
        self.ids.extend(&tree.ids);
        self.categories.extend(&tree.categories);
        for node in &tree.nodes {
            self.steps.push(match node {
                Node::Leaf(value) => Step::Leaf(*value),
                Node::Split(split) => {
                    let (column, key) = index.test(split);
                    Step::Compare { key, column, first: root + split.left }
                }
                Node::Choice(choice) => {
                    let (start, end) = (sets + choice.set.0, sets + choice.set.1);
                    self.sets.push(Set { start, end, missing_is_in: !choice.default_left });
                    let set = self.sets.len() as u32 - 1;
                    Step::Choose { set, column: index.choice(choice), first: root + choice.left }
                }
            });
        }
    }

    /// The leaf's value and the number of its step.
    fn leaf(&self, root: u32, key: impl Fn(u32) -> i32) -> (f32, u32) {
        let mut at = root;
        loop {
            at = match self.steps[at as usize] {
                Step::Leaf(value) => return (value, at),
                Step::Compare { key: least, column, first } => {
                    first + u32::from(key(column) >= least)
                }
                Step::Choose { set, column, first } => {
                    first + u32::from(self.contains(set, key(column)))
                }
            };
        }
    }

    fn contains(&self, set: u32, category: i32) -> bool {
        let set = self.sets[set as usize];
        if category == MISSING {
            return set.missing_is_in;
        }
        let set = &self.categories[set.start as usize..set.end as usize];
        u32::try_from(category).is_ok_and(|category| set.binary_search(&category).is_ok())
    }
}

impl Kernel for Mixed {
    fn row(&self, keys: &[i32], leaves: &mut [Lanes<f32>]) {
        for (leaf, root) in leaves.as_flattened_mut().iter_mut().zip(&self.roots) {
            (*leaf, _) = self.leaf(*root, |column| keys[column as usize]);
        }
    }

    fn row_ids(&self, keys: &[i32], ids: &mut [Lanes<u32>]) {
        for (id, root) in ids.as_flattened_mut().iter_mut().zip(&self.roots) {
            let (_, step) = self.leaf(*root, |column| keys[column as usize]);
            *id = self.ids[step as usize];
        }
    }

    fn tiles(&self, tiles: &mut Tiles<'_>) {
        for (root, group) in self.roots.iter().zip(&self.groups) {
            for (keys, sums) in tiles.of_group(*group) {
                for (lane, sum) in sums.iter_mut().enumerate().take(LANES) {
                    let (leaf, _) = self.leaf(*root, |column| keys[column as usize][lane]);
                    *sum += leaf;
                }
            }
        }
    }

    fn byte_size(&self) -> usize {
        let sets = size_of_val(&self.sets[..]) + size_of_val(&self.categories[..]);
        let trees = size_of_val(&self.roots[..]) + size_of_val(&self.groups[..]);
        size_of_val(&self.steps[..]) + size_of_val(&self.ids[..]) + sets + trees
    }
}
