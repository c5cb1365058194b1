//! How margins are computed: the memory layout that an ensemble gets at load, and the walk over it.
//!
//! A [`Forest`] is a list of runs of consecutive trees, each run in the layout that suits it:
//! [`Perfect`] for shallow trees, [`Sparse`] for deep or lopsided ones, [`Mixed`] for
//! those that also split by category. All are [`Kernel`]s; the first two have their walks twice: for
//! AVX-512 (see `simd`) and for any machine. Models without trees are `linear`'s, and
//! LightGBM's trees, which are `f64`, are `wide`'s.
//!
//! Rows come in as ordered keys (see `keys`), one row alone or in tiles of [`LANES`] rows. Either
//! way many independent walks are under way at once, of trees for a single row and of rows for a
//! tile, so that the loads of one hide behind those of the others. Leaves are added in the order
//! of the trees to sums that start from the base margins, as XGBoost does, so that every path here
//! gives the same bits.

mod forks;
mod keys;
mod linear;
mod mixed;
mod perfect;
mod quick;
mod ranks;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "gathers and loads of wide registers take pointers")
)]
mod simd;
mod slow;
mod sparse;
mod sums;
#[cfg(test)]
mod tests;
mod turns;
mod wide;

use std::{cell::RefCell, fmt::Debug};

use footprint::Footprint;
use smallvec::SmallVec;

use crate::{
    Rows,
    ensemble::{Ensemble, Tree},
};
use keys::{ColumnIndex, Columns};
pub(crate) use linear::Linear;
use mixed::Mixed;
use perfect::Perfect;
pub use simd::Isa;
pub(crate) use simd::compiled;
use sparse::Sparse;
use sums::Order;
pub(crate) use wide::Wide;

/// Rows per tile, and trees that are walked together for one row: the lanes of the widest register.
const LANES: usize = 16;
/// How many walks are interleaved on machines without wide registers.
const WALKS: usize = 8;
/// Tiles over which one tree is walked while it is in the cache.
const BLOCK_TILES_MAX: usize = 8;
/// Keys of a block, so that with the tree they fit the first-level cache: 16 KiB.
const BLOCK_KEYS_MAX: usize = 4096;
/// Rows left over below this number are walked one by one: a tile costs as much as about so many.
const TILE_ROWS_MIN: usize = 4;

/// One value for each row of a tile, or for each of [`LANES`] trees.
type Lanes<T> = [T; LANES];

/// Finds the leaves of a run of trees.
trait Kernel: Debug + Send + Sync {
    /// One row, a key per column: writes the leaf of each tree, and anything for trees that would
    /// fill the last lanes up.
    fn row(&self, keys: &[i32], leaves: &mut [Lanes<f32>]);

    /// The same, but writes the number that each leaf has in the file.
    fn row_ids(&self, keys: &[i32], ids: &mut [Lanes<u32>]);

    /// Several tiles: adds the leaves to the sums.
    fn tiles(&self, tiles: &mut Tiles<'_>);

    /// Bytes of heap memory.
    fn byte_size(&self) -> usize;

    /// Adds the heap memory that pays to be fetched before one row reads it: of deep trees none, for
    /// a row reads little of them.
    fn footprint(&self, _footprint: &mut Footprint) {}
}

/// Tiles of rows, one after the other: `keys` has `column_count` lanes per tile, `sums` has
/// `group_count`.
#[derive(Debug)]
struct Tiles<'a> {
    keys: &'a [Lanes<i32>],
    column_count: usize,
    sums: &'a mut [Lanes<f32>],
    group_count: usize,
}

impl Tiles<'_> {
    /// The keys of each tile with its sums for one group.
    fn of_group(&mut self, group: u32) -> impl Iterator<Item = (&[Lanes<i32>], &mut Lanes<f32>)> {
        let sums = self.sums.iter_mut().skip(group as usize).step_by(self.group_count);
        self.keys.chunks_exact(self.column_count).zip(sums)
    }
}

/// An ensemble ready to be walked.
#[derive(Debug)]
pub(crate) struct Forest {
    columns: Columns,
    base_margins: SmallVec<[f32; 4]>,
    runs: SmallVec<[Run; 1]>,
    order: Order,
    tree_count: usize,
}

/// Consecutive trees of one layout: as many as fill `lanes`, the last run also fewer.
#[derive(Debug)]
struct Run {
    trees: Laid,
    /// Groups of [`LANES`] trees.
    lanes: usize,
}

/// Trees in the layout that suits them. Most forests are one run, which lies in the forest itself.
#[derive(Debug)]
enum Laid {
    Perfect(Perfect),
    Sparse(Sparse),
    Mixed(Mixed),
}

impl Run {
    fn kernel(&self) -> &dyn Kernel {
        match &self.trees {
            Laid::Perfect(trees) => trees,
            Laid::Sparse(trees) => trees,
            Laid::Mixed(trees) => trees,
        }
    }
}

/// Working memory of one thread, grown once and used again.
#[derive(Debug, Default)]
struct Scratch {
    row: Vec<i32>,
    keys: Vec<Lanes<i32>>,
    sums: Vec<Lanes<f32>>,
    leaves: Vec<Lanes<f32>>,
    ids: Vec<Lanes<u32>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Forest {
    pub(crate) fn with_isa(ensemble: &Ensemble, isa: Isa) -> Self {
        let trees = &ensemble.trees;
        let index = ColumnIndex::new(trees);
        let runs = runs(trees, &index, isa);
        let order = Order::of(trees, ensemble.base_margins.len());
        let (base_margins, tree_count) = (ensemble.base_margins[..].into(), trees.len());
        Self { columns: index.into_columns(), base_margins, runs, order, tree_count }
    }

    /// Margins per row.
    pub(crate) fn group_count(&self) -> usize {
        self.base_margins.len()
    }

    pub(crate) fn tree_count(&self) -> usize {
        self.tree_count
    }

    pub(crate) fn byte_size(&self) -> usize {
        let runs: usize = self.runs.iter().map(|run| run.kernel().byte_size()).sum();
        let own_runs = if self.runs.spilled() { size_of_val(&self.runs[..]) } else { 0 };
        let bases = &self.base_margins;
        let own_bases = if bases.spilled() { size_of_val(&bases[..]) } else { 0 };
        runs + own_runs + own_bases + self.order.byte_size() + self.columns.byte_size()
    }

    /// Adds the heap memory that pays to be fetched before one row reads it.
    pub(crate) fn footprint(&self, footprint: &mut Footprint) {
        self.columns.footprint(footprint);
        if self.base_margins.spilled() {
            footprint.add(&self.base_margins[..]);
        }
        if self.runs.spilled() {
            footprint.add(&self.runs[..]);
        }
        for run in &self.runs {
            run.kernel().footprint(footprint);
        }
    }

    /// Writes the margins of every row, `group_count` each.
    pub(crate) fn margins(&self, rows: Rows<'_>, out: &mut [f32]) {
        SCRATCH.with_borrow_mut(|scratch| {
            let blocks = rows.blocks(self.block_tiles() * LANES);
            let block_len = self.block_tiles() * LANES * self.group_count();
            for (rows, out) in blocks.zip(out.chunks_mut(block_len)) {
                self.block(rows, out, scratch);
            }
        });
    }

    /// Writes the number of the leaf that every row reaches in every `step`th tree.
    pub(crate) fn leaf_ids(&self, rows: Rows<'_>, step: usize, out: &mut [u32]) {
        let mut out = out.iter_mut();
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.row.resize(self.columns.count(), 0);
            scratch.ids.resize(self.tree_count.div_ceil(LANES), [0; LANES]);
            for row in &rows {
                self.columns.fill(row, scratch.row.iter_mut());
                let mut ids = &mut scratch.ids[..];
                for run in &self.runs {
                    let (own, rest) = ids.split_at_mut(run.lanes);
                    run.kernel().row_ids(&scratch.row, own);
                    ids = rest;
                }
                let ids = &scratch.ids.as_flattened()[..self.tree_count];
                for (id, out) in ids.iter().step_by(step).zip(out.by_ref()) {
                    *out = *id;
                }
            }
        });
    }

    fn block_tiles(&self) -> usize {
        (BLOCK_KEYS_MAX / (self.columns.count() * LANES)).clamp(1, BLOCK_TILES_MAX)
    }

    /// Rows that fill tiles go as tiles, few others alone.
    fn block(&self, rows: Rows<'_>, out: &mut [f32], scratch: &mut Scratch) {
        let mut tiled = rows.len() - rows.len() % LANES;
        if rows.len() - tiled >= TILE_ROWS_MIN {
            tiled = rows.len();
        }
        let (tiled_out, single_out) = out.split_at_mut(tiled * self.group_count());
        if tiled > 0 {
            self.tiles(rows, tiled_out, scratch);
        }
        let singles = rows.iter().skip(tiled);
        for (row, sums) in singles.zip(single_out.chunks_exact_mut(self.group_count())) {
            self.row(row, sums, scratch);
        }
    }

    fn row(&self, row: &[f32], sums: &mut [f32], scratch: &mut Scratch) {
        scratch.row.resize(self.columns.count(), 0);
        self.columns.fill(row, scratch.row.iter_mut());
        // One more than the trees need: room for `Order::add` to look too far.
        scratch.leaves.resize(self.tree_count.div_ceil(LANES) + 1, [0.0; LANES]);
        let mut leaves = &mut scratch.leaves[..];
        for run in &self.runs {
            let (own, rest) = leaves.split_at_mut(run.lanes);
            run.kernel().row(&scratch.row, own);
            leaves = rest;
        }
        sums.copy_from_slice(&self.base_margins);
        self.order.add(&scratch.leaves, self.tree_count, sums);
    }

    /// As many rows as `out` has room for; lanes without a row keep whatever keys they have.
    fn tiles(&self, rows: Rows<'_>, out: &mut [f32], scratch: &mut Scratch) {
        let (column_count, group_count) = (self.columns.count(), self.group_count());
        let tile_count = (out.len() / group_count).div_ceil(LANES);
        scratch.keys.resize(tile_count * column_count, [0; LANES]);
        for (number, row) in rows.iter().enumerate() {
            let tile = scratch.keys.iter_mut().skip(number / LANES * column_count);
            self.columns.fill(row, tile.map(|lanes| &mut lanes[number % LANES]));
        }
        scratch.sums.clear();
        let bases = self.base_margins.iter().map(|base| [*base; LANES]);
        scratch.sums.extend(bases.cycle().take(tile_count * group_count));
        let (keys, sums) = (&scratch.keys[..], &mut scratch.sums[..]);
        let mut tiles = Tiles { keys, column_count, sums, group_count };
        for run in &self.runs {
            run.kernel().tiles(&mut tiles);
        }
        for (number, margins) in out.chunks_exact_mut(group_count).enumerate() {
            let tile = &scratch.sums[number / LANES * group_count..];
            for (margin, lanes) in margins.iter_mut().zip(tile) {
                *margin = lanes[number % LANES];
            }
        }
    }
}

/// Cuts the ensemble into runs: [`LANES`] trees at a time decide on a layout, and neighbours that
/// agree share a run.
fn runs(trees: &[Tree], index: &ColumnIndex, isa: Isa) -> SmallVec<[Run; 1]> {
    let mut runs = SmallVec::new();
    let mut rest = trees;
    while !rest.is_empty() {
        let layout = Layout::of(&rest[..LANES.min(rest.len())]);
        let alike = rest.chunks(LANES).take_while(|chunk| Layout::of(chunk) == layout);
        let (run, after) = rest.split_at(alike.map(<[Tree]>::len).sum());
        let trees = layout.build(run, index, isa);
        runs.push(Run { trees, lanes: run.len().div_ceil(LANES) });
        rest = after;
    }
    runs
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Perfect { depth: u32 },
    Sparse,
    Mixed,
}

impl Layout {
    /// Perfect, unless filling the trees up to their depth would make them several times larger.
    /// Whatever splits by category is walked step by step.
    fn of(trees: &[Tree]) -> Self {
        if trees.iter().any(Tree::has_choices) {
            return Self::Mixed;
        }
        let depth = trees.iter().map(|tree| tree.depth).max().unwrap_or(0).max(1);
        let nodes: usize = trees.iter().map(|tree| tree.nodes.len()).sum();
        let fits = depth <= perfect::DEPTH_ALWAYS
            || depth <= perfect::DEPTH_MAX && trees.len() << depth <= nodes * perfect::GROWTH_MAX;
        if fits { Self::Perfect { depth } } else { Self::Sparse }
    }

    fn build(self, trees: &[Tree], index: &ColumnIndex, isa: Isa) -> Laid {
        match self {
            Self::Perfect { depth } => Laid::Perfect(Perfect::new(trees, depth, index, isa)),
            Self::Mixed => Laid::Mixed(Mixed::new(trees, index)),
            Self::Sparse => Laid::Sparse(Sparse::new(trees, index, isa)),
        }
    }
}
