//! Trees filled up to a common depth, so that a walk is a fixed number of steps without a branch
//! and children need no pointers. Walks here are portable; `simd` has those for wide registers.
//!
//! A tree of depth `d` has `N = 2^d` slots of 8 bytes for its splits and as many leaves. The splits
//! are numbered as in a heap: the root is 1 and node `i` has the children `2i` and `2i + 1`; number 0
//! is unused, which makes eight siblings of the fourth level share a cache line. A leaf that stands
//! higher is repeated below splits that lead nowhere else.

use footprint::Footprint;

use super::{
    Kernel, LANES, Lanes, Tiles, WALKS,
    keys::ColumnIndex,
    simd::{Bits, Isa, PerfectTrees, Planes},
};
use crate::ensemble::{Node, Tree};

/// Trees up to this depth are always filled up: 64 slots are little memory.
pub(super) const DEPTH_ALWAYS: u32 = 6;
/// Deeper trees never are.
pub(super) const DEPTH_MAX: u32 = 10;
/// Trees between are, if that makes at most so many slots per node.
pub(super) const GROWTH_MAX: usize = 2;

/// Goes to the second child if the row's key in `column` is at least `key`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Slot {
    pub(super) key: i32,
    pub(super) column: u32,
}

/// What stands at the end of a walk.
#[derive(Clone, Copy, Debug, Default)]
struct Leaf {
    value: f32,
    id: u32,
}

/// A run of trees of one depth.
#[derive(Debug)]
pub(super) struct Perfect {
    isa: Isa,
    alone: Alone,
    depth: u32,
    /// `2^depth` per tree; trees of zeros fill the last [`LANES`] up.
    slots: Vec<Slot>,
    /// `2^depth` per tree.
    leaves: Vec<f32>,
    /// The numbers of the leaves in their file.
    ids: Vec<u32>,
    /// One per tree, without the fillers.
    groups: Vec<u32>,
    /// No slot has a greater column.
    column_max: u32,
}

/// How a single row is answered: with the same trees once more, where that is faster.
#[derive(Debug)]
enum Alone {
    Bits(Bits),
    Planes(Planes),
    /// By the portable walk.
    Walk,
}

impl Alone {
    fn new(trees: &Perfect) -> Self {
        let (isa, leaf_count, column_max) = (trees.isa, 1 << trees.depth, trees.column_max);
        let len = trees.groups.len() * leaf_count;
        let without_fillers = (&trees.slots[..len], &trees.leaves[..len]);
        if let Some(bits) = Bits::new(isa, without_fillers, leaf_count, column_max) {
            return Self::Bits(bits);
        }
        Planes::new(isa, &trees.slots, leaf_count, column_max).map_or(Self::Walk, Self::Planes)
    }

    fn byte_size(&self) -> usize {
        match self {
            Self::Bits(bits) => bits.byte_size(),
            Self::Planes(planes) => planes.byte_size(),
            Self::Walk => 0,
        }
    }
}

impl Perfect {
    pub(super) fn new(trees: &[Tree], depth: u32, index: &ColumnIndex, isa: Isa) -> Self {
        let len = trees.len().next_multiple_of(LANES) << depth;
        let mut slots = vec![Slot::default(); len];
        let mut ends = vec![Leaf::default(); len];
        let places = slots.chunks_mut(1 << depth).zip(ends.chunks_mut(1 << depth));
        for (tree, (slots, ends)) in trees.iter().zip(places) {
            fill(tree, slots, ends, index);
        }
        let (leaves, ids): (Vec<_>, Vec<_>) = ends.iter().map(|leaf| (leaf.value, leaf.id)).unzip();
        let column_max = slots.iter().map(|slot| slot.column).max().unwrap_or(0);
        let groups = trees.iter().map(|tree| tree.group).collect();
        let alone = Alone::Walk;
        let trees = Self { isa, alone, depth, slots, leaves, ids, groups, column_max };
        Self { alone: Alone::new(&trees), ..trees }
    }

    fn trees<const N: usize>(&self) -> PerfectTrees<'_, N> {
        PerfectTrees {
            slots: self.slots.as_chunks().0,
            leaves: self.leaves.as_chunks().0,
            column_max: self.column_max,
        }
    }

    fn row_of<const N: usize>(&self, keys: &[i32], out: &mut [Lanes<f32>]) {
        self.pick::<N, f32>(&self.leaves, keys, out);
    }

    fn ids_of<const N: usize>(&self, keys: &[i32], out: &mut [Lanes<u32>]) {
        self.pick::<N, u32>(&self.ids, keys, out);
    }

    /// Writes what a table of `N` values per tree has for the leaf of each tree.
    #[allow(clippy::inline_always, reason = "one body for two tables; the walk must not be a call")]
    #[inline(always)]
    fn pick<const N: usize, T: Copy>(&self, table: &[T], keys: &[i32], out: &mut [Lanes<T>]) {
        let slots = self.slots.as_chunks::<N>().0.as_chunks::<WALKS>().0;
        let table = table.as_chunks::<N>().0.as_chunks::<WALKS>().0;
        let out = out.as_flattened_mut().as_chunks_mut::<WALKS>().0;
        for ((slots, table), out) in slots.iter().zip(table).zip(out) {
            let ends = descend::<N>(|lane, at| {
                let slot = slots[lane][at];
                keys[slot.column as usize] >= slot.key
            });
            for (lane, out) in out.iter_mut().enumerate() {
                *out = table[lane][ends[lane]];
            }
        }
    }

    fn tiles_of<const N: usize>(&self, tiles: &mut Tiles<'_>) {
        let trees = self.trees::<N>();
        if self.isa.perfect_tiles(&trees, &self.groups, tiles) {
            return;
        }
        for ((slots, leaves), group) in trees.slots.iter().zip(trees.leaves).zip(&self.groups) {
            for (keys, sums) in tiles.of_group(*group) {
                for (part, sums) in sums.as_chunks_mut::<WALKS>().0.iter_mut().enumerate() {
                    let ends = descend::<N>(|lane, at| {
                        let slot = slots[at];
                        keys[slot.column as usize][part * WALKS + lane] >= slot.key
                    });
                    for (sum, end) in sums.iter_mut().zip(ends) {
                        *sum += leaves[end];
                    }
                }
            }
        }
    }
}

/// Takes [`WALKS`] walks from the root to a leaf together; `N` is the number of leaves. The masks
/// change no number: they show the compiler that no step leaves the tree.
#[allow(
    clippy::inline_always,
    reason = "the closures are the loop body; a call would hold them apart"
)]
#[inline(always)]
fn descend<const N: usize>(goes_right: impl Fn(usize, usize) -> bool) -> [usize; WALKS] {
    let mut at = [1; WALKS];
    for _ in 0..N.trailing_zeros() {
        for (lane, at) in at.iter_mut().enumerate() {
            *at = 2 * *at + usize::from(goes_right(lane, *at & (N - 1)));
        }
    }
    at.map(|at| at & (N - 1))
}

/// Calls a method with the number of leaves as a constant.
macro_rules! for_depth {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self.depth {
            1 => $self.$method::<2>($($argument),*),
            2 => $self.$method::<4>($($argument),*),
            3 => $self.$method::<8>($($argument),*),
            4 => $self.$method::<16>($($argument),*),
            5 => $self.$method::<32>($($argument),*),
            6 => $self.$method::<64>($($argument),*),
            7 => $self.$method::<128>($($argument),*),
            8 => $self.$method::<256>($($argument),*),
            9 => $self.$method::<512>($($argument),*),
            10 => $self.$method::<1024>($($argument),*),
            depth => unreachable!("no run has depth {depth}: this is a bug"),
        }
    };
}

impl Kernel for Perfect {
    fn row(&self, keys: &[i32], out: &mut [Lanes<f32>]) {
        match &self.alone {
            Alone::Bits(bits) => bits.row(keys, out),
            Alone::Planes(planes) => planes.row(&self.leaves, keys, out),
            Alone::Walk => for_depth!(self.row_of(keys, out)),
        }
    }

    fn row_ids(&self, keys: &[i32], ids: &mut [Lanes<u32>]) {
        for_depth!(self.ids_of(keys, ids));
    }

    fn tiles(&self, tiles: &mut Tiles<'_>) {
        for_depth!(self.tiles_of(tiles));
    }

    fn byte_size(&self) -> usize {
        let leaves = size_of_val(&self.leaves[..]) + size_of_val(&self.ids[..]);
        let trees = size_of_val(&self.slots[..]) + leaves;
        self.alone.byte_size() + trees + size_of_val(&self.groups[..])
    }

    fn footprint(&self, footprint: &mut Footprint) {
        match &self.alone {
            Alone::Bits(bits) => return bits.footprint(footprint),
            Alone::Planes(planes) => planes.footprint(footprint),
            Alone::Walk => footprint.add(&self.slots[..]),
        }
        footprint.add(&self.leaves[..]);
    }
}

/// Writes one tree: the way down is kept as pairs of heap number and node.
fn fill(tree: &Tree, slots: &mut [Slot], leaves: &mut [Leaf], index: &ColumnIndex) {
    let mut ways = vec![(1, 0)];
    while let Some((at, node)) = ways.pop() {
        let (left, right) = match (tree.nodes[node], slots.get_mut(at)) {
            (Node::Split(split), Some(slot)) => {
                (slot.column, slot.key) = index.test(&split);
                (split.left as usize, split.right as usize)
            }
            (Node::Leaf(_), Some(_)) => (node, node),
            (Node::Leaf(value), None) => {
                leaves[at - slots.len()] = Leaf { value, id: tree.ids[node] };
                continue;
            }
            (Node::Choice(_), _) => unreachable!("such trees are `mixed`: this is a bug"),
            (Node::Split(_), None) => {
                unreachable!("a tree is no deeper than its run: this is a bug")
            }
        };
        ways.extend([(2 * at, left), (2 * at + 1, right)]);
    }
}
