//! Ranks: keys as the number of a column's thresholds that they reach. It fits a byte where a
//! column has at most 255 thresholds, as the histograms of training make usual, and changes no
//! decision: a key reaches the `k`th threshold if and only if its rank is greater than `k`.
//!
//! Owns the tables; what columns and keys are is the caller's, the search `simd`'s.

use footprint::Footprint;
use smallvec::SmallVec;

/// Thresholds that are compared at once.
pub(super) const BLOCK: usize = 16;
/// So many columns are kept without a place in memory of their own.
const COLUMNS_INLINE: usize = 16;

/// Splits that a register decides.
pub(super) const SPLITS: usize = 64;

/// What as many splits as a register decides ask: whether the rank in a column is greater.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct RankedSplits {
    pub(super) ranks: [u8; SPLITS],
    pub(super) columns: [u8; SPLITS],
}

impl Default for RankedSplits {
    /// No rank is greater: splits that are not there go to the first child.
    fn default() -> Self {
        Self { ranks: [u8::MAX; SPLITS], columns: [0; SPLITS] }
    }
}

/// A column's thresholds: sorted, in blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// The place of the block where a search begins: the only one, or if there are several, one with
    /// the last threshold of each but the last.
    first: u16,
    /// The place of the sorted blocks.
    sorted: u16,
    /// So many that the rank fits a byte, too.
    count: u8,
}

/// What thresholds and values are, once they are ordered as integers.
pub(super) trait Key: Copy + Ord {
    const GREATEST: Self;
}

impl Key for i32 {
    const GREATEST: Self = Self::MAX;
}

impl Key for i64 {
    const GREATEST: Self = Self::MAX;
}

/// Sorted thresholds that are compared at once: of `i32` a cache line, of `i64` two. Also any other
/// values that are kept behind the thresholds.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Block<K>(pub(super) [K; BLOCK]);

impl<K: Key> Block<K> {
    /// Filled up with the greatest key.
    fn padded(thresholds: impl Iterator<Item = K>) -> Self {
        let mut block = [K::GREATEST; BLOCK];
        for (place, threshold) in block.iter_mut().zip(thresholds) {
            *place = threshold;
        }
        Self(block)
    }
}

/// The thresholds of all columns. Those of columns with several blocks come before all others, for a
/// row reads one block of each; from the place after them on, it reads all: where searches begin, and
/// what is kept behind.
#[derive(Debug)]
pub(super) struct Ranks<K> {
    pub(super) tables: SmallVec<[Table; COLUMNS_INLINE]>,
    pub(super) blocks: Vec<Block<K>>,
    /// The place of the blocks where searches begin, and that of what is kept behind.
    firsts_at: usize,
    firsts_end: usize,
}

impl<K: Key> Ranks<K> {
    /// From the thresholds of each column, in any order; `None` if a column has too many, or all
    /// together.
    pub(super) fn new(mut columns: Vec<Vec<K>>) -> Option<Self> {
        let tables = SmallVec::with_capacity(columns.len());
        let mut ranks = Self { tables, blocks: Vec::new(), firsts_at: 0, firsts_end: 0 };
        for thresholds in &mut columns {
            thresholds.sort_unstable();
            thresholds.dedup();
            ranks.push(thresholds)?;
        }
        ranks.firsts_at = ranks.blocks.len();
        for (column, thresholds) in columns.iter().enumerate() {
            ranks.push_first(column, thresholds)?;
        }
        ranks.firsts_end = ranks.blocks.len();
        // Kept as long as the model is; room for more would be up to half of it.
        ranks.blocks.shrink_to_fit();
        Some(ranks)
    }

    /// Adds a column, without the block where its searches begin.
    fn push(&mut self, thresholds: &[K]) -> Option<()> {
        let count = thresholds.len().try_into().ok()?;
        let sorted = self.next_place()?;
        if thresholds.len() > BLOCK {
            self.blocks.extend(blocks(thresholds));
        }
        self.tables.push(Table { first: sorted, sorted, count });
        Some(())
    }

    /// Adds that block.
    fn push_first(&mut self, column: usize, thresholds: &[K]) -> Option<()> {
        let first = self.next_place()?;
        let table = &mut self.tables[column];
        table.first = first;
        if thresholds.len() > BLOCK {
            let lasts = thresholds.chunks_exact(BLOCK).map(|block| block[BLOCK - 1]);
            let count = thresholds.len().div_ceil(BLOCK) - 1;
            self.blocks.push(Block::padded(lasts.take(count)));
        } else {
            table.sorted = first;
            self.blocks.extend(blocks(thresholds));
        }
        Some(())
    }

    /// The place of the next block, if tables can tell it.
    fn next_place(&self) -> Option<u16> {
        self.blocks.len().try_into().ok()
    }

    /// Writes the rank of each column's key. `reached` counts how many of a block are at most a key.
    #[allow(clippy::inline_always, reason = "compiled for the instructions of its caller")]
    #[inline(always)]
    pub(super) fn fill(
        &self,
        key: impl Fn(usize) -> K,
        out: &mut [u8],
        reached: impl Fn(&Block<K>, K) -> usize,
    ) {
        for (column, (table, out)) in self.tables.iter().zip(out).enumerate() {
            let key = key(column);
            let (first, count) = (usize::from(table.first), usize::from(table.count));
            let rank = match count {
                0 => 0,
                1 => usize::from(self.blocks[first].0[0] <= key),
                2..=BLOCK => reached(&self.blocks[first], key),
                _ => {
                    let block = reached(&self.blocks[first], key).min((count - 1) / BLOCK);
                    let sorted = usize::from(table.sorted);
                    block * BLOCK + reached(&self.blocks[sorted + block], key)
                }
            };
            // The greatest key reaches what fills the block up, too.
            *out = rank.min(count) as u8;
        }
    }

    /// Keeps other values behind the thresholds: what is read together lies together. Returns the
    /// place of the first in `blocks`.
    pub(super) fn append(&mut self, values: impl Iterator<Item = [K; BLOCK]>) -> usize {
        let start = self.blocks.len();
        self.blocks.extend(values.map(Block));
        self.blocks.shrink_to_fit();
        start
    }

    /// The rank of each column's key, without the instructions of any processor.
    pub(super) fn of(&self, keys: &[K]) -> Vec<u8> {
        let rank = |(column, key): (usize, &K)| self.count(column, |threshold| threshold <= key);
        keys.iter().enumerate().map(rank).collect()
    }

    /// The number of a threshold among those of its column.
    pub(super) fn number(&self, column: usize, threshold: K) -> u8 {
        self.count(column, |other| *other < threshold)
    }

    /// How many of a column's thresholds are such; those that are come before those that are not.
    fn count(&self, column: usize, is_such: impl Fn(&K) -> bool) -> u8 {
        let table = self.tables[column];
        let count = usize::from(table.count);
        let blocks = &self.blocks[usize::from(table.sorted)..][..count.div_ceil(BLOCK)];
        let whole = blocks.partition_point(|block| is_such(&block.0[BLOCK - 1]));
        let rest = blocks.get(whole).map_or(0, |block| block.0.partition_point(is_such));
        // The greatest key reaches what fills the block up, too.
        (whole * BLOCK + rest).min(count) as u8
    }

    /// Adds where searches begin. Of the sorted blocks a row reads one of each column, and waits less
    /// for all these together than for the fetching of those that it does not need.
    pub(super) fn footprint(&self, footprint: &mut Footprint) {
        if self.tables.spilled() {
            footprint.add(&self.tables[..]);
        }
        footprint.add(&self.blocks[self.firsts_at..self.firsts_end]);
    }

    /// Bytes of heap memory.
    pub(super) fn byte_size(&self) -> usize {
        let tables = if self.tables.spilled() { size_of_val(&self.tables[..]) } else { 0 };
        tables + size_of_val(&self.blocks[..])
    }
}

/// Sorted thresholds in blocks.
fn blocks<K: Key>(thresholds: &[K]) -> impl Iterator<Item = Block<K>> {
    thresholds.chunks(BLOCK).map(|block| Block::padded(block.iter().copied()))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::kernel::simd::{Bytes, Isa};

    fn key() -> impl Strategy<Value = i64> {
        prop_oneof![8 => -400..400_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
    }

    proptest! {
        #[test]
        fn a_rank_says_which_thresholds_are_reached(
            columns in vec(vec(-300..300_i64, 0..300), 1..5),
            keys in vec(key(), 5),
        ) {
            let ranks = Ranks::new(columns.clone()).expect("few thresholds");
            let mut found = vec![0; columns.len()];
            for bytes in Isa::available().into_iter().filter_map(Bytes::of) {
                bytes.ranks(&ranks, |column| keys[column], &mut found);
                for (column, thresholds) in columns.iter().enumerate() {
                    for threshold in thresholds {
                        let reached = found[column] > ranks.number(column, *threshold);
                        prop_assert_eq!(reached, keys[column] >= *threshold);
                    }
                }
            }
        }
    }

    #[test]
    fn more_thresholds_than_a_byte_counts_are_refused() {
        assert!(Ranks::new(vec![(0..255).collect()]).is_some());
        assert!(Ranks::new(vec![vec![], (0..256).collect()]).is_none());
    }
}
