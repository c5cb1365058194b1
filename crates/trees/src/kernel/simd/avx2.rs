//! Eight walks in one register, twice for sixteen lanes. Safety is argued in the module above:
//! indices stay in range because of how trees are laid out, and the columns were compared with the
//! keys there.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_cmpeq_epi32, _mm256_cmpgt_epi32,
    _mm256_i32gather_epi32, _mm256_i32gather_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_slli_epi32,
    _mm256_storeu_ps, _mm256_sub_epi32,
};

use super::{
    super::{LANES, Lanes, Tiles, perfect::Slot, sparse::Link},
    PerfectTrees, SparseTrees,
};

/// Lanes of a register.
const WIDTH: usize = 8;

/// # Safety
/// Every column of the trees must be less than `tiles.column_count`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn perfect_tiles<const N: usize>(
    trees: &PerfectTrees<'_, N>,
    groups: &[u32],
    tiles: &mut Tiles<'_>,
) {
    for ((slots, leaves), group) in trees.slots.iter().zip(trees.leaves).zip(groups) {
        for (keys, sums) in tiles.of_group(*group) {
            for (part, sums) in sums.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
                // SAFETY: the caller promises that columns are among the tile's keys.
                let value = |column| unsafe { gather_part(keys, part, column) };
                let end = descend::<N>(slots, value);
                // SAFETY: each lane's `end` is less than `N`.
                add(sums, unsafe { _mm256_i32gather_ps::<4>(leaves.as_ptr(), end) });
            }
        }
    }
}

/// Walks to leaves and gives their numbers, less than `N`.
#[inline]
#[target_feature(enable = "avx2")]
fn descend<const N: usize>(slots: &[Slot; N], value: impl Fn(__m256i) -> __m256i) -> __m256i {
    let slots: *const i32 = slots.as_ptr().cast();
    let mut at = _mm256_set1_epi32(1);
    for _ in 0..N.trailing_zeros() {
        // SAFETY: before the last step, `at` is less than `N`; a slot consists of two values of
        // four bytes.
        let (key, column) = unsafe {
            let key = _mm256_i32gather_epi32::<8>(slots, at);
            (key, _mm256_i32gather_epi32::<8>(slots.add(1), at))
        };
        at = second_unless(_mm256_cmpgt_epi32(key, value(column)), _mm256_add_epi32(at, at));
    }
    _mm256_sub_epi32(at, _mm256_set1_epi32(N as i32))
}

/// # Safety
/// Every column of the trees must be less than `keys.len()`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn sparse_row(trees: &SparseTrees<'_>, keys: &[i32], out: &mut [Lanes<f32>]) {
    let roots = trees.roots.as_flattened().as_chunks::<WIDTH>().0;
    let out = out.as_flattened_mut().as_chunks_mut::<WIDTH>().0;
    for (roots, out) in roots.iter().zip(out) {
        // SAFETY: the caller promises that columns are less than `keys.len()`.
        let value = |column| unsafe { _mm256_i32gather_epi32::<4>(keys.as_ptr(), column) };
        store(out, follow(trees.links, load(&roots.map(|root| root as i32)), value));
    }
}

/// # Safety
/// Every column of the trees must be less than `tiles.column_count`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn sparse_tiles(trees: &SparseTrees<'_>, groups: &[u32], tiles: &mut Tiles<'_>) {
    for (root, group) in trees.roots.as_flattened().iter().zip(groups) {
        let root = _mm256_set1_epi32(*root as i32);
        for (keys, sums) in tiles.of_group(*group) {
            for (part, sums) in sums.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
                // SAFETY: the caller promises that columns are among the tile's keys.
                let value = |column| unsafe { gather_part(keys, part, column) };
                add(sums, follow(trees.links, root, value));
            }
        }
    }
}

/// Goes from links to links until all lanes stay where they are; `at` must be places of links.
#[inline]
#[target_feature(enable = "avx2")]
fn follow(links: &[Link], mut at: __m256i, value: impl Fn(__m256i) -> __m256i) -> __m256 {
    let fields: *const i32 = links.as_ptr().cast();
    loop {
        let place = _mm256_add_epi32(at, at);
        // SAFETY: links lead to links, of which there are fewer than 2^30, as the module above
        // assures. A link has four fields of four bytes: twice the place in steps of eight bytes.
        let (key, column, first) = unsafe {
            let key = _mm256_i32gather_epi32::<8>(fields, place);
            let column = _mm256_i32gather_epi32::<8>(fields.add(1), place);
            (key, column, _mm256_i32gather_epi32::<8>(fields.add(2), place))
        };
        let next = second_unless(_mm256_cmpgt_epi32(key, value(column)), first);
        if _mm256_movemask_epi8(_mm256_cmpeq_epi32(next, at)) == -1 {
            // SAFETY: as above; the value is the fourth field.
            return unsafe { _mm256_i32gather_ps::<8>(fields.add(3).cast(), place) };
        }
        at = next;
    }
}

/// The node after `first`, or `first` itself in lanes of ones.
#[inline]
#[target_feature(enable = "avx2")]
fn second_unless(left: __m256i, first: __m256i) -> __m256i {
    // All ones are minus one.
    _mm256_add_epi32(_mm256_add_epi32(first, _mm256_set1_epi32(1)), left)
}

/// The keys of half a tile's rows, each in its own column.
///
/// # Safety
/// Every lane of `column` must be less than `keys.len()`, and `part` less than 2.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn gather_part(keys: &[Lanes<i32>], part: usize, column: __m256i) -> __m256i {
    let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let place = _mm256_or_si256(_mm256_slli_epi32::<{ LANES.ilog2() as i32 }>(column), lane);
    // SAFETY: a column's sixteen values are two parts of eight.
    unsafe { _mm256_i32gather_epi32::<4>(keys.as_ptr().cast::<i32>().add(part * WIDTH), place) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(lanes: &[i32; WIDTH]) -> __m256i {
    // SAFETY: lanes are eight values.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(lanes: &mut [f32; WIDTH], values: __m256) {
    // SAFETY: lanes are eight values.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), values) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(sums: &mut [f32; WIDTH], leaf: __m256) {
    // SAFETY: sums are eight values.
    let sum = unsafe { _mm256_loadu_ps(sums.as_ptr()) };
    store(sums, _mm256_add_ps(sum, leaf));
}
