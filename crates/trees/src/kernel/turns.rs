//! Trees of at most 64 leaves, all of whose splits are decided at once, a bit each; the way to the
//! leaf is then found in the bits, with a step per *turn* instead of one per level. Owns the
//! numbering that makes this possible; `simd` decides and walks.
//!
//! Of a split's two children the one with more leaves is its *heavy* child. A walk that goes to
//! heavy children only, from any node down to a leaf, is a heavy path, and every other child begins
//! another path. Splits are numbered along the paths, so that a path's are consecutive, and a
//! split's bit says whether the row turns off to the light child. With a bit more that stops at the
//! end of each path, the next place where something happens is found by counting leading zeros.
//! Each turn at least halves the leaves that are left: however lopsided the tree, six steps do,
//! where LightGBM's trees of 63 leaves are 15 levels deep and more.

use super::ranks::{RankedSplits, SPLITS};

/// Two places for leaves per split: where its walk ends heavy, and where light.
pub(super) const PLACES: usize = 2 * SPLITS;

/// A split whose threshold is a rank. Children are splits if 0 or more; `!child` numbers a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankedSplit {
    /// The second child is for ranks greater than this.
    pub(super) rank: u8,
    pub(super) column: u8,
    pub(super) left: i32,
    pub(super) right: i32,
}

/// One tree. The split numbered `n` has the bit `1 << (63 - n)`, and lane `63 - n` of the lists.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct TurnTree {
    pub(super) splits: RankedSplits,
    /// By number: where the path of the light child begins; itself if the walk ends here.
    pub(super) next: [u8; SPLITS],
    /// Splits whose second child is heavy: their bit is the opposite of the decision.
    pub(super) flips: u64,
    /// The last splits of paths.
    pub(super) ends: u64,
    /// How many paths a walk may come along, at least 1.
    pub(super) steps: u32,
}

/// Trees one after the other, with their leaves.
#[derive(Debug, Default)]
pub(super) struct TurnRun {
    pub(super) trees: Vec<TurnTree>,
    /// The values of each tree's leaves, each at its place.
    pub(super) leaves: Vec<[f64; PLACES]>,
    /// The numbers of each tree's leaves, each at its place.
    pub(super) ids: Vec<[u8; PLACES]>,
    /// The group that the first tree adds to; groups take turns.
    pub(super) first_group: usize,
    /// No split looks at a greater column.
    pub(super) column_max: u8,
}

impl TurnRun {
    /// Adds a tree.
    pub(super) fn push(&mut self, splits: &[RankedSplit], values: &[f64]) {
        let (tree, places) = TurnTree::new(splits);
        let (mut leaves, mut ids) = ([0.0; PLACES], [0; PLACES]);
        for (number, (place, value)) in places.iter().zip(values).enumerate() {
            leaves[usize::from(*place)] = *value;
            ids[usize::from(*place)] = number as u8;
        }
        self.ids.push(ids);
        let columns = splits.iter().map(|split| split.column);
        self.column_max = columns.fold(self.column_max, u8::max);
        self.trees.push(tree);
        self.leaves.push(leaves);
    }

    /// Gives back room that was made for more trees.
    pub(super) fn shrink(&mut self) {
        self.trees.shrink_to_fit();
        self.leaves.shrink_to_fit();
        self.ids.shrink_to_fit();
    }

    pub(super) fn byte_size(&self) -> usize {
        let leaves = size_of_val(&self.leaves[..]) + size_of_val(&self.ids[..]);
        size_of_val(&self.trees[..]) + leaves
    }

    /// Shows the number that the leaf of each tree has in it, for one row's rank in each column.
    pub(super) fn leaf_ids(&self, ranks: &[u8], mut show: impl FnMut(u32)) {
        for (tree, ids) in self.trees.iter().zip(&self.ids) {
            show(ids[tree.walk(ranks)].into());
        }
    }
}

impl TurnTree {
    /// Numbers the splits of a tree, which must be one. Also gives the place of each leaf: twice
    /// the number of the split where the walk ends, and one more if it ends light.
    ///
    /// # Panics
    /// If there are more than 63 splits.
    pub(super) fn new(splits: &[RankedSplit]) -> (Self, Vec<u8>) {
        assert!(splits.len() < SPLITS, "a tree of at most 64 leaves");
        let tree = Self {
            splits: RankedSplits::default(),
            next: std::array::from_fn(|number| number as u8),
            flips: 0,
            ends: 0,
            steps: 1,
        };
        let mut numbering = Numbering {
            tree,
            splits,
            weights: weights(splits),
            places: vec![0; splits.len() + 1],
            count: 0,
        };
        numbering.run();
        (numbering.tree, numbering.places)
    }
}

impl TurnTree {
    /// The place of the leaf of a row, found split by split from its rank in each column.
    fn walk(&self, ranks: &[u8]) -> usize {
        let mut number = 0;
        loop {
            let lane = SPLITS - 1 - number;
            let rank = ranks[usize::from(self.splits.columns[lane])];
            let decided = rank > self.splits.ranks[lane];
            let turns = decided != (self.flips & bit(number) != 0);
            let next = usize::from(self.next[number]);
            match (turns, next == number, self.ends & bit(number) != 0) {
                (true, true, _) => return 2 * number + 1,
                (true, false, _) => number = next,
                (false, _, true) => return 2 * number,
                (false, _, false) => number += 1,
            }
        }
    }

    /// The place of the leaf to which decisions lead, at most `steps` paths away.
    #[allow(clippy::inline_always, reason = "compiled for the instructions of its caller")]
    #[inline(always)]
    pub(super) fn place(&self, decided: u64, steps: u32) -> usize {
        let turns = decided ^ self.flips;
        let stops = turns | self.ends;
        let mut at = stops.leading_zeros();
        for _ in 1..steps {
            let start = u32::from(self.next[at as usize % SPLITS]);
            at = start + stops.wrapping_shl(start).leading_zeros();
        }
        let light = turns.wrapping_shl(at) >> (SPLITS - 1);
        (2 * at as usize + light as usize) % PLACES
    }
}

/// Leaves below each split.
fn weights(splits: &[RankedSplit]) -> Vec<u32> {
    let mut order = vec![0; usize::from(!splits.is_empty())];
    let mut at = 0;
    while let Some(split) = order.get(at).map(|split: &usize| splits[*split]) {
        order.extend([split.left, split.right].into_iter().filter_map(|c| usize::try_from(c).ok()));
        at += 1;
    }
    let mut weights = vec![0; splits.len()];
    for split in order.into_iter().rev() {
        let of = |child: i32| usize::try_from(child).map_or(1, |child| weights[child]);
        weights[split] = of(splits[split].left) + of(splits[split].right);
    }
    weights
}

struct Numbering<'a> {
    tree: TurnTree,
    splits: &'a [RankedSplit],
    weights: Vec<u32>,
    /// Of leaves.
    places: Vec<u8>,
    count: usize,
}

/// A path to be numbered.
struct Path {
    start: usize,
    /// The split that turns here, by its number.
    from: Option<usize>,
    /// Paths up to here, with this one.
    steps: u32,
}

impl Numbering<'_> {
    fn run(&mut self) {
        if self.splits.is_empty() {
            self.tree.ends = bit(0);
            return;
        }
        let mut paths = vec![Path { start: 0, from: None, steps: 1 }];
        while let Some(path) = paths.pop() {
            if let Some(from) = path.from {
                self.tree.next[from] = self.count as u8;
            }
            self.tree.steps = self.tree.steps.max(path.steps);
            self.follow(&path, &mut paths);
        }
    }

    /// Numbers a path down to its leaf; paths that begin at its turns are added to `paths`.
    fn follow(&mut self, path: &Path, paths: &mut Vec<Path>) {
        let mut at = path.start;
        loop {
            let number = self.count;
            self.count += 1;
            let (heavy, light) = self.place(number, at);
            match usize::try_from(light) {
                Ok(start) => {
                    paths.push(Path { start, from: Some(number), steps: path.steps + 1 });
                }
                Err(_) => self.places[!light as usize] = 2 * number as u8 + 1,
            }
            let Ok(next) = usize::try_from(heavy) else {
                self.places[!heavy as usize] = 2 * number as u8;
                self.tree.ends |= bit(number);
                return;
            };
            at = next;
        }
    }

    /// Writes a split, and gives its heavy and its light child.
    fn place(&mut self, number: usize, at: usize) -> (i32, i32) {
        let split = self.splits[at];
        let lane = SPLITS - 1 - number;
        (self.tree.splits.ranks[lane], self.tree.splits.columns[lane]) = (split.rank, split.column);
        let weight = |child: i32| usize::try_from(child).map_or(1, |child| self.weights[child]);
        if weight(split.right) > weight(split.left) {
            self.tree.flips |= bit(number);
            return (split.right, split.left);
        }
        (split.left, split.right)
    }
}

fn bit(number: usize) -> u64 {
    1 << (SPLITS - 1 - number)
}
