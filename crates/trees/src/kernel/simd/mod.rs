//! Walks in wide registers, and the choice among them at run time: the only module with `unsafe`.
//! The layouts are `perfect`'s and `sparse`'s, and so are the walks for other machines, which these
//! must equal bit by bit.
//!
//! Safety rests on three facts, each held by one place:
//! - An [`Isa`] other than the portable one exists only if the processor has it: its field is
//!   private and set from [`is_x86_feature_detected`] alone.
//! - Walks over filled trees of `N` slots stay below `N`, by masks. Links lead to links: `ensemble`
//!   checked that children are nodes of their tree, and a leaf leads to itself.
//! - No column is greater than `column_max`, which the layouts compute from all of their nodes. It
//!   is compared with the number of keys at every entry here.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod bits;
pub(crate) mod compiled;
#[cfg(not(target_arch = "x86_64"))]
mod elsewhere;
#[cfg(target_arch = "x86_64")]
mod half_turns;
#[cfg(target_arch = "x86_64")]
mod planes;
#[cfg(target_arch = "x86_64")]
mod turns;

#[cfg(target_arch = "x86_64")]
pub(super) use bits::Bits;
#[cfg(not(target_arch = "x86_64"))]
pub(super) use elsewhere::{BLOCK_ROWS, Bits, Bytes, Planes, ROWS, WIDTH};
#[cfg(target_arch = "x86_64")]
pub(super) use planes::Planes;
#[cfg(target_arch = "x86_64")]
pub(super) use turns::{BLOCK_ROWS, Bytes, ROWS, WIDTH};

use std::fmt;

use super::{Lanes, Tiles, perfect::Slot, sparse::Link};

/// From so many links on, places times two are no longer `i32`, as gathers need them.
const LINKS_MAX: usize = 1 << 30;

/// An instruction set that this processor has.
///
/// Models are read for the best one; [`Model::from_bytes_on`](crate::Model::from_bytes_on) takes
/// another, to measure or to compare. The answers are the same, bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// With permutations of bytes (VBMI), which came two generations later.
    #[cfg(target_arch = "x86_64")]
    Avx512Bytes,
}

/// A run of `perfect`'s trees; of both slots and leaves there are a multiple of
/// [`LANES`](super::LANES).
#[derive(Clone, Copy, Debug)]
pub(super) struct PerfectTrees<'a, const N: usize> {
    pub(super) slots: &'a [[Slot; N]],
    pub(super) leaves: &'a [[f32; N]],
    pub(super) column_max: u32,
}

/// A run of `sparse`'s trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct SparseTrees<'a> {
    pub(super) links: &'a [Link],
    pub(super) roots: &'a [Lanes<u32>],
    pub(super) column_max: u32,
}

/// Calls the walk for the processor; `false` if it has none. With AVX2 the portable walks are better:
/// registers of eight lanes hold no tree to permute, and gathers took half as long again and more.
macro_rules! dispatch {
    ($isa:expr, $walk:ident($($argument:expr),*)) => {
        match $isa.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Bytes => {
                // SAFETY: these levels exist only where AVX-512F was detected, and every column is
                // less than the number of keys, as the callers of this macro assert.
                unsafe { avx512::$walk($($argument),*) };
                true
            }
            _ => false,
        }
    };
}

/// What `turns` uses beside AVX-512F.
#[cfg(target_arch = "x86_64")]
fn has_bytes() -> bool {
    is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512vbmi")
        && has_counts()
}

/// What `half_turns` uses.
#[cfg(target_arch = "x86_64")]
fn has_counts() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// `portable`, `avx2`, `avx512` or `avx512-vbmi`.
impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Bytes => "avx512-vbmi",
        })
    }
}

impl Isa {
    /// The best that this processor has.
    pub fn detect() -> Self {
        Self::available().pop().expect("portable is always there: this is a bug")
    }

    /// All that this processor has, the best one last: at least `portable`, which uses what all
    /// processors of its kind have.
    pub fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut levels = vec![Self(Level::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                levels.push(Self(Level::Avx2));
            }
            if is_x86_feature_detected!("avx512f") {
                levels.push(Self(Level::Avx512));
                if has_bytes() {
                    levels.push(Self(Level::Avx512Bytes));
                }
            }
        }
        levels
    }
}

/// Every method answers whether it did the work; if not, the portable walk must.
impl Isa {
    pub(super) fn perfect_tiles<const N: usize>(
        self,
        trees: &PerfectTrees<'_, N>,
        groups: &[u32],
        tiles: &mut Tiles<'_>,
    ) -> bool {
        assert!((trees.column_max as usize) < tiles.column_count, "a tile has all columns");
        dispatch!(self, perfect_tiles(trees, groups, tiles))
    }

    pub(super) fn sparse_row(
        self,
        trees: &SparseTrees<'_>,
        keys: &[i32],
        leaves: &mut [Lanes<f32>],
    ) -> bool {
        assert!((trees.column_max as usize) < keys.len(), "a row has a key for every column");
        trees.links.len() < LINKS_MAX && dispatch!(self, sparse_row(trees, keys, leaves))
    }

    pub(super) fn sparse_tiles(
        self,
        trees: &SparseTrees<'_>,
        groups: &[u32],
        tiles: &mut Tiles<'_>,
    ) -> bool {
        assert!((trees.column_max as usize) < tiles.column_count, "a tile has all columns");
        trees.links.len() < LINKS_MAX && dispatch!(self, sparse_tiles(trees, groups, tiles))
    }
}
