//! One row through many shallow trees with permutations of bytes: as `planes` does it, but in ranks
//! instead of keys, so that a register decides two trees of depth 5 at once, or one of depth 6.

use std::arch::x86_64::{
    __m256, __m512, __m512i, _mm256_setzero_ps, _mm256_storeu_ps, _mm512_add_epi32,
    _mm512_add_epi64, _mm512_and_si512, _mm512_cmple_epi32_mask, _mm512_i32gather_ps,
    _mm512_i64gather_ps, _mm512_loadu_si512, _mm512_mask_i32gather_ps, _mm512_mask_i64gather_ps,
    _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setzero_ps, _mm512_srlv_epi32, _mm512_srlv_epi64,
    _mm512_storeu_ps,
};

use footprint::Footprint;

use super::{
    super::{
        LANES, Lanes,
        perfect::Slot,
        ranks::{Block, RankedSplits, Ranks, SPLITS},
    },
    Isa,
    turns::{Bytes, ROWS, RowRanks, Splits, WIDTH, decide, eight, table},
};

/// Trees of so many slots share a register with another.
const HALF: usize = SPLITS / 2;
/// Eights of registers that are decided before their ways are looked for.
const BLOCK: usize = 16;
/// Columns that a byte numbers.
const COLUMNS_MAX: usize = 256;

/// A run of trees of one depth.
#[derive(Debug)]
pub(in crate::kernel) struct Bits {
    /// What `row` is compiled for.
    _features: Bytes,
    /// Behind the thresholds the splits and then the leaves, the last block of which may be filled up.
    /// One row reads this and nothing else of the model; in one piece, it comes from memory quickest.
    ranks: Ranks<i32>,
    splits_at: usize,
    leaves_at: usize,
    leaf_count: usize,
}

/// Splits that a register decides, two trees' or one's.
type SplitLines = [Block<i32>; size_of::<RankedSplits>() / size_of::<Block<i32>>()];

impl Bits {
    /// From trees of `leaf_count` slots each; `None` where walking is better or this is not possible.
    pub(in crate::kernel) fn new(
        isa: Isa,
        (slots, leaves): (&[Slot], &[f32]),
        leaf_count: usize,
        column_max: u32,
    ) -> Option<Self> {
        let features = Bytes::of_wide(isa)?;
        let column_count = column_max as usize + 1;
        if leaf_count > SPLITS || column_count > COLUMNS_MAX {
            return None;
        }
        let mut thresholds = vec![Vec::new(); column_count];
        for slot in slots {
            thresholds[slot.column as usize].push(slot.key);
        }
        let mut ranks = Ranks::new(thresholds)?;
        let trees_each = if leaf_count <= HALF { 2 } else { 1 };
        let trees: Vec<_> = slots.chunks(leaf_count).collect();
        let registers: Vec<_> =
            trees.chunks(trees_each).map(|trees| register(trees, &ranks)).collect();
        let splits =
            registers.iter().flat_map(|splits| [lines(&splits.ranks), lines(&splits.columns)]);
        let splits_at = ranks.append(splits);
        let leaves_at = ranks.append(leaves.chunks(LANES).map(bits_of));
        Some(Self { _features: features, ranks, splits_at, leaves_at, leaf_count })
    }

    pub(in crate::kernel) fn byte_size(&self) -> usize {
        self.ranks.byte_size()
    }

    /// Adds all that a row reads but the thresholds between those where the searches begin: of these
    /// it reads a line for each column of some five, all at once.
    ///
    /// In a server of 1,000 endpoints of 20 trees of depth 5, called in turn, a call took 1.1 µs longer
    /// than those of one endpoint without splits and leaves, 1.1 without the leaves, 0.7 with both and
    /// 1.4 also with all thresholds (the quickest quarter of twelve windows of a second for each). A
    /// loop of rows alone, which has nothing else to wait for, sees no difference.
    pub(in crate::kernel) fn footprint(&self, footprint: &mut Footprint) {
        self.ranks.footprint(footprint);
        footprint.add(&self.ranks.blocks[self.splits_at..]);
    }

    /// Writes the leaf of each tree.
    pub(in crate::kernel) fn row(&self, keys: &[i32], out: &mut [Lanes<f32>]) {
        match self.ranks.tables.len().div_ceil(WIDTH) {
            1 => self.row_of::<1>(keys, out),
            2 => self.row_of::<2>(keys, out),
            _ => self.row_of::<4>(keys, out),
        }
    }

    fn row_of<const N: usize>(&self, keys: &[i32], out: &mut [Lanes<f32>]) {
        // SAFETY: there are `bytes`, of wide registers, which proves the features.
        unsafe { row::<N>(self, keys, out) }
    }
}

impl Bits {
    fn splits(&self) -> &[SplitLines] {
        self.ranks.blocks[self.splits_at..self.leaves_at].as_chunks().0
    }

    /// All trees' leaves, one tree after the other, by their bits.
    fn leaves(&self) -> &[Block<i32>] {
        &self.ranks.blocks[self.leaves_at..]
    }
}

/// Bytes as they are loaded into a register.
fn lines(bytes: &[u8; SPLITS]) -> Lanes<i32> {
    let words = bytes.as_chunks().0;
    std::array::from_fn(|number| i32::from_ne_bytes(words[number]))
}

/// At most sixteen leaves, filled up.
fn bits_of(leaves: &[f32]) -> Lanes<i32> {
    std::array::from_fn(|number| leaves.get(number).map_or(0, |leaf| leaf.to_bits() as i32))
}

/// Each tree has half a register, or all of it.
fn register(trees: &[&[Slot]], ranks: &Ranks<i32>) -> RankedSplits {
    let mut register = RankedSplits::default();
    for (tree, slots) in trees.iter().enumerate() {
        for (number, slot) in slots.iter().enumerate() {
            let lane = tree * HALF + number;
            register.columns[lane] = slot.column as u8;
            register.ranks[lane] = ranks.number(slot.column as usize, slot.key);
        }
    }
    register
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
fn row<const N: usize>(bits: &Bits, keys: &[i32], out: &mut [Lanes<f32>]) {
    let mut ranks: RowRanks<N> = [[0; WIDTH]; N];
    bits.ranks.fill(
        |column| keys[column],
        ranks.as_flattened_mut(),
        |block, key| reached(block, key),
    );
    let (ranks, leaf_count) = (table(&ranks), bits.leaf_count);
    if leaf_count <= HALF {
        groups(bits, &ranks, out, |leaves, decided, out| {
            store(out, pick(leaves, leaf_count, way(eight(decided), leaf_count)));
        });
    } else {
        let out = out.as_flattened_mut().as_chunks_mut().0;
        groups(bits, &ranks, out, |leaves, decided, out| {
            store_half(out, pick_half(leaves, leaf_count, way_half(eight(decided), leaf_count)));
        });
    }
}

/// Shows the leaves of `TREES` trees at a time, eight registers', with what was decided for them, and
/// then those of fewer that may be left.
///
/// Decides a block of registers before it looks for the ways: what was stored a register's eighth at
/// a time can't be loaded whole at once, and until it can, there are others to decide.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn groups<const N: usize, const TREES: usize>(
    bits: &Bits,
    ranks: &[__m512i; N],
    out: &mut [[f32; TREES]],
    pick: impl Fn(&[Block<i32>], &[i64; ROWS], &mut [f32; TREES]),
) {
    let mut leaves = bits.leaves().chunks_exact(TREES * bits.leaf_count / LANES);
    let whole = leaves.len();
    let mut out = out.iter_mut();
    let mut decided = [[0; ROWS]; BLOCK];
    for splits in bits.splits().chunks(BLOCK * ROWS) {
        for ([thresholds, columns], decided) in splits.iter().zip(decided.as_flattened_mut()) {
            *decided = decide(&Splits::new(load(thresholds), load(columns)), ranks) as i64;
        }
        for ((decided, leaves), out) in decided.iter().zip(&mut leaves).zip(&mut out) {
            pick(leaves, decided, out);
        }
    }
    let rest = leaves.remainder();
    if let Some(out) = out.next().filter(|_| !rest.is_empty()) {
        pick(rest, &decided[whole % BLOCK], out);
    }
}

/// How many of a block are at most `key`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn reached(block: &Block<i32>, key: i32) -> usize {
    _mm512_cmple_epi32_mask(load(block), _mm512_set1_epi32(key)).count_ones() as usize
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &Block<i32>) -> __m512i {
    // SAFETY: a block is sixteen values.
    unsafe { _mm512_loadu_si512(block.0.as_ptr().cast()) }
}

/// The number of the leaf to which the decisions lead, in each of sixteen lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn way(decided: __m512i, leaf_count: usize) -> __m512i {
    let one = _mm512_set1_epi32(1);
    let mut at = one;
    for _ in 0..leaf_count.trailing_zeros() {
        let right = _mm512_and_si512(_mm512_srlv_epi32(decided, at), one);
        at = _mm512_add_epi32(_mm512_add_epi32(at, at), right);
    }
    _mm512_and_si512(at, _mm512_set1_epi32(leaf_count as i32 - 1))
}

/// The same in each of eight lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn way_half(decided: __m512i, leaf_count: usize) -> __m512i {
    let one = _mm512_set1_epi64(1);
    let mut at = one;
    for _ in 0..leaf_count.trailing_zeros() {
        let right = _mm512_and_si512(_mm512_srlv_epi64(decided, at), one);
        at = _mm512_add_epi64(_mm512_add_epi64(at, at), right);
    }
    _mm512_and_si512(at, _mm512_set1_epi64(leaf_count as i64 - 1))
}

/// A leaf of each of sixteen trees, or of as many as there are leaves for.
#[inline]
#[target_feature(enable = "avx512f")]
fn pick(leaves: &[Block<i32>], leaf_count: usize, number: __m512i) -> __m512 {
    let starts: Lanes<i32> = std::array::from_fn(|lane| (lane * leaf_count) as i32);
    // SAFETY: `starts` are sixteen values.
    let starts = unsafe { _mm512_loadu_si512(starts.as_ptr().cast()) };
    let (place, start) = (_mm512_add_epi32(starts, number), leaves.as_ptr().cast());
    if leaves.len() * LANES == LANES * leaf_count {
        // SAFETY: each lane's number is less than `leaf_count` by a mask, from its start on, and each
        // of sixteen trees has so many leaves.
        return unsafe { _mm512_i32gather_ps::<4>(place, start) };
    }
    let (none, there) = (_mm512_setzero_ps(), trees_of(leaves, leaf_count));
    // SAFETY: as above, for each of the trees that there are.
    unsafe { _mm512_mask_i32gather_ps::<4>(none, there, place, start) }
}

/// A leaf of each of eight trees, or of as many as there are leaves for.
#[inline]
#[target_feature(enable = "avx512f")]
fn pick_half(leaves: &[Block<i32>], leaf_count: usize, number: __m512i) -> __m256 {
    let starts = eight(&std::array::from_fn(|lane| (lane * leaf_count) as i64));
    let (place, start) = (_mm512_add_epi64(starts, number), leaves.as_ptr().cast());
    if leaves.len() * LANES == ROWS * leaf_count {
        // SAFETY: each lane's number is less than `leaf_count` by a mask, from its start on, and each
        // of eight trees has so many leaves.
        return unsafe { _mm512_i64gather_ps::<4>(place, start) };
    }
    let (none, there) = (_mm256_setzero_ps(), trees_of(leaves, leaf_count) as u8);
    // SAFETY: as above, for each of the trees that there are.
    unsafe { _mm512_mask_i64gather_ps::<4>(none, there, place, start) }
}

/// A bit for each of the first trees, sixteen at most, that have leaves.
#[inline]
fn trees_of(leaves: &[Block<i32>], leaf_count: usize) -> u16 {
    let trees = leaves.len() * LANES / leaf_count;
    ((1_u32 << trees.min(LANES)) - 1) as u16
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(out: &mut Lanes<f32>, leaves: __m512) {
    // SAFETY: `out` has room for sixteen values.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), leaves) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_half(out: &mut [f32; ROWS], leaves: __m256) {
    // SAFETY: `out` has room for eight values.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), leaves) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What picks find that ask for each tree's last leaf, where all leaves of a block are its number,
    /// counted from 1.
    fn expected<const TREES: usize>(leaf_count: usize, blocks: usize) -> [u32; TREES] {
        std::array::from_fn(|tree| {
            let block = ((tree + 1) * leaf_count - 1) / LANES;
            if block < blocks { (block as f32 + 1.0).to_bits() } else { 0 }
        })
    }

    /// No sanitizer sees what gathers read, so that these leaves are followed by others.
    #[test]
    fn no_leaf_is_read_behind_those_that_there_are() {
        if Bytes::of_wide(Isa::detect()).is_none() {
            return;
        }
        let all: [_; 2 * SPLITS] =
            std::array::from_fn(|block| Block([(block as f32 + 1.0).to_bits() as i32; LANES]));
        for (leaf_count, blocks) in [(2, 1), (4, 3), (16, 5), (32, 8), (32, 30), (32, 32)] {
            let (mut out, last) = ([f32::NAN; LANES], Block([leaf_count as i32 - 1; LANES]));
            // SAFETY: the features were detected.
            unsafe { store(&mut out, pick(&all[..blocks], leaf_count, load(&last))) };
            assert_eq!(
                out.map(f32::to_bits),
                expected(leaf_count, blocks),
                "{blocks} blocks of {leaf_count}"
            );
        }
        for blocks in [4, 12, 28, 32] {
            let (mut out, last) = ([f32::NAN; ROWS], [SPLITS as i64 - 1; ROWS]);
            // SAFETY: as above.
            unsafe { store_half(&mut out, pick_half(&all[..blocks], SPLITS, eight(&last))) };
            assert_eq!(
                out.map(f32::to_bits),
                expected(SPLITS, blocks),
                "{blocks} blocks of {SPLITS}"
            );
        }
    }
}
