//! Trees in `f64`: which of them are answered how, and what their rows become. Where the processor
//! decides all splits of a small tree at once (see `turns`), rows become ranks; other trees are walked
//! by keys (see `forks`), and those with categories or linear models as they were read (see `slow`).
//! Each tree is kept in one layout, which also tells leaves by their numbers.

use std::{cell::RefCell, collections::BTreeMap};

use footprint::Footprint;

use super::{
    forks::{ForkRun, KeyedSplit, LEAST},
    ranks::{Ranks, SPLITS},
    simd::{BLOCK_ROWS, Bytes, Isa, ROWS, WIDTH},
    slow::SlowRun,
    turns::{RankedSplit, TurnRun},
};
use crate::{
    Rows,
    wide_ensemble::{Missing, Test, WideEnsemble, WideSplit, WideTree},
};

/// The most columns where splits are decided at once: bytes number them.
const COLUMNS_MAX: usize = 256;
/// Fewer rows than this go one by one: they cost less than a register's worth.
const ROWS_MIN: usize = 3;

/// A feature, and which values of it go where by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    feature: u32,
    missing: Missing,
    default_left: bool,
}

impl Column {
    fn of(split: &WideSplit) -> Option<Self> {
        match split.test {
            Test::AtMost { missing, default_left, .. } => {
                Some(Self { feature: split.feature, missing, default_left })
            }
            Test::OneOf { .. } => None,
        }
    }

    /// A value in the order of the floats, or whatever is before or after all of them.
    fn key(self, row: &[f64], zero_max: f64) -> i64 {
        let value = row[self.feature as usize];
        let is_zero = value.abs() <= zero_max || value.is_nan() && self.missing != Missing::Nan;
        let by_default = match self.missing {
            Missing::None => false,
            Missing::Zero => is_zero,
            Missing::Nan => value.is_nan(),
        };
        match by_default {
            true if self.default_left => LEAST,
            true => i64::MAX,
            false => key(if is_zero { 0.0 } else { value }),
        }
    }
}

/// The place of a number among all.
fn key(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

/// What is greater than the threshold goes to the second child, so it is the next key that decides.
fn threshold_key(split: &WideSplit) -> Option<i64> {
    match split.test {
        Test::AtMost { threshold, .. } if !threshold.is_nan() => Some(key(threshold) + 1),
        _ => None,
    }
}

/// Whether all splits compare numbers, and leaves have but their values.
fn is_plain(tree: &WideTree) -> bool {
    let compares = |split| threshold_key(split).is_some();
    tree.linear.is_none() && tree.splits.iter().all(compares)
}

/// Whether all splits fit a register.
fn is_small(tree: &WideTree) -> bool {
    tree.splits.len() < SPLITS
}

/// What the splits of plain trees compare the values of each column with. Of large trees no ranks are
/// needed, only columns.
fn thresholds(trees: &[WideTree]) -> BTreeMap<Column, Vec<i64>> {
    let mut thresholds: BTreeMap<Column, Vec<i64>> = BTreeMap::new();
    for tree in trees.iter().filter(|tree| is_plain(tree)) {
        for split in &tree.splits {
            if let Some(column) = Column::of(split) {
                let keys = thresholds.entry(column).or_default();
                keys.extend(threshold_key(split).filter(|_| is_small(tree)));
            }
        }
    }
    thresholds
}

/// Consecutive trees that are answered in one way.
#[derive(Debug)]
enum Part {
    /// All splits of a tree are decided at once.
    Turns(TurnRun),
    /// To be walked by keys.
    Forks(ForkRun),
    /// To be walked as they were read.
    Slow(SlowRun),
}

/// All trees of an ensemble, in parts.
#[derive(Debug)]
pub(super) struct Quick {
    columns: Vec<Column>,
    /// What is no greater counts as zero.
    zero_max: f64,
    /// What small trees are decided with, where that is possible.
    at_once: Option<(Bytes, Ranks<i64>)>,
    parts: Vec<Part>,
}

/// Working memory of one thread, grown once and used again.
#[derive(Debug, Default)]
struct Scratch {
    keys: Vec<i64>,
    ranks: Vec<[u8; WIDTH]>,
    sums: Vec<f64>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Quick {
    pub(super) fn new(isa: Isa, ensemble: &WideEnsemble) -> Self {
        let (columns, thresholds): (Vec<_>, Vec<_>) =
            thresholds(&ensemble.trees).into_iter().unzip();
        let bytes = Bytes::of(isa).filter(|_| columns.len() <= COLUMNS_MAX);
        let at_once = bytes.and_then(|bytes| Some((bytes, Ranks::new(thresholds)?)));
        let mut quick = Self { columns, zero_max: ensemble.zero_max, at_once, parts: Vec::new() };
        for (number, tree) in ensemble.trees.iter().enumerate() {
            quick.push(tree, number % ensemble.group_count());
        }
        quick.parts.iter_mut().for_each(Part::shrink);
        quick.parts.shrink_to_fit();
        quick
    }

    fn push(&mut self, tree: &WideTree, group: usize) {
        let mut part = match self.parts.pop() {
            Some(last) if self.takes(&last, tree) => last,
            last => {
                self.parts.extend(last);
                self.part(tree, group)
            }
        };
        match &mut part {
            Part::Slow(run) => run.push(tree),
            Part::Turns(run) => {
                let splits: Vec<_> = tree.splits.iter().map(|split| self.ranked(split)).collect();
                run.push(&splits, &tree.leaves);
            }
            Part::Forks(run) => {
                let splits: Vec<_> = tree.splits.iter().map(|split| self.keyed(split)).collect();
                run.push(&splits, &tree.leaves);
            }
        }
        self.parts.push(part);
    }

    /// Whether a tree is answered as those of a part are.
    fn takes(&self, part: &Part, tree: &WideTree) -> bool {
        match part {
            Part::Slow(_) => self.is_slow(tree),
            Part::Turns(_) => !self.is_slow(tree) && is_small(tree),
            Part::Forks(_) => !self.is_slow(tree) && (!is_small(tree) || self.at_once.is_none()),
        }
    }

    /// Without columns there are no keys, of which trees without a split look at the first.
    fn is_slow(&self, tree: &WideTree) -> bool {
        self.columns.is_empty() || !is_plain(tree)
    }

    /// A part without trees.
    fn part(&self, tree: &WideTree, first_group: usize) -> Part {
        if self.is_slow(tree) {
            Part::Slow(SlowRun::new(first_group, self.zero_max))
        } else if is_small(tree) && self.at_once.is_some() {
            Part::Turns(TurnRun { first_group, ..TurnRun::default() })
        } else {
            Part::Forks(ForkRun::new(first_group))
        }
    }

    fn ranked(&self, split: &WideSplit) -> RankedSplit {
        let KeyedSplit { key, column, left, right } = self.keyed(split);
        let (_, ranks) = self.at_once.as_ref().expect("ranked splits have ranks: this is a bug");
        let rank = ranks.number(column as usize, key);
        RankedSplit { rank, column: column as u8, left, right }
    }

    fn keyed(&self, split: &WideSplit) -> KeyedSplit {
        let column = Column::of(split).and_then(|column| self.columns.binary_search(&column).ok());
        let column = column.expect("plain splits have columns: this is a bug");
        let key = threshold_key(split).expect("plain splits have thresholds: this is a bug");
        KeyedSplit { key, column: column as u32, left: split.left, right: split.right }
    }

    pub(super) fn byte_size(&self) -> usize {
        let parts: usize = self.parts.iter().map(Part::byte_size).sum();
        let ranks = self.at_once.as_ref().map_or(0, |(_, ranks)| ranks.byte_size());
        parts + size_of_val(&self.columns[..]) + ranks
    }

    /// Adds the heap memory that one row reads, if that is most of it.
    pub(super) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&self.columns[..]);
        if let Some((_, ranks)) = &self.at_once {
            ranks.footprint(footprint);
        }
        footprint.add(&self.parts[..]);
        for part in &self.parts {
            if let Part::Turns(run) = part {
                footprint.add(&run.trees[..]);
                footprint.add(&run.leaves[..]);
            }
        }
    }

    /// How the parts are answered.
    #[cfg(test)]
    pub(super) fn kinds(&self) -> String {
        let kind = |part: &Part| match part {
            Part::Turns(_) => "turns",
            Part::Forks(_) => "forks",
            Part::Slow(_) => "slow",
        };
        self.parts.iter().map(kind).collect::<Vec<_>>().join(" ")
    }

    /// Adds the leaves of every row to its sums, `group_count` per row.
    pub(super) fn add(&self, rows: Rows<'_, f64>, sums: &mut [f64], group_count: usize) {
        match self.columns.len().div_ceil(WIDTH) {
            0 => {
                for part in &self.parts {
                    if let Part::Slow(run) = part {
                        run.rows(rows, sums, group_count);
                    }
                }
            }
            1 => self.add_wide::<1>(rows, sums, group_count),
            2 => self.add_wide::<2>(rows, sums, group_count),
            _ => self.add_wide::<4>(rows, sums, group_count),
        }
    }

    /// Shows the number that a row's leaf has in each tree, and the number of the tree.
    pub(super) fn leaf_ids(&self, row: &[f64], mut show: impl FnMut(usize, u32)) {
        let keys = self.columns.iter().map(|column| column.key(row, self.zero_max));
        let keys: Vec<i64> = keys.collect();
        let ranks = self.at_once.as_ref().map(|(_, ranks)| ranks.of(&keys)).unwrap_or_default();
        let mut tree = 0;
        let mut next = |leaf| {
            show(tree, leaf);
            tree += 1;
        };
        for part in &self.parts {
            match part {
                Part::Turns(run) => run.leaf_ids(&ranks, &mut next),
                Part::Forks(run) => run.leaf_ids(&keys, &mut next),
                Part::Slow(run) => run.leaf_ids(row, &mut next),
            }
        }
    }

    fn add_wide<const N: usize>(&self, rows: Rows<'_, f64>, sums: &mut [f64], group_count: usize) {
        let alone = rows.len() < ROWS_MIN;
        let block = if alone { 1 } else { BLOCK_ROWS };
        SCRATCH.with_borrow_mut(|scratch| {
            for (rows, sums) in rows.blocks(block).zip(sums.chunks_mut(block * group_count)) {
                scratch.fill_keys(self, rows);
                if let Some((bytes, ranks)) = &self.at_once {
                    scratch.fill_ranks::<N>(*bytes, ranks, if alone { 1 } else { ROWS });
                }
                for part in &self.parts {
                    match part {
                        Part::Slow(run) => run.rows(rows, sums, group_count),
                        Part::Forks(run) if alone => run.row(&scratch.keys, sums),
                        Part::Forks(run) => {
                            run.rows(&scratch.keys, self.columns.len(), sums, group_count);
                        }
                        Part::Turns(run) => self.turns::<N>(run, alone, scratch, sums, group_count),
                    }
                }
            }
        });
    }

    /// Adds the leaves of trees whose splits are decided at once.
    fn turns<const N: usize>(
        &self,
        run: &TurnRun,
        alone: bool,
        scratch: &mut Scratch,
        sums: &mut [f64],
        group_count: usize,
    ) {
        let Some((bytes, _)) = self.at_once else { return };
        if alone {
            bytes.row(run, &scratch.ranks.as_chunks::<N>().0[0], sums);
        } else {
            scratch.rows::<N>(bytes, run, sums, group_count);
        }
    }
}

impl Part {
    fn byte_size(&self) -> usize {
        match self {
            Self::Turns(run) => run.byte_size(),
            Self::Forks(run) => run.byte_size(),
            Self::Slow(run) => run.byte_size(),
        }
    }

    /// Gives back room that was made for more trees.
    fn shrink(&mut self) {
        match self {
            Self::Turns(run) => run.shrink(),
            Self::Forks(run) => run.shrink(),
            Self::Slow(run) => run.shrink(),
        }
    }
}

impl Scratch {
    /// The keys of every row.
    fn fill_keys(&mut self, quick: &Quick, rows: Rows<'_, f64>) {
        self.keys.resize(rows.len() * quick.columns.len(), 0);
        for (row, keys) in rows.iter().zip(self.keys.chunks_exact_mut(quick.columns.len())) {
            for (column, key) in quick.columns.iter().zip(keys) {
                *key = column.key(row, quick.zero_max);
            }
        }
    }

    /// The ranks of every row, and of others up to a multiple of `together`. These, and bytes beyond
    /// the columns, have whatever they had: nobody asks for them.
    fn fill_ranks<const N: usize>(&mut self, bytes: Bytes, ranks: &Ranks<i64>, together: usize) {
        let width = ranks.tables.len();
        let count = self.keys.len() / width;
        self.ranks.resize(count.next_multiple_of(together) * N, [0; WIDTH]);
        let rows = self.keys.chunks_exact(width).zip(self.ranks.as_chunks_mut::<N>().0);
        for (keys, out) in rows {
            bytes.ranks(ranks, |column| keys[column], out.as_flattened_mut());
        }
    }

    /// Adds the leaves of a run to sums that are row by row, by way of such that are group by group.
    fn rows<const N: usize>(
        &mut self,
        bytes: Bytes,
        run: &TurnRun,
        sums: &mut [f64],
        group_count: usize,
    ) {
        let ranks = self.ranks.as_chunks::<N>().0;
        self.sums.clear();
        self.sums.resize(ranks.len() * group_count, 0.0);
        for (group, own) in self.sums.chunks_mut(ranks.len()).enumerate() {
            for (own, sum) in own.iter_mut().zip(sums.iter().skip(group).step_by(group_count)) {
                *own = *sum;
            }
        }
        bytes.rows(run, ranks, &mut self.sums);
        for (group, own) in self.sums.chunks(ranks.len()).enumerate() {
            for (own, sum) in own.iter().zip(sums.iter_mut().skip(group).step_by(group_count)) {
                *sum = *own;
            }
        }
    }
}
