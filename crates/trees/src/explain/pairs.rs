//! The walk that computes Shapley values against the rows of a background (interventional
//! `TreeSHAP`): one tree, one row to explain, and sets of up to 64 rows of the background at once.
//!
//! The game of a row and a background row: features in a coalition have the row's value, others the
//! background row's. A way to a leaf then asks of each of its features that it be in the coalition (the
//! row goes along and the background row does not), that it be outside (the other way round), or
//! nothing (both go along). With `a` features of the first kind and `b` of the second, the leaf's game
//! is its value where all of the one are in and all of the other are out. Its Shapley values are
//! `(a-1)! b! / (a+b)!` for each of the first, and the negative of `a! (b-1)! / (a+b)!` for each of the
//! second, times the leaf.
//!
//! So walking only the ways that are open to a pair, counting `a` and `b` on the way down and summing
//! what the leaves give to either kind on the way up, explains the pair in time linear in the nodes
//! that it meets (Lundberg et al., 2020, doi:10.1038/s42256-019-0138-9). Here pairs that have met the
//! same kinds of features so far go on together as bits of one word, and a leaf counts for as many as
//! have come to it. The number of steps is therefore also bounded by what one tree can ask, however
//! alike the rows of the background are.

use super::background::Background;

/// Which row's value a feature must have on the way down to the current node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Both rows went along wherever the feature was asked.
    Either,
    /// The row that is explained.
    Row,
    /// The background's.
    Background,
}

/// One row to explain and a block of a background, in one tree.
pub(super) struct Pairs<'a> {
    pub(super) trees: &'a Background,
    /// For each split, whether the row goes left.
    pub(super) row: &'a [bool],
    /// For each split, the rows of the block that go left.
    pub(super) left: &'a [u64],
    /// One per slot, all `Either`; left as they were found.
    pub(super) sides: &'a mut [Side],
    /// One per slot: sums over the pairs.
    pub(super) values: &'a mut [f64],
}

/// How many features on the way must have the row's value, and how many the background's.
#[derive(Clone, Copy)]
struct Counts {
    row: usize,
    background: usize,
}

/// What the leaves below a node give to each feature that must have the row's value, and to each that
/// must have the background's.
#[derive(Clone, Copy, Default)]
struct Gifts {
    row: f64,
    background: f64,
}

impl std::ops::Add for Gifts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { row: self.row + other.row, background: self.background + other.background }
    }
}

impl Pairs<'_> {
    /// Adds what a tree contributes, to all pairs with the block's rows.
    pub(super) fn tree(mut self, root: i32, rows: u64) {
        self.node(root, rows, Counts { row: 0, background: 0 });
    }

    /// Walks on from a node with the pairs of `rows`.
    fn node(&mut self, at: i32, rows: u64, counts: Counts) -> Gifts {
        if rows == 0 {
            return Gifts::default();
        }
        let Ok(number) = usize::try_from(at) else {
            let leaf = self.trees.leaves[!at as usize] * f64::from(rows.count_ones());
            return self.trees.weights.gifts(leaf, counts);
        };
        let split = self.trees.splits[number];
        let left = rows & self.left[number];
        let (own, other) =
            if self.row[number] { (split.left, split.right) } else { (split.right, split.left) };
        match self.sides[split.slot as usize] {
            Side::Row => self.node(own, rows, counts),
            Side::Background => {
                let gifts = self.node(split.left, left, counts);
                gifts + self.node(split.right, rows & !left, counts)
            }
            Side::Either => {
                let along = if self.row[number] { left } else { rows & !left };
                let gifts = self.node(own, along, counts);
                gifts + self.part(split.slot as usize, [own, other], rows & !along, counts)
            }
        }
    }

    /// Walks on with the pairs whose rows part at a split: once each way.
    fn part(&mut self, slot: usize, children: [i32; 2], rows: u64, counts: Counts) -> Gifts {
        if rows == 0 {
            return Gifts::default();
        }
        let [own, other] = children;
        self.sides[slot] = Side::Row;
        let with = self.node(own, rows, Counts { row: counts.row + 1, ..counts });
        self.sides[slot] = Side::Background;
        let background = counts.background + 1;
        let without = self.node(other, rows, Counts { background, ..counts });
        self.sides[slot] = Side::Either;
        self.values[slot] += with.row + without.background;
        with + without
    }
}

/// `(a-1)! b! / (a+b)!` for all `a` from 1 and `b` from 0 that one way may come to.
#[derive(Debug)]
pub(super) struct Weights {
    /// Rows of `width`, the first for `a` of 1.
    table: Vec<f64>,
    width: usize,
}

impl Weights {
    /// For ways of so many different features.
    pub(super) fn new(players: usize) -> Self {
        let width = players + 1;
        let mut table = Vec::with_capacity(players * width);
        for a in 1..=players {
            for b in 0..width {
                table.push(match a {
                    1 => 1.0 / (b + 1) as f64,
                    _ => table[(a - 2) * width + b] * (a - 1) as f64 / (a + b) as f64,
                });
            }
        }
        Self { table, width }
    }

    pub(super) fn byte_size(&self) -> usize {
        size_of_val(&self.table[..])
    }

    fn of(&self, a: usize, b: usize) -> f64 {
        if a == 0 { 0.0 } else { self.table[(a - 1) * self.width + b] }
    }

    fn gifts(&self, leaf: f64, counts: Counts) -> Gifts {
        let Counts { row, background } = counts;
        Gifts { row: leaf * self.of(row, background), background: -leaf * self.of(background, row) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_quotients_of_factorials() {
        let factorial = |n: usize| (1..=n).map(|n| n as f64).product::<f64>();
        let weights = Weights::new(9);
        for a in 1..=9 {
            for b in 0..=9 - a {
                let exact = factorial(a - 1) * factorial(b) / factorial(a + b);
                assert!((weights.of(a, b) / exact - 1.0).abs() < 1e-14, "{a} {b}");
            }
        }
        assert!(weights.of(0, 3).abs() < 1e-300);
    }
}
