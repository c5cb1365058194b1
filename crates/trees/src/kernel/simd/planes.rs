//! One row through many shallow trees with AVX-512: all splits of a tree are decided at once, and
//! only then is the way found, in bits. For trees of at most 32 leaves and rows of at most 64 keys,
//! which fit four registers: a split's key is looked up there with a permutation, where gathers from
//! memory would make it slower than walking.

use std::arch::x86_64::{
    __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_and_si512, _mm512_cmpge_epi32_mask,
    _mm512_cvtepu8_epi32, _mm512_i32gather_ps, _mm512_loadu_si512, _mm512_mask_blend_epi32,
    _mm512_maskz_loadu_epi32, _mm512_permutex2var_epi32, _mm512_set1_epi32, _mm512_srlv_epi32,
    _mm512_storeu_ps, _mm512_sub_epi32, _mm512_test_epi32_mask,
};

use footprint::Footprint;

use super::{
    super::{LANES, Lanes, perfect::Slot},
    Isa, Level,
};

/// Slots that a plane has room for.
const SLOTS: usize = 32;
/// Keys that four registers hold.
const KEYS_MAX: usize = 64;

/// The slots of one tree, their parts apart.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Plane {
    keys: [i32; SLOTS],
    columns: [u8; SLOTS],
}

/// A run of trees of one depth.
#[derive(Debug)]
pub(in crate::kernel) struct Planes {
    planes: Vec<[Plane; LANES]>,
    leaf_count: usize,
}

impl Planes {
    /// From trees of `leaf_count` slots each, a multiple of [`LANES`] trees; `None` where walking
    /// is better or this is not possible.
    pub(in crate::kernel) fn new(
        isa: Isa,
        slots: &[Slot],
        leaf_count: usize,
        column_max: u32,
    ) -> Option<Self> {
        let fits = leaf_count <= SLOTS && (column_max as usize) < KEYS_MAX;
        if !matches!(isa.0, Level::Avx512 | Level::Avx512Bytes) || !fits {
            return None;
        }
        let all: Vec<Plane> = slots.chunks(leaf_count).map(plane).collect();
        Some(Self { planes: all.as_chunks().0.to_vec(), leaf_count })
    }

    pub(in crate::kernel) fn byte_size(&self) -> usize {
        size_of_val(&self.planes[..])
    }

    pub(in crate::kernel) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&self.planes[..]);
    }

    /// Writes the leaf of each tree; `leaves` are those of all trees, one tree after the other.
    pub(in crate::kernel) fn row(&self, leaves: &[f32], keys: &[i32], out: &mut [Lanes<f32>]) {
        assert!(
            leaves.len() == self.planes.len() * LANES * self.leaf_count,
            "each tree has its leaves"
        );
        // SAFETY: planes exist only where AVX-512F was detected, and of leaves there are as many
        // as asserted.
        unsafe { row(self, leaves, keys, out) }
    }
}

fn plane(slots: &[Slot]) -> Plane {
    let mut plane = Plane { keys: [0; SLOTS], columns: [0; SLOTS] };
    for (number, slot) in slots.iter().enumerate() {
        (plane.keys[number], plane.columns[number]) = (slot.key, slot.column as u8);
    }
    plane
}

/// # Safety
/// `leaves` must have `leaf_count` values for each lane of each plane.
#[target_feature(enable = "avx512f")]
unsafe fn row(planes: &Planes, leaves: &[f32], keys: &[i32], out: &mut [Lanes<f32>]) {
    let table: [__m512i; 4] = std::array::from_fn(|part| sixteen(keys, part * LANES));
    let leaf_count = planes.leaf_count;
    let starts = load(&std::array::from_fn(|lane| (lane * leaf_count) as i32));
    let narrow = keys.len() <= 2 * LANES;
    let leaves = leaves.chunks_exact(LANES * leaf_count);
    for ((planes, leaves), out) in planes.planes.iter().zip(leaves).zip(out) {
        let mut bits = [0; LANES];
        for (plane, bits) in planes.iter().zip(&mut bits) {
            *bits =
                if narrow { plane.decide::<true>(&table) } else { plane.decide::<false>(&table) };
        }
        let place = _mm512_add_epi32(starts, way(load(&bits), leaf_count));
        // SAFETY: each lane's leaf number is less than `leaf_count`, from its start on; `out` has
        // room for sixteen values.
        unsafe {
            let leaf = _mm512_i32gather_ps::<4>(place, leaves.as_ptr());
            _mm512_storeu_ps(out.as_mut_ptr(), leaf);
        }
    }
}

impl Plane {
    /// A bit for each slot, set if it sends the row to the second child.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn decide<const NARROW: bool>(&self, table: &[__m512i; 4]) -> i32 {
        let half = |from: usize| {
            let (column, key) = (widened(&self.columns, from), sixteen(&self.keys, from));
            let low = _mm512_permutex2var_epi32(table[0], column, table[1]);
            if NARROW {
                return u32::from(_mm512_cmpge_epi32_mask(low, key));
            }
            let high = _mm512_permutex2var_epi32(table[2], column, table[3]);
            let upper = _mm512_test_epi32_mask(column, _mm512_set1_epi32(2 * LANES as i32));
            let value = _mm512_mask_blend_epi32(upper, low, high);
            u32::from(_mm512_cmpge_epi32_mask(value, key))
        };
        (half(0) | half(LANES) << LANES) as i32
    }
}

/// The leaf to which the decisions lead, in each lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn way(bits: __m512i, leaf_count: usize) -> __m512i {
    let one = _mm512_set1_epi32(1);
    let mut at = one;
    for _ in 0..leaf_count.trailing_zeros() {
        let right = _mm512_and_si512(_mm512_srlv_epi32(bits, at), one);
        at = _mm512_add_epi32(_mm512_add_epi32(at, at), right);
    }
    _mm512_sub_epi32(at, _mm512_set1_epi32(leaf_count as i32))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lanes: &Lanes<i32>) -> __m512i {
    // SAFETY: lanes are sixteen values.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

/// Up to sixteen values from a place on, zeros where there are no more.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(values: &[i32], from: usize) -> __m512i {
    let values = &values[from.min(values.len())..];
    let mask = (1_u32 << values.len().min(LANES)) - 1;
    // SAFETY: the mask has a bit for each value that is there, and no more.
    unsafe { _mm512_maskz_loadu_epi32(mask as u16, values.as_ptr()) }
}

/// Sixteen columns from a place on.
#[inline]
#[target_feature(enable = "avx512f")]
fn widened(columns: &[u8; SLOTS], from: usize) -> __m512i {
    let columns: &Lanes<u8> = columns[from..].first_chunk().expect("half: this is a bug");
    // SAFETY: these are sixteen bytes.
    _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(columns.as_ptr().cast()) })
}
