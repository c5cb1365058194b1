//! Trees as they are, with pointers: for deep or lopsided trees, which would waste memory if they
//! were filled up. Walks here are portable; `simd` has those for wide registers.
//!
//! A node has 16 bytes, siblings are side by side, and a leaf points to itself: walks that have
//! ended stay where they are while others go on.

use super::{
    Kernel, LANES, Lanes, Tiles, WALKS,
    keys::ColumnIndex,
    simd::{Isa, SparseTrees},
};
use crate::ensemble::{Node, Tree};

/// Goes to `first`, or to the node after it if the row's key in `column` is at least `key`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Link {
    pub(super) key: i32,
    pub(super) column: u32,
    pub(super) first: u32,
    /// The value of a leaf.
    pub(super) value: f32,
}

/// A run of trees of any shape.
#[derive(Debug)]
pub(super) struct Sparse {
    isa: Isa,
    /// All trees, each level by level from an odd place, so that siblings share a cache line.
    links: Vec<Link>,
    /// The number of each link in its file.
    ids: Vec<u32>,
    /// Where each tree begins; the first tree's place fills the last [`LANES`] up.
    roots: Vec<Lanes<u32>>,
    /// One per tree, without the fillers.
    groups: Vec<u32>,
    /// No link has a greater column.
    column_max: u32,
}

impl Sparse {
    pub(super) fn new(trees: &[Tree], index: &ColumnIndex, isa: Isa) -> Self {
        let groups = trees.iter().map(|tree| tree.group).collect();
        let (links, ids, roots) = (Vec::new(), Vec::new(), Vec::new());
        let mut sparse = Self { isa, links, ids, roots, groups, column_max: 0 };
        let roots: Vec<u32> = trees.iter().map(|tree| sparse.push(tree, index)).collect();
        sparse.roots.resize(roots.len().div_ceil(LANES), [1; LANES]);
        sparse.roots.as_flattened_mut()[..roots.len()].copy_from_slice(&roots);
        sparse.column_max = sparse.links.iter().map(|link| link.column).max().unwrap_or(0);
        sparse
    }

    /// Adds a tree and says where it begins.
    fn push(&mut self, tree: &Tree, index: &ColumnIndex) -> u32 {
        self.links.push(Link { key: 0, column: 0, first: 0, value: 0.0 });
        let root = self.links.len() as u32;
        self.ids.push(0);
        self.ids.extend(&tree.ids);
        for (number, node) in tree.nodes.iter().enumerate() {
            self.links.push(match node {
                Node::Split(split) => {
                    let (column, key) = index.test(split);
                    Link { key, column, first: root + split.left, value: 0.0 }
                }
                Node::Choice(_) => unreachable!("such trees are `mixed`: this is a bug"),
                // Every key is at least `i32::MIN`: always on to the second, which is the leaf.
                Node::Leaf(value) => {
                    let first = root + number as u32 - 1;
                    Link { key: i32::MIN, column: 0, first, value: *value }
                }
            });
        }
        root
    }

    fn trees(&self) -> SparseTrees<'_> {
        SparseTrees { links: &self.links, roots: &self.roots, column_max: self.column_max }
    }

    /// Takes [`WALKS`] walks to the places of their leaves together.
    #[allow(
        clippy::inline_always,
        reason = "the closures are the loop body; a call would hold them apart"
    )]
    #[inline(always)]
    fn descend(&self, mut at: [u32; WALKS], key: impl Fn(usize, u32) -> i32) -> [usize; WALKS] {
        loop {
            let mut moved = 0;
            for (lane, at) in at.iter_mut().enumerate() {
                let link = self.links[*at as usize];
                let next = link.first + u32::from(key(lane, link.column) >= link.key);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at.map(|at| at as usize);
            }
        }
    }

    fn tree_tiles(&self, root: u32, group: u32, tiles: &mut Tiles<'_>) {
        for (keys, sums) in tiles.of_group(group) {
            for (part, sums) in sums.as_chunks_mut::<WALKS>().0.iter_mut().enumerate() {
                let key = |lane, column| keys[column as usize][part * WALKS + lane];
                let leaves = self.descend([root; WALKS], key);
                for (sum, leaf) in sums.iter_mut().zip(leaves) {
                    *sum += self.links[leaf].value;
                }
            }
        }
    }
}

impl Kernel for Sparse {
    fn row(&self, keys: &[i32], out: &mut [Lanes<f32>]) {
        if self.isa.sparse_row(&self.trees(), keys, out) {
            return;
        }
        let roots = self.roots.as_flattened().as_chunks().0;
        for (roots, out) in roots.iter().zip(out.as_flattened_mut().as_chunks_mut().0) {
            let leaves = self.descend(*roots, |_, column| keys[column as usize]);
            *out = leaves.map(|leaf| self.links[leaf].value);
        }
    }

    fn row_ids(&self, keys: &[i32], ids: &mut [Lanes<u32>]) {
        let roots = self.roots.as_flattened().as_chunks().0;
        for (roots, ids) in roots.iter().zip(ids.as_flattened_mut().as_chunks_mut().0) {
            let leaves = self.descend(*roots, |_, column| keys[column as usize]);
            *ids = leaves.map(|leaf| self.ids[leaf]);
        }
    }

    fn tiles(&self, tiles: &mut Tiles<'_>) {
        if self.isa.sparse_tiles(&self.trees(), &self.groups, tiles) {
            return;
        }
        for (root, group) in self.roots.as_flattened().iter().zip(&self.groups) {
            self.tree_tiles(*root, *group, tiles);
        }
    }

    fn byte_size(&self) -> usize {
        let links = size_of_val(&self.links[..]) + size_of_val(&self.ids[..]);
        links + size_of_val(&self.roots[..]) + size_of_val(&self.groups[..])
    }
}
