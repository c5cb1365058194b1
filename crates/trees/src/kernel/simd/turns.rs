//! The search for ranks, and the trees of `turns`, with the byte permutations of newer processors:
//! a row's ranks fill a register or a few, so that one permutation fetches what all splits of a tree
//! look at, and one comparison decides them.
//!
//! Safety rests on [`Bytes`], which exists only where the features were detected, and on masks:
//! whatever the trees hold, no place of a leaf is [`PLACES`] or more.

use std::arch::x86_64::{
    __m512d, __m512i, _mm512_add_epi64, _mm512_add_pd, _mm512_and_si512, _mm512_cmpgt_epu8_mask,
    _mm512_cmple_epi64_mask, _mm512_i64gather_pd, _mm512_loadu_pd, _mm512_loadu_si512,
    _mm512_lzcnt_epi64, _mm512_mask_blend_epi8, _mm512_maskz_permutexvar_epi8, _mm512_movepi8_mask,
    _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8, _mm512_set1_epi64,
    _mm512_sllv_epi64, _mm512_srli_epi64, _mm512_storeu_pd, _mm512_xor_si512,
};

use super::{
    super::{
        ranks::{Block, RankedSplits, Ranks, SPLITS},
        turns::{PLACES, TurnRun, TurnTree},
    },
    Isa, Level, half_turns, has_counts,
};

/// Ranks that a register holds.
pub(in crate::kernel) const WIDTH: usize = 64;
/// Rows whose ways are found together.
pub(in crate::kernel) const ROWS: usize = 8;
/// Rows that one tree is asked about before the next.
pub(in crate::kernel) const BLOCK_ROWS: usize = 128;
/// The low byte of every number of eight bytes.
const LOW_BYTES: u64 = 0x0101_0101_0101_0101;

/// Proof that the processor looks bytes up in registers, and counts leading zeros.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Bytes(Registers);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registers {
    /// Of 64 bytes, with permutations of bytes and leading zeros in each lane.
    Wide,
    /// Of 32 bytes, where look-ups take sixteen at a time.
    Half,
}

/// The ranks of one row in `N` registers, 1, 2 or 4; there may be fewer columns.
pub(in crate::kernel) type RowRanks<const N: usize> = [[u8; WIDTH]; N];

impl Bytes {
    pub(in crate::kernel) fn of(isa: Isa) -> Option<Self> {
        match isa.0 {
            Level::Portable => None,
            Level::Avx2 | Level::Avx512 => has_counts().then_some(Self(Registers::Half)),
            Level::Avx512Bytes => Some(Self(Registers::Wide)),
        }
    }

    /// The same, but only for registers of 64 bytes.
    pub(super) fn of_wide(isa: Isa) -> Option<Self> {
        Self::of(isa).filter(|bytes| bytes.0 == Registers::Wide)
    }

    /// Writes the rank of each column's key.
    pub(in crate::kernel) fn ranks(
        self,
        ranks: &Ranks<i64>,
        key: impl Fn(usize) -> i64,
        out: &mut [u8],
    ) {
        match self.0 {
            // SAFETY: `self` proves the features.
            Registers::Wide => unsafe { fill(ranks, key, out) },
            // SAFETY: as above.
            Registers::Half => unsafe { half_turns::fill(ranks, key, out) },
        }
    }

    /// One row: adds the leaf of each tree to the sum of its group.
    pub(in crate::kernel) fn row<const N: usize>(
        self,
        run: &TurnRun,
        ranks: &RowRanks<N>,
        sums: &mut [f64],
    ) {
        match self.0 {
            // SAFETY: `self` proves the features.
            Registers::Wide => unsafe { row(run, ranks, sums) },
            // SAFETY: as above.
            Registers::Half => unsafe { half_turns::row(run, ranks, sums) },
        }
    }

    /// At most [`BLOCK_ROWS`] rows, a multiple of [`ROWS`]: adds the leaves to the sums, of which
    /// `sums` has one per row for the first group, then for the second, and so on.
    pub(in crate::kernel) fn rows<const N: usize>(
        self,
        run: &TurnRun,
        ranks: &[RowRanks<N>],
        sums: &mut [f64],
    ) {
        match self.0 {
            // SAFETY: `self` proves the features.
            Registers::Wide => unsafe { rows(run, ranks, sums) },
            // SAFETY: as above.
            Registers::Half => unsafe { half_turns::rows(run, ranks, sums) },
        }
    }
}

#[target_feature(enable = "avx512f,popcnt")]
fn fill(ranks: &Ranks<i64>, key: impl Fn(usize) -> i64, out: &mut [u8]) {
    ranks.fill(key, out, |block, key| reached(block, key));
}

/// How many of a block are at most `key`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn reached(block: &Block<i64>, key: i64) -> usize {
    let key = _mm512_set1_epi64(key);
    let [low, high] = block.0.as_chunks().0 else {
        unreachable!("a block is two registers: this is a bug")
    };
    let low = _mm512_cmple_epi64_mask(eight(low), key);
    let high = _mm512_cmple_epi64_mask(eight(high), key);
    (low.count_ones() + high.count_ones()) as usize
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt")]
fn row<const N: usize>(run: &TurnRun, ranks: &RowRanks<N>, sums: &mut [f64]) {
    let ranks = table(ranks);
    let steps = run.trees.iter().map(|tree| tree.steps).max().unwrap_or(1);
    let mut group = run.first_group;
    for (tree, leaves) in run.trees.iter().zip(&run.leaves) {
        let decided = decide(&Splits::of(&tree.splits), &ranks);
        sums[group] += leaves[tree.place(decided, steps)];
        group += 1;
        if group == sums.len() {
            group = 0;
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
fn rows<const N: usize>(run: &TurnRun, ranks: &[RowRanks<N>], sums: &mut [f64]) {
    let group_count = sums.len() / ranks.len();
    let mut decisions = [[0; ROWS]; BLOCK_ROWS / ROWS];
    for (number, (tree, leaves)) in run.trees.iter().zip(&run.leaves).enumerate() {
        let splits = Splits::of(&tree.splits);
        for (decided, ranks) in decisions.as_flattened_mut().iter_mut().zip(ranks) {
            *decided = decide(&splits, &table(ranks)) as i64;
        }
        let ways = Ways::of(tree);
        let group = (run.first_group + number) % group_count;
        let sums = sums[group * ranks.len()..][..ranks.len()].as_chunks_mut::<ROWS>().0;
        for (decided, sums) in decisions.iter().zip(sums) {
            add(sums, pick(leaves, ways.place(eight(decided))));
        }
    }
}

/// What splits ask, in registers.
pub(super) struct Splits {
    thresholds: __m512i,
    columns: __m512i,
}

impl Splits {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn of(splits: &RankedSplits) -> Self {
        Self { thresholds: bytes(&splits.ranks), columns: bytes(&splits.columns) }
    }

    pub(super) fn new(thresholds: __m512i, columns: __m512i) -> Self {
        Self { thresholds, columns }
    }
}

/// A bit for each lane whose split sends the row to the second child.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn decide<const N: usize>(splits: &Splits, ranks: &[__m512i; N]) -> u64 {
    let columns = splits.columns;
    let values = match ranks[..] {
        [all] => _mm512_permutexvar_epi8(columns, all),
        [low, high] => _mm512_permutex2var_epi8(low, columns, high),
        [a, b, c, d] => _mm512_mask_blend_epi8(
            _mm512_movepi8_mask(columns),
            _mm512_permutex2var_epi8(a, columns, b),
            _mm512_permutex2var_epi8(c, columns, d),
        ),
        _ => unreachable!("a row has 1, 2 or 4 registers of ranks: this is a bug"),
    };
    _mm512_cmpgt_epu8_mask(values, splits.thresholds)
}

/// Where the walks through a tree go, in registers.
struct Ways {
    next: __m512i,
    flips: __m512i,
    ends: __m512i,
    steps: u32,
}

impl Ways {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn of(tree: &TurnTree) -> Self {
        Self {
            next: bytes(&tree.next),
            flips: _mm512_set1_epi64(tree.flips as i64),
            ends: _mm512_set1_epi64(tree.ends as i64),
            steps: tree.steps,
        }
    }

    /// The place of the leaf to which the decisions lead, in each lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
    fn place(&self, decided: __m512i) -> __m512i {
        let turns = _mm512_xor_si512(decided, self.flips);
        let stops = _mm512_or_si512(turns, self.ends);
        let mut at = _mm512_lzcnt_epi64(stops);
        for _ in 1..self.steps {
            let start = _mm512_maskz_permutexvar_epi8(LOW_BYTES, at, self.next);
            let ahead = _mm512_lzcnt_epi64(_mm512_sllv_epi64(stops, start));
            at = _mm512_add_epi64(start, ahead);
        }
        let light = _mm512_srli_epi64::<{ SPLITS as u32 - 1 }>(_mm512_sllv_epi64(turns, at));
        _mm512_add_epi64(_mm512_add_epi64(at, at), light)
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn pick(leaves: &[f64; PLACES], place: __m512i) -> __m512d {
    let place = _mm512_and_si512(place, _mm512_set1_epi64(PLACES as i64 - 1));
    // SAFETY: every lane is less than the number of leaves, by the mask.
    unsafe { _mm512_i64gather_pd::<8>(place, leaves.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(sums: &mut [f64; ROWS], leaves: __m512d) {
    // SAFETY: these are eight values, here and below.
    let all = unsafe { _mm512_add_pd(_mm512_loadu_pd(sums.as_ptr()), leaves) };
    // SAFETY: as above.
    unsafe { _mm512_storeu_pd(sums.as_mut_ptr(), all) };
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn table<const N: usize>(ranks: &RowRanks<N>) -> [__m512i; N] {
    std::array::from_fn(|part| bytes(&ranks[part]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn bytes(bytes: &[u8; WIDTH]) -> __m512i {
    // SAFETY: these are 64 bytes.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn eight(values: &[i64; ROWS]) -> __m512i {
    // SAFETY: these are eight values of eight bytes.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}
