//! One row through many shallow trees with permutations of bytes: as `planes` does it, but in ranks
//! instead of keys, so that a register decides two trees of depth 5 at once, or one of depth 6.

use std::arch::x86_64::{
    __m256, __m512, __m512i, _mm256_storeu_ps, _mm512_add_epi32, _mm512_add_epi64,
    _mm512_and_si512, _mm512_cmple_epi32_mask, _mm512_i32gather_ps, _mm512_i64gather_ps,
    _mm512_loadu_si512, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_srlv_epi32, _mm512_srlv_epi64,
    _mm512_storeu_ps,
};

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
    ranks: Ranks<i32>,
    /// Two trees in each, or one.
    registers: Vec<RankedSplits>,
    leaf_count: usize,
}

impl Bits {
    /// From trees of `leaf_count` slots each, a multiple of [`LANES`] trees; `None` where walking
    /// is better or this is not possible.
    pub(in crate::kernel) fn new(
        isa: Isa,
        slots: &[Slot],
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
        let ranks = Ranks::new(thresholds)?;
        let trees_each = if leaf_count <= HALF { 2 } else { 1 };
        let trees: Vec<_> = slots.chunks(leaf_count).collect();
        let registers = trees.chunks(trees_each).map(|trees| register(trees, &ranks)).collect();
        Some(Self { _features: features, ranks, registers, leaf_count })
    }

    pub(in crate::kernel) fn byte_size(&self) -> usize {
        size_of_val(&self.registers[..]) + self.ranks.byte_size()
    }

    /// Writes the leaf of each tree; `leaves` are those of all trees, one tree after the other.
    pub(in crate::kernel) fn row(&self, leaves: &[f32], keys: &[i32], out: &mut [Lanes<f32>]) {
        match self.ranks.tables.len().div_ceil(WIDTH) {
            1 => self.row_of::<1>(leaves, keys, out),
            2 => self.row_of::<2>(leaves, keys, out),
            _ => self.row_of::<4>(leaves, keys, out),
        }
    }

    fn row_of<const N: usize>(&self, leaves: &[f32], keys: &[i32], out: &mut [Lanes<f32>]) {
        // SAFETY: there are `bytes`, of wide registers, which proves the features.
        unsafe { row::<N>(self, leaves, keys, out) }
    }
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

/// Decides a block of registers before it looks for the ways: what was stored a register's eighth at
/// a time can't be loaded whole at once, and until it can, there are others to decide.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
fn row<const N: usize>(bits: &Bits, leaves: &[f32], keys: &[i32], out: &mut [Lanes<f32>]) {
    let mut ranks: RowRanks<N> = [[0; WIDTH]; N];
    bits.ranks.fill(
        |column| keys[column],
        ranks.as_flattened_mut(),
        |block, key| reached(block, key),
    );
    let ranks = table(&ranks);
    let leaf_count = bits.leaf_count;
    let trees_each = if leaf_count <= HALF { 2 } else { 1 };
    let mut leaves = leaves.chunks_exact(ROWS * trees_each * leaf_count);
    let mut out = out.as_flattened_mut();
    let mut decided = [[0; ROWS]; BLOCK];
    for registers in bits.registers.chunks(BLOCK * ROWS) {
        for (splits, decided) in registers.iter().zip(decided.as_flattened_mut()) {
            *decided = decide(&Splits::of(splits), &ranks) as i64;
        }
        let (own, rest) = out.split_at_mut(registers.len() * trees_each);
        out = rest;
        if trees_each == 2 {
            let own = own.as_chunks_mut::<LANES>().0;
            for ((decided, out), leaves) in decided.iter().zip(own).zip(&mut leaves) {
                store(out, pick(leaves, leaf_count, way(eight(decided), leaf_count)));
            }
        } else {
            let own = own.as_chunks_mut::<ROWS>().0;
            for ((decided, out), leaves) in decided.iter().zip(own).zip(&mut leaves) {
                store_half(
                    out,
                    pick_half(leaves, leaf_count, way_half(eight(decided), leaf_count)),
                );
            }
        }
    }
}

/// How many of a block are at most `key`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn reached(block: &Block<i32>, key: i32) -> usize {
    // SAFETY: a block is sixteen values.
    let block = unsafe { _mm512_loadu_si512(block.0.as_ptr().cast()) };
    _mm512_cmple_epi32_mask(block, _mm512_set1_epi32(key)).count_ones() as usize
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

/// A leaf of each of sixteen trees.
#[inline]
#[target_feature(enable = "avx512f")]
fn pick(leaves: &[f32], leaf_count: usize, number: __m512i) -> __m512 {
    assert!(leaves.len() == LANES * leaf_count, "each tree has its leaves");
    let starts: Lanes<i32> = std::array::from_fn(|lane| (lane * leaf_count) as i32);
    // SAFETY: `starts` are sixteen values.
    let starts = unsafe { _mm512_loadu_si512(starts.as_ptr().cast()) };
    // SAFETY: each lane's number is less than `leaf_count` by a mask, from its start on.
    unsafe { _mm512_i32gather_ps::<4>(_mm512_add_epi32(starts, number), leaves.as_ptr()) }
}

/// A leaf of each of eight trees.
#[inline]
#[target_feature(enable = "avx512f")]
fn pick_half(leaves: &[f32], leaf_count: usize, number: __m512i) -> __m256 {
    assert!(leaves.len() == ROWS * leaf_count, "each tree has its leaves");
    let starts = eight(&std::array::from_fn(|lane| (lane * leaf_count) as i64));
    // SAFETY: each lane's number is less than `leaf_count` by a mask, from its start on.
    unsafe { _mm512_i64gather_ps::<4>(_mm512_add_epi64(starts, number), leaves.as_ptr()) }
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
