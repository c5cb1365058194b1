//! LightGBM's trees where the processor decides all splits of a tree at once (see `turns`): which
//! trees these are, and what their rows become. Everything else is walked by `wide`.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use super::{
    ranks::{Ranks, SPLITS},
    simd::{BLOCK_ROWS, Bytes, Isa, ROWS, WIDTH},
    turns::{RankedSplit, TurnRun},
};
use crate::{
    Rows,
    wide_ensemble::{Missing, Test, WideEnsemble, WideSplit, WideTree},
};

/// The most columns: bytes that number them.
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
            true if self.default_left => i64::MIN,
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

/// Whether all splits can be decided at once, and leaves have but their values.
fn is_quick(tree: &WideTree) -> bool {
    let decidable = |split| threshold_key(split).is_some();
    tree.splits.len() < SPLITS && tree.linear.is_none() && tree.splits.iter().all(decidable)
}

/// Consecutive trees that are answered in one way.
#[derive(Debug)]
pub(super) enum Part {
    Quick(TurnRun),
    /// To be walked.
    Slow(Range<usize>),
}

/// All trees of an ensemble, in parts.
#[derive(Debug)]
pub(super) struct Quick {
    bytes: Bytes,
    columns: Vec<Column>,
    /// What is no greater counts as zero.
    zero_max: f64,
    ranks: Ranks,
    parts: Vec<Part>,
}

/// Working memory of one thread, grown once and used again.
#[derive(Debug, Default)]
struct Scratch {
    ranks: Vec<[u8; WIDTH]>,
    sums: Vec<f64>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Quick {
    /// `None` where the processor can't, no tree allows it, or columns or thresholds are too many.
    pub(super) fn new(isa: Isa, ensemble: &WideEnsemble) -> Option<Self> {
        let (bytes, trees) = (Bytes::of(isa)?, &ensemble.trees);
        let mut thresholds: BTreeMap<Column, Vec<i64>> = BTreeMap::new();
        for split in trees.iter().filter(|tree| is_quick(tree)).flat_map(|tree| &tree.splits) {
            thresholds.entry(Column::of(split)?).or_default().push(threshold_key(split)?);
        }
        if thresholds.is_empty() || thresholds.len() > COLUMNS_MAX {
            return None;
        }
        let (columns, thresholds): (Vec<_>, Vec<_>) = thresholds.into_iter().unzip();
        let (ranks, zero_max) = (Ranks::new(thresholds)?, ensemble.zero_max);
        let mut quick = Self { bytes, columns, zero_max, ranks, parts: Vec::new() };
        for (number, tree) in trees.iter().enumerate() {
            quick.push(number, tree, ensemble.group_count());
        }
        Some(quick)
    }

    fn push(&mut self, number: usize, tree: &WideTree, group_count: usize) {
        if !is_quick(tree) {
            match self.parts.last_mut() {
                Some(Part::Slow(trees)) => trees.end += 1,
                _ => self.parts.push(Part::Slow(number..number + 1)),
            }
            return;
        }
        let splits: Vec<_> = tree.splits.iter().map(|split| self.ranked(split)).collect();
        if !matches!(self.parts.last(), Some(Part::Quick(_))) {
            let first_group = number % group_count;
            self.parts.push(Part::Quick(TurnRun { first_group, ..TurnRun::default() }));
        }
        if let Some(Part::Quick(run)) = self.parts.last_mut() {
            run.push(&splits, &tree.leaves);
        }
    }

    fn ranked(&self, split: &WideSplit) -> RankedSplit {
        let column = Column::of(split).and_then(|column| self.columns.binary_search(&column).ok());
        let column = column.expect("quick splits have columns: this is a bug");
        let threshold = threshold_key(split).expect("quick splits have thresholds: this is a bug");
        let rank = self.ranks.number(column, threshold);
        RankedSplit { rank, column: column as u8, left: split.left, right: split.right }
    }

    pub(super) fn byte_size(&self) -> usize {
        let parts: usize = self.parts.iter().map(Part::byte_size).sum();
        parts + size_of_val(&self.columns[..]) + self.ranks.byte_size()
    }

    /// Adds the leaves of every row to its sums; `walk` does so for the trees that are slow.
    pub(super) fn add<W>(&self, rows: Rows<'_, f64>, sums: &mut [f64], walk: W)
    where
        W: Fn(Range<usize>, Rows<'_, f64>, &mut [f64]),
    {
        match self.columns.len().div_ceil(WIDTH) {
            1 => self.add_wide::<1, W>(rows, sums, walk),
            2 => self.add_wide::<2, W>(rows, sums, walk),
            _ => self.add_wide::<4, W>(rows, sums, walk),
        }
    }

    fn add_wide<const N: usize, W>(&self, rows: Rows<'_, f64>, sums: &mut [f64], walk: W)
    where
        W: Fn(Range<usize>, Rows<'_, f64>, &mut [f64]),
    {
        let group_count = sums.len().checked_div(rows.len()).unwrap_or(0).max(1);
        let alone = rows.len() < ROWS_MIN;
        let block = if alone { 1 } else { BLOCK_ROWS };
        SCRATCH.with_borrow_mut(|scratch| {
            for (rows, sums) in rows.blocks(block).zip(sums.chunks_mut(block * group_count)) {
                scratch.fill::<N>(self, rows, if alone { 1 } else { ROWS });
                for part in &self.parts {
                    match part {
                        Part::Slow(trees) => walk(trees.clone(), rows, sums),
                        Part::Quick(run) if alone => {
                            self.bytes.row(run, &scratch.ranks.as_chunks::<N>().0[0], sums);
                        }
                        Part::Quick(run) => scratch.rows::<N>(self.bytes, run, sums, group_count),
                    }
                }
            }
        });
    }
}

impl Part {
    fn byte_size(&self) -> usize {
        match self {
            Self::Quick(run) => run.byte_size(),
            Self::Slow(_) => 0,
        }
    }
}

impl Scratch {
    /// The ranks of every row, and of others up to a multiple of `together`. These, and bytes beyond
    /// the columns, have whatever they had: nobody asks for them.
    fn fill<const N: usize>(&mut self, quick: &Quick, rows: Rows<'_, f64>, together: usize) {
        self.ranks.resize(rows.len().next_multiple_of(together) * N, [0; WIDTH]);
        for (row, ranks) in rows.iter().zip(self.ranks.as_chunks_mut::<N>().0) {
            let key = |column: usize| quick.columns[column].key(row, quick.zero_max);
            quick.bytes.ranks(&quick.ranks, key, ranks.as_flattened_mut());
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
