//! Trees whose splits are all decided at once, in registers of 32 bytes: `turns` for AVX2, which every
//! processor has that has AVX-512 without permutations of bytes, too. A look-up takes sixteen bytes
//! here, so that the ranks of a row are looked up in as many pieces; what is in another piece comes
//! out as zero, and the pieces are put together. Ways are found one by one, for these registers can't
//! count leading zeros.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_adds_epu8, _mm256_broadcastsi128_si256, _mm256_castsi256_pd,
    _mm256_cmpeq_epi8, _mm256_cmpgt_epi64, _mm256_loadu_si256, _mm256_max_epu8,
    _mm256_movemask_epi8, _mm256_movemask_pd, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sub_epi8,
};

use super::{
    super::{
        ranks::{BLOCK, Block, RankedSplits, Ranks, SPLITS},
        turns::TurnRun,
    },
    turns::{BLOCK_ROWS, RowRanks},
};

/// Ranks that are looked up at once.
const PIECE: usize = 16;
/// Bytes of a register.
const WIDTH: usize = 32;
/// What added to the number of a byte in a piece leaves it one, and makes a greater number too great.
const LIMIT: i8 = 0x70;

/// Splits in two registers, and where each of `P` pieces of the ranks has what they look at.
struct Splits<const P: usize> {
    thresholds: [__m256i; 2],
    places: [[__m256i; 2]; P],
}

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn fill(ranks: &Ranks<i64>, key: impl Fn(usize) -> i64, out: &mut [u8]) {
    ranks.fill(key, out, |block, key| reached(block, key));
}

/// How many of a block are at most `key`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn reached(block: &Block<i64>, key: i64) -> usize {
    let key = _mm256_set1_epi64x(key);
    let greater: u32 = block
        .0
        .as_chunks::<4>()
        .0
        .iter()
        .map(|four| {
            // SAFETY: these are four values of eight bytes.
            let four = unsafe { _mm256_loadu_si256(four.as_ptr().cast()) };
            let greater = _mm256_castsi256_pd(_mm256_cmpgt_epi64(four, key));
            _mm256_movemask_pd(greater).count_ones()
        })
        .sum();
    BLOCK - greater as usize
}

/// One row: adds the leaf of each tree to the sum of its group.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(super) fn row<const N: usize>(run: &TurnRun, ranks: &RowRanks<N>, sums: &mut [f64]) {
    match piece_count::<N>(run) {
        2 => row_of::<2>(run, ranks.as_flattened(), sums),
        4 => row_of::<4>(run, ranks.as_flattened(), sums),
        8 => row_of::<8>(run, ranks.as_flattened(), sums),
        _ => row_of::<16>(run, ranks.as_flattened(), sums),
    }
}

/// Many rows: adds the leaves to the sums, of which there are one per row for the first group, then
/// for the second, and so on.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(super) fn rows<const N: usize>(run: &TurnRun, ranks: &[RowRanks<N>], sums: &mut [f64]) {
    match piece_count::<N>(run) {
        2 => rows_of::<2, N>(run, ranks, sums),
        4 => rows_of::<4, N>(run, ranks, sums),
        8 => rows_of::<8, N>(run, ranks, sums),
        _ => rows_of::<16, N>(run, ranks, sums),
    }
}

/// Pieces to look into: those that the trees' columns are in, or more.
fn piece_count<const N: usize>(run: &TurnRun) -> usize {
    if usize::from(run.column_max) < 2 * PIECE { 2 } else { 4 * N }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn row_of<const P: usize>(run: &TurnRun, ranks: &[u8], sums: &mut [f64]) {
    let ranks = table::<P>(ranks);
    let steps = run.trees.iter().map(|tree| tree.steps).max().unwrap_or(1);
    let mut group = run.first_group;
    for (tree, leaves) in run.trees.iter().zip(&run.leaves) {
        let decided = Splits::<P>::of(&tree.splits).decide(&ranks);
        sums[group] += leaves[tree.place(decided, steps)];
        group += 1;
        if group == sums.len() {
            group = 0;
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn rows_of<const P: usize, const N: usize>(run: &TurnRun, ranks: &[RowRanks<N>], sums: &mut [f64]) {
    let group_count = sums.len() / ranks.len();
    let mut decisions = [0; BLOCK_ROWS];
    for (number, (tree, leaves)) in run.trees.iter().zip(&run.leaves).enumerate() {
        let splits = Splits::<P>::of(&tree.splits);
        for (decided, ranks) in decisions.iter_mut().zip(ranks) {
            *decided = splits.decide(&table(ranks.as_flattened()));
        }
        let group = (run.first_group + number) % group_count;
        let sums = &mut sums[group * ranks.len()..][..ranks.len()];
        for (decided, sum) in decisions.iter().zip(sums) {
            *sum += leaves[tree.place(*decided, tree.steps)];
        }
    }
}

impl<const P: usize> Splits<P> {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(splits: &RankedSplits) -> Self {
        let columns = halves(&splits.columns);
        let mut places = [[_mm256_setzero_si256(); 2]; P];
        for (piece, places) in places.iter_mut().enumerate() {
            let first = _mm256_set1_epi8((piece * PIECE) as i8);
            for (place, columns) in places.iter_mut().zip(columns) {
                let own = _mm256_sub_epi8(columns, first);
                *place = _mm256_adds_epu8(own, _mm256_set1_epi8(LIMIT));
            }
        }
        Self { thresholds: halves(&splits.ranks), places }
    }

    /// A bit for each split that sends the row to the second child.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn decide(&self, ranks: &[__m256i; P]) -> u64 {
        let mut values = [_mm256_setzero_si256(); 2];
        for (ranks, places) in ranks.iter().zip(&self.places) {
            for (values, place) in values.iter_mut().zip(places) {
                *values = _mm256_or_si256(*values, _mm256_shuffle_epi8(*ranks, *place));
            }
        }
        let mask = |half: usize| {
            let threshold = self.thresholds[half];
            // What is not the greater of both is not greater.
            let others = _mm256_cmpeq_epi8(_mm256_max_epu8(values[half], threshold), threshold);
            u64::from(!_mm256_movemask_epi8(others) as u32)
        };
        mask(0) | mask(1) << WIDTH
    }
}

/// The first `P` pieces of a row's ranks, each in both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn table<const P: usize>(ranks: &[u8]) -> [__m256i; P] {
    let mut table = [_mm256_setzero_si256(); P];
    for (slot, piece) in table.iter_mut().zip(ranks.as_chunks::<PIECE>().0) {
        // SAFETY: a piece is sixteen bytes.
        *slot = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(piece.as_ptr().cast()) });
    }
    table
}

#[inline]
#[target_feature(enable = "avx2")]
fn halves(bytes: &[u8; SPLITS]) -> [__m256i; 2] {
    let half = |from: usize| {
        let half: &[u8; WIDTH] = bytes[from..].first_chunk().expect("half: this is a bug");
        // SAFETY: these are 32 bytes.
        unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
    };
    [half(0), half(WIDTH)]
}
