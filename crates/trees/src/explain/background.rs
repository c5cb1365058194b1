//! Trees with the rows of a background: what is known before there is a row to explain. Owns the trees'
//! layout and which rows of the background go where; `pairs` walks them.

use std::collections::BTreeMap;

use super::{
    pairs::{Pairs, Side, Weights},
    question::Question,
    source::{Cells, Kind, Source, base_margins, for_each_tree},
};
use crate::{Error, Rows, read::Contents};

/// Rows of the background that go together: one for each bit of a set.
const BLOCK_ROWS: usize = 64;
/// The most splits on one way from root to leaf: the walk calls itself for each.
const DEPTH_MAX: u32 = 1024;

/// An ensemble, and rows to explain others against.
#[derive(Debug)]
pub(super) struct Background {
    pub(super) splits: Vec<Branch>,
    pub(super) leaves: Vec<f64>,
    questions: Vec<Question>,
    trees: Vec<Root>,
    /// The features that are asked, in order; a branch's slot is a place here.
    features: Vec<u32>,
    blocks: Vec<Block>,
    row_count: usize,
    /// The mean margin of the background, one per group.
    expected: Vec<f64>,
    pub(super) weights: Weights,
}

/// A split. Children of 0 and more are splits; `!child` is a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    pub(super) slot: u32,
    pub(super) left: i32,
    pub(super) right: i32,
}

#[derive(Clone, Copy, Debug)]
struct Root {
    /// A split or a leaf, as children are.
    at: i32,
    group: u32,
}

/// Some rows of the background, as bits of sets.
#[derive(Debug)]
struct Block {
    /// All of them.
    rows: u64,
    /// For each split, those that go left there.
    left: Vec<u64>,
}

impl Background {
    /// `rows` has the values of dense rows, as the model reads them.
    pub(super) fn new(contents: &Contents, rows: &[f64]) -> Result<Self, Error> {
        let mut builder = Builder::default();
        for_each_tree(contents, |tree, group| builder.tree(tree, group))?;
        let mut background = builder.finish();
        let width = contents.feature_count();
        let blocks = rows.chunks(BLOCK_ROWS * width);
        background.blocks = blocks.map(|rows| background.block(Rows::new(rows, width))).collect();
        background.row_count = rows.len() / width;
        background.expected = background.means(base_margins(contents));
        Ok(background)
    }

    fn block(&self, rows: Rows<'_, f64>) -> Block {
        let sets = self.splits.iter().zip(&self.questions).map(|(split, question)| {
            let feature = self.features[split.slot as usize] as usize;
            let bits = rows.iter().enumerate();
            bits.fold(0, |set, (bit, row)| set | u64::from(question.is_left(row[feature])) << bit)
        });
        Block { rows: u64::MAX >> (BLOCK_ROWS - rows.len()), left: sets.collect() }
    }

    /// What the background's rows get from the trees and the base margins, on average.
    fn means(&self, mut expected: Vec<f64>) -> Vec<f64> {
        for tree in &self.trees {
            let sum: f64 = self.blocks.iter().map(|block| self.sum(tree.at, block)).sum();
            expected[tree.group as usize] += sum / self.row_count as f64;
        }
        expected
    }

    /// The sum of what the rows of a block get from a tree.
    fn sum(&self, root: i32, block: &Block) -> f64 {
        let (mut sum, mut pending) = (0.0, vec![(root, block.rows)]);
        while let Some((at, rows)) = pending.pop() {
            if let Ok(split) = usize::try_from(at) {
                let left = rows & block.left[split];
                let children =
                    [(self.splits[split].left, left), (self.splits[split].right, rows & !left)];
                pending.extend(children.into_iter().filter(|(_, rows)| *rows != 0));
            } else {
                sum += self.leaves[!at as usize] * f64::from(rows.count_ones());
            }
        }
        sum
    }

    pub(super) fn expected(&self) -> &[f64] {
        &self.expected
    }

    pub(super) fn byte_size(&self) -> usize {
        let questions: usize = self.questions.iter().map(Question::byte_size).sum();
        let sets: usize = self.blocks.iter().map(|block| size_of_val(&block.left[..])).sum();
        let nodes = size_of_val(&self.splits[..]) + size_of_val(&self.leaves[..]);
        questions + sets + nodes + size_of_val(&self.trees[..]) + self.weights.byte_size()
    }

    /// Writes for each row and group a value per feature and the mean margin of the background.
    pub(super) fn contributions(&self, rows: Rows<'_, f64>, cells: Cells, out: &mut [f64]) {
        let (slots, groups) = (self.features.len(), self.expected.len());
        let mut goes_left = vec![false; self.splits.len()];
        let mut sides = vec![Side::Either; slots];
        let mut values = vec![0.0; slots * groups];
        let width = rows.width() + 1;
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(width * groups)) {
            self.ask(row, cells, &mut goes_left);
            values.fill(0.0);
            for block in &self.blocks {
                let (left, sides) = (&block.left[..], &mut sides[..]);
                for tree in &self.trees {
                    let values = &mut values[tree.group as usize * slots..][..slots];
                    let row = &goes_left[..];
                    Pairs { trees: self, row, left, sides, values }.tree(tree.at, block.rows);
                }
            }
            self.store(&values, width, out);
        }
    }

    /// Which way a row goes at every split.
    fn ask(&self, row: &[f64], cells: Cells, goes_left: &mut [bool]) {
        let questions = self.splits.iter().zip(&self.questions);
        for ((split, question), is_left) in questions.zip(goes_left) {
            let feature = self.features[split.slot as usize] as usize;
            *is_left = question.is_left(cells.read(row[feature]));
        }
    }

    fn store(&self, values: &[f64], width: usize, out: &mut [f64]) {
        let slots = self.features.len();
        for (group, out) in out.chunks_exact_mut(width).enumerate() {
            out.fill(0.0);
            for (feature, value) in self.features.iter().zip(&values[group * slots..]) {
                out[*feature as usize] = value / self.row_count as f64;
            }
            out[width - 1] = self.expected[group];
        }
    }
}

#[derive(Default)]
struct Builder {
    splits: Vec<Branch>,
    leaves: Vec<f64>,
    questions: Vec<Question>,
    trees: Vec<Root>,
    /// The slot of each feature; in order only when all trees are there.
    slots: BTreeMap<u32, u32>,
    depth_max: u32,
}

impl Builder {
    fn tree(&mut self, tree: &dyn Source, group: u32) -> Result<(), Error> {
        // A node of the source, its depth, and the split that waits for its number, on its left?
        let mut pending = vec![(tree.root(), 0, None)];
        let mut root = 0;
        while let Some((number, depth, parent)) = pending.pop() {
            self.depth_max = self.depth_max.max(depth);
            if depth > DEPTH_MAX {
                return Err(too_deep());
            }
            let own = self.node(tree.node(number)?, |children, split| {
                let [left, right] = children;
                pending.push((right, depth + 1, Some((split, false))));
                pending.push((left, depth + 1, Some((split, true))));
            });
            match parent {
                None => root = own,
                Some((split, true)) => self.splits[split].left = own,
                Some((split, false)) => self.splits[split].right = own,
            }
        }
        self.trees.push(Root { at: root, group });
        Ok(())
    }

    /// Adds a node and gives its place, as children have it.
    fn node(&mut self, kind: Kind, children_of: impl FnOnce([i64; 2], usize)) -> i32 {
        match kind {
            Kind::Leaf(value) => {
                self.leaves.push(value);
                !(self.leaves.len() as i32 - 1)
            }
            Kind::Split { question, feature, children } => {
                let next = self.slots.len() as u32;
                let slot = *self.slots.entry(feature).or_insert(next);
                self.splits.push(Branch { slot, left: 0, right: 0 });
                self.questions.push(question);
                let own = self.splits.len() - 1;
                children_of(children, own);
                own as i32
            }
        }
    }

    /// Puts the slots into the order of their features; rows are still to come.
    fn finish(mut self) -> Background {
        let mut order = vec![0; self.slots.len()];
        for (place, slot) in self.slots.values().enumerate() {
            order[*slot as usize] = place as u32;
        }
        for split in &mut self.splits {
            split.slot = order[split.slot as usize];
        }
        let players = (self.depth_max as usize).min(self.slots.len());
        Background {
            splits: self.splits,
            leaves: self.leaves,
            questions: self.questions,
            trees: self.trees,
            features: self.slots.into_keys().collect(),
            blocks: Vec::new(),
            row_count: 0,
            expected: Vec::new(),
            weights: Weights::new(players),
        }
    }
}

fn too_deep() -> Error {
    Error::unsupported(format!(
        "can't be explained against a background: one way from its root to a leaf has more than \
         {DEPTH_MAX} splits"
    ))
}
