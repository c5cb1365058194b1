//! Sixteen walks in one register. Safety is argued in the module above: indices stay in range
//! because of how trees are laid out, and the columns were compared with the keys there.
//!
//! A gather of sixteen values costs about as much as ten permutations. So a tile's walk gathers as
//! little as it can: the first three levels load the keys of all their splits' columns whole and
//! blend them, and down to the sixth level a split's key and column come from registers that hold
//! the tree. Only the row's key is gathered there.

use std::{
    arch::x86_64::{
        __m512, __m512i, __mmask16, _mm512_add_epi32, _mm512_add_ps, _mm512_cmpge_epi32_mask,
        _mm512_cmpneq_epi32_mask, _mm512_i32gather_epi32, _mm512_i32gather_ps, _mm512_loadu_ps,
        _mm512_loadu_si512, _mm512_mask_add_epi32, _mm512_mask_blend_epi32, _mm512_mask_blend_ps,
        _mm512_maskz_loadu_epi64, _mm512_maskz_loadu_ps, _mm512_or_si512,
        _mm512_permutex2var_epi32, _mm512_permutex2var_ps, _mm512_permutexvar_epi32,
        _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_setzero_ps,
        _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_epi32,
        _mm512_test_epi32_mask,
    },
    hint::black_box,
};

use super::{
    super::{LANES, Lanes, Tiles, perfect::Slot, sparse::Link},
    PerfectTrees, SparseTrees,
};

/// # Safety
/// Every column of the trees must be less than `tiles.column_count`.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn perfect_tiles<const N: usize>(
    trees: &PerfectTrees<'_, N>,
    groups: &[u32],
    tiles: &mut Tiles<'_>,
) {
    let one = one();
    for ((slots, leaves), group) in trees.slots.iter().zip(trees.leaves).zip(groups) {
        let walk = Walk::new(slots, leaves, one);
        for (keys, sums) in tiles.of_group(*group) {
            // SAFETY: the caller promises that all columns are less than the keys of a tile.
            let leaf = unsafe { walk.leaf(keys) };
            add(sums, leaf);
        }
    }
}

/// A tree, its upper six levels and up to 64 leaves in registers, sixteen in each.
struct Walk<'a, const N: usize> {
    slots: &'a [Slot; N],
    leaves: &'a [f32; N],
    keys: [__m512i; 4],
    columns: [__m512i; 4],
    leaf_parts: [__m512; 4],
    one: __m512i,
}

impl<'a, const N: usize> Walk<'a, N> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(slots: &'a [Slot; N], leaves: &'a [f32; N], one: __m512i) -> Self {
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        let mut keys = [_mm512_setzero_si512(); 4];
        let mut columns = [_mm512_setzero_si512(); 4];
        let mut leaf_parts = [_mm512_setzero_ps(); 4];
        for part in 0..N.div_ceil(LANES).min(4) {
            let (low, high) = (eight(slots, part * LANES), eight(slots, part * LANES + 8));
            keys[part] = _mm512_permutex2var_epi32(low, even, high);
            columns[part] = _mm512_permutex2var_epi32(low, odd, high);
            leaf_parts[part] = sixteen(leaves, part * LANES);
        }
        Self { slots, leaves, keys, columns, leaf_parts, one }
    }

    /// The leaf of each row of a tile.
    ///
    /// # Safety
    /// Every column of the tree must be less than `keys.len()`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn leaf(&self, keys: &[Lanes<i32>]) -> __m512 {
        let mut at = self.upper_levels(keys);
        for level in 3..N.trailing_zeros() {
            let (key, column) = match level {
                3 => (
                    _mm512_permutexvar_epi32(at, self.keys[0]),
                    _mm512_permutexvar_epi32(at, self.columns[0]),
                ),
                4 => (
                    _mm512_permutexvar_epi32(at, self.keys[1]),
                    _mm512_permutexvar_epi32(at, self.columns[1]),
                ),
                5 => (
                    _mm512_permutex2var_epi32(self.keys[2], at, self.keys[3]),
                    _mm512_permutex2var_epi32(self.columns[2], at, self.columns[3]),
                ),
                _ => self.gather(at),
            };
            let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let place = _mm512_or_si512(_mm512_slli_epi32::<4>(column), lane);
            // SAFETY: `place` is one of the sixteen values of `column`, which the caller promises
            // to be among the keys.
            let value = unsafe { _mm512_i32gather_epi32::<4>(place, keys.as_ptr().cast()) };
            at = down(at, _mm512_cmpge_epi32_mask(value, key), self.one);
        }
        self.leaf_at(at)
    }

    /// Three levels or as many as there are, without a gather.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn upper_levels(&self, keys: &[Lanes<i32>]) -> __m512i {
        let value = |slot: usize| load(&keys[self.slots[slot].column as usize]);
        let key = |at| _mm512_permutexvar_epi32(at, self.keys[0]);
        let at = _mm512_set1_epi32(1);
        let first = _mm512_cmpge_epi32_mask(value(1), key(at));
        let at = down(at, first, self.one);
        if N == 2 {
            return at;
        }
        let both = _mm512_mask_blend_epi32(first, value(2), value(3));
        let second = _mm512_cmpge_epi32_mask(both, key(at));
        let at = down(at, second, self.one);
        if N == 4 {
            return at;
        }
        let left = _mm512_mask_blend_epi32(second, value(4), value(5));
        let right = _mm512_mask_blend_epi32(second, value(6), value(7));
        let all = _mm512_mask_blend_epi32(first, left, right);
        down(at, _mm512_cmpge_epi32_mask(all, key(at)), self.one)
    }

    /// Keys and columns of splits below the sixth level.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn gather(&self, at: __m512i) -> (__m512i, __m512i) {
        let slots: *const i32 = self.slots.as_ptr().cast();
        // SAFETY: before the last step of a walk, `at` is less than `N`; a slot consists of two
        // values of four bytes.
        unsafe {
            let key = _mm512_i32gather_epi32::<8>(at, slots);
            (key, _mm512_i32gather_epi32::<8>(at, slots.add(1)))
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn leaf_at(&self, at: __m512i) -> __m512 {
        let number = leaf_number::<N>(at);
        let [a, b, c, d] = self.leaf_parts;
        match N {
            ..=16 => _mm512_permutexvar_ps(number, a),
            32 => _mm512_permutex2var_ps(a, number, b),
            64 => {
                let upper = _mm512_test_epi32_mask(number, _mm512_set1_epi32(32));
                let low = _mm512_permutex2var_ps(a, number, b);
                _mm512_mask_blend_ps(upper, low, _mm512_permutex2var_ps(c, number, d))
            }
            // SAFETY: after the last step `at` is at least `N` and less than `2 * N`.
            _ => unsafe { _mm512_i32gather_ps::<4>(number, self.leaves.as_ptr()) },
        }
    }
}

/// # Safety
/// Every column of the trees must be less than `keys.len()`.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn sparse_row(trees: &SparseTrees<'_>, keys: &[i32], out: &mut [Lanes<f32>]) {
    let one = one();
    for (roots, out) in trees.roots.iter().zip(out) {
        // SAFETY: `roots` are sixteen values.
        let roots = unsafe { _mm512_loadu_si512(roots.as_ptr().cast()) };
        // SAFETY: the caller promises that columns are less than `keys.len()`.
        let value = |column| unsafe { _mm512_i32gather_epi32::<4>(column, keys.as_ptr()) };
        let leaf = follow(trees.links, roots, one, value);
        // SAFETY: `out` has room for sixteen values.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), leaf) };
    }
}

/// # Safety
/// Every column of the trees must be less than `tiles.column_count`.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn sparse_tiles(trees: &SparseTrees<'_>, groups: &[u32], tiles: &mut Tiles<'_>) {
    let one = one();
    let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (root, group) in trees.roots.as_flattened().iter().zip(groups) {
        let root = _mm512_set1_epi32(*root as i32);
        for (keys, sums) in tiles.of_group(*group) {
            let value = |column| {
                let place = _mm512_or_si512(_mm512_slli_epi32::<4>(column), lane);
                // SAFETY: the caller promises that `column` is among the keys, each sixteen values.
                unsafe { _mm512_i32gather_epi32::<4>(place, keys.as_ptr().cast()) }
            };
            add(sums, follow(trees.links, root, one, value));
        }
    }
}

/// Goes from links to links until all lanes stay where they are; `at` must be places of links.
#[inline]
#[target_feature(enable = "avx512f")]
fn follow(
    links: &[Link],
    mut at: __m512i,
    one: __m512i,
    value: impl Fn(__m512i) -> __m512i,
) -> __m512 {
    let fields: *const i32 = links.as_ptr().cast();
    loop {
        // SAFETY: links lead to links, of which there are fewer than 2^30, as the module above
        // assures. A link has four fields of four bytes: twice the place in steps of eight bytes.
        let (key, column, first) = unsafe {
            let place = _mm512_add_epi32(at, at);
            let key = _mm512_i32gather_epi32::<8>(place, fields);
            let column = _mm512_i32gather_epi32::<8>(place, fields.add(1));
            (key, column, _mm512_i32gather_epi32::<8>(place, fields.add(2)))
        };
        let right = _mm512_cmpge_epi32_mask(value(column), key);
        let next = _mm512_mask_add_epi32(first, right, first, one);
        if _mm512_cmpneq_epi32_mask(next, at) == 0 {
            // SAFETY: as above; the value is the fourth field.
            return unsafe {
                _mm512_i32gather_ps::<8>(_mm512_add_epi32(at, at), fields.add(3).cast())
            };
        }
        at = next;
    }
}

/// Ones that the compiler does not know to be ones, so that adding them where a mask has bits stays one
/// instruction. A constant it would make from the mask in three, of which the first waits for what its
/// register held before: in some builds that was the sum of the last tile, and tiles were walked one
/// after the other instead of several at once, at half the speed.
#[inline]
#[target_feature(enable = "avx512f")]
fn one() -> __m512i {
    _mm512_set1_epi32(black_box(1))
}

/// To the first child, or the second.
#[inline]
#[target_feature(enable = "avx512f")]
fn down(at: __m512i, right: __mmask16, one: __m512i) -> __m512i {
    let first = _mm512_add_epi32(at, at);
    _mm512_mask_add_epi32(first, right, first, one)
}

/// The number of the leaf at which a walk through `N` slots ended.
#[inline]
#[target_feature(enable = "avx512f")]
fn leaf_number<const N: usize>(at: __m512i) -> __m512i {
    _mm512_sub_epi32(at, _mm512_set1_epi32(N as i32))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lanes: &Lanes<i32>) -> __m512i {
    // SAFETY: lanes are sixteen values.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(sums: &mut Lanes<f32>, leaf: __m512) {
    // SAFETY: sums are sixteen values.
    let sum = unsafe { _mm512_loadu_ps(sums.as_ptr()) };
    // SAFETY: as above.
    unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), _mm512_add_ps(sum, leaf)) };
}

/// Up to eight slots from a place on, zeros where there are no more.
#[inline]
#[target_feature(enable = "avx512f")]
fn eight<const N: usize>(slots: &[Slot; N], from: usize) -> __m512i {
    let slots = &slots[from.min(N)..];
    let mask = (1_u16 << slots.len().min(8)) - 1;
    // SAFETY: the mask has a bit for each slot of eight bytes that is there, and no more.
    unsafe { _mm512_maskz_loadu_epi64(mask as u8, slots.as_ptr().cast()) }
}

/// Up to sixteen leaves from a place on, zeros where there are no more.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen<const N: usize>(leaves: &[f32; N], from: usize) -> __m512 {
    let leaves = &leaves[from.min(N)..];
    let mask = (1_u32 << leaves.len().min(16)) - 1;
    // SAFETY: the mask has a bit for each leaf that is there, and no more.
    unsafe { _mm512_maskz_loadu_ps(mask as u16, leaves.as_ptr()) }
}
