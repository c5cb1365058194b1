//! Trees in `f64` of any shape, with a key to compare at each split: what is walked step by step, on
//! any machine. Owns the layout and the walk; what keys are is `quick`'s.
//!
//! A fork has 16 bytes, siblings are side by side, and a leaf leads to itself: walks that have ended
//! stay where they are while others go on, without a branch that could be mispredicted.

/// Walks under way at once.
const WALKS: usize = 8;
/// Leaves have keys from the least on, by their number; no row has a key as small as any of them.
pub(super) const LEAST: i64 = i64::MIN + (1 << 40);

/// Goes to `first`, or to the fork after it if the row's key in `column` is at least `key`.
#[derive(Clone, Copy, Debug)]
struct Fork {
    key: i64,
    column: u32,
    first: u32,
}

/// A split as the walk needs it. Children are splits if 0 or more; `!child` numbers a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyedSplit {
    /// More than [`LEAST`].
    pub(super) key: i64,
    pub(super) column: u32,
    pub(super) left: i32,
    pub(super) right: i32,
}

/// Trees one after the other.
#[derive(Debug, Default)]
pub(super) struct ForkRun {
    /// Each tree from an odd place on, so that siblings share a cache line.
    forks: Vec<Fork>,
    leaves: Vec<f64>,
    roots: Vec<u32>,
    /// The number of the first leaf of each tree.
    firsts: Vec<u32>,
    /// The group that the first tree adds to; groups take turns.
    first_group: usize,
}

impl ForkRun {
    /// Without trees.
    pub(super) fn new(first_group: usize) -> Self {
        Self { first_group, ..Self::default() }
    }

    /// Adds a tree, which must be one.
    pub(super) fn push(&mut self, splits: &[KeyedSplit], values: &[f64]) {
        let first_leaf = self.leaves.len() as i64;
        self.firsts.push(first_leaf as u32);
        self.leaves.extend(values);
        if self.forks.len().is_multiple_of(2) {
            self.forks.push(Fork { key: 0, column: 0, first: 0 });
        }
        let root = self.forks.len();
        self.roots.push(root as u32);
        // Level by level: what is in the queue is numbered from the root on.
        let mut queue = vec![if splits.is_empty() { !0 } else { 0 }];
        while let Some(&child) = queue.get(self.forks.len() - root) {
            let own = self.forks.len() as u32;
            let fork = if let Ok(split) = usize::try_from(child) {
                let KeyedSplit { key, column, left, right } = splits[split];
                let first = (root + queue.len()) as u32;
                queue.extend([left, right]);
                Fork { key, column, first }
            } else {
                // Every key is greater: always on to the second, which is the leaf.
                let key = i64::MIN + first_leaf + i64::from(!child);
                Fork { key, column: 0, first: own - 1 }
            };
            self.forks.push(fork);
        }
    }

    /// Gives back room that was made for more trees.
    pub(super) fn shrink(&mut self) {
        self.forks.shrink_to_fit();
        self.leaves.shrink_to_fit();
        self.roots.shrink_to_fit();
        self.firsts.shrink_to_fit();
    }

    pub(super) fn byte_size(&self) -> usize {
        let trees = size_of_val(&self.roots[..]) + size_of_val(&self.firsts[..]);
        size_of_val(&self.forks[..]) + size_of_val(&self.leaves[..]) + trees
    }

    /// Shows the number that the leaf of each tree has in it, for one row's key in each column.
    pub(super) fn leaf_ids(&self, keys: &[i64], mut show: impl FnMut(u32)) {
        for (roots, firsts) in self.roots.chunks(WALKS).zip(self.firsts.chunks(WALKS)) {
            let leaves = self.descend(starts(roots), |_| keys);
            for (leaf, first) in leaves.iter().zip(firsts) {
                show(*leaf as u32 - first);
            }
        }
    }

    /// One row, a key per column: adds the leaf of each tree to the sum of its group. What fills the
    /// last walks up is the first tree of them again.
    pub(super) fn row(&self, keys: &[i64], sums: &mut [f64]) {
        let mut group = self.first_group;
        for roots in self.roots.chunks(WALKS) {
            let leaves = self.descend(starts(roots), |_| keys);
            for leaf in &leaves[..roots.len()] {
                sums[group] += self.leaves[*leaf];
                group += 1;
                if group == sums.len() {
                    group = 0;
                }
            }
        }
    }

    /// Rows of `width` keys: adds the leaves to their sums, `group_count` per row. What fills the
    /// last walks up is the first row again.
    pub(super) fn rows(&self, keys: &[i64], width: usize, sums: &mut [f64], group_count: usize) {
        let count = keys.len() / width;
        for (number, root) in self.roots.iter().enumerate() {
            let group = (self.first_group + number) % group_count;
            let mut sums = sums.iter_mut().skip(group).step_by(group_count);
            for first in (0..count).step_by(WALKS) {
                let row = |walk: usize| {
                    let row = if first + walk < count { first + walk } else { 0 };
                    &keys[row * width..][..width]
                };
                let leaves = self.descend([*root; WALKS], row);
                for (leaf, sum) in leaves.iter().zip(sums.by_ref()) {
                    *sum += self.leaves[*leaf];
                }
            }
        }
    }

    /// Takes walks to the numbers of their leaves together.
    #[allow(
        clippy::inline_always,
        reason = "the closure is the loop body; a call would hold the walks apart"
    )]
    #[inline(always)]
    fn descend<'k>(
        &self,
        mut at: [u32; WALKS],
        keys: impl Fn(usize) -> &'k [i64],
    ) -> [usize; WALKS] {
        let keys: [&[i64]; WALKS] = std::array::from_fn(keys);
        loop {
            let mut moved = 0;
            for (keys, at) in keys.iter().zip(&mut at) {
                let fork = self.forks[*at as usize];
                let next = fork.first + u32::from(keys[fork.column as usize] >= fork.key);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at.map(|at| self.forks[at as usize].key.wrapping_sub(i64::MIN) as usize);
            }
        }
    }
}

fn starts(roots: &[u32]) -> [u32; WALKS] {
    std::array::from_fn(|walk| *roots.get(walk).unwrap_or(&roots[0]))
}
