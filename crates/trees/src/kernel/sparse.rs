//! Trees as they are, with pointers: for deep or lopsided trees, which would waste memory if they
//! were filled up.
//!
//! A node has 16 bytes, siblings are side by side, and a leaf points to itself: walks that have
//! ended stay where they are while others go on.

use super::{Kernel, LANES, Lanes, Tiles, keys::ColumnIndex};
use crate::ensemble::{Node, Tree};

/// Goes to `first`, or to the node after it if the row's key in `column` is at least `key`.
#[derive(Clone, Copy, Debug)]
struct Link {
    key: i32,
    column: u32,
    first: u32,
    /// The value of a leaf.
    value: f32,
}

/// A run of trees of any shape.
#[derive(Debug)]
pub(super) struct Sparse {
    /// All trees, each level by level from an odd place, so that siblings share a cache line.
    links: Vec<Link>,
    trees: Vec<Root>,
}

#[derive(Clone, Copy, Debug)]
struct Root {
    at: u32,
    group: u32,
}

impl Sparse {
    pub(super) fn new(trees: &[Tree], index: &ColumnIndex) -> Self {
        let mut sparse = Self { links: Vec::new(), trees: Vec::with_capacity(trees.len()) };
        for tree in trees {
            sparse.push(tree, index);
        }
        sparse
    }

    fn push(&mut self, tree: &Tree, index: &ColumnIndex) {
        self.links.push(Link { key: 0, column: 0, first: 0, value: 0.0 });
        let root = self.links.len() as u32;
        self.trees.push(Root { at: root, group: tree.group });
        for (number, node) in tree.nodes.iter().enumerate() {
            self.links.push(match node {
                Node::Split(split) => {
                    let (column, key) = index.test(split);
                    Link { key, column, first: root + split.left, value: 0.0 }
                }
                // Every key is at least `i32::MIN`: always on to the second, which is the leaf.
                Node::Leaf(value) => {
                    let first = root + number as u32 - 1;
                    Link { key: i32::MIN, column: 0, first, value: *value }
                }
            });
        }
    }

    /// Takes [`LANES`] walks to their leaves together.
    #[allow(
        clippy::inline_always,
        reason = "the closures are the loop body; a call would hold them apart"
    )]
    #[inline(always)]
    fn descend(&self, mut at: Lanes<u32>, key: impl Fn(usize, u32) -> i32) -> Lanes<f32> {
        loop {
            let mut moved = 0;
            for (lane, at) in at.iter_mut().enumerate() {
                let link = self.links[*at as usize];
                let next = link.first + u32::from(key(lane, link.column) >= link.key);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at.map(|at| self.links[at as usize].value);
            }
        }
    }
}

impl Kernel for Sparse {
    fn row(&self, keys: &[i32], sums: &mut [f32]) {
        for trees in self.trees.chunks(LANES) {
            let roots = std::array::from_fn(|lane| trees.get(lane).unwrap_or(&trees[0]).at);
            let leaves = self.descend(roots, |_, column| keys[column as usize]);
            for (tree, leaf) in trees.iter().zip(leaves) {
                sums[tree.group as usize] += leaf;
            }
        }
    }

    fn tiles(&self, tiles: &mut Tiles<'_>) {
        for tree in &self.trees {
            for (keys, sums) in tiles.of_group(tree.group) {
                let leaves =
                    self.descend([tree.at; LANES], |lane, column| keys[column as usize][lane]);
                for (sum, leaf) in sums.iter_mut().zip(leaves) {
                    *sum += leaf;
                }
            }
        }
    }

    fn byte_size(&self) -> usize {
        size_of_val(&self.links[..]) + size_of_val(&self.trees[..])
    }
}
