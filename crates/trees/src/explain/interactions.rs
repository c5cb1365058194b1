//! How features act together: Shapley interaction values, path-dependent, of [`LANES`] rows at once.
//!
//! What `walk` says of one feature holds of two: over the game of a leaf, the interaction of `i` and
//! `j` is `leaf × (o_i - z_i) × (o_j - z_j) × ∫ Π_{k≠i,j} (o_k t + z_k (1-t)) dt`. So at each point of
//! the rule a leaf's product counts for each pair of features on its way by the product of their
//! ratios `r = (o - z) / (o t + z (1-t))`. On the way up, an edge that changed the ratio of its feature
//! changed each of its pairs by as much times the other ratio; and the changes of a pair down to a leaf
//! sum to the product of both ratios there. All pairs together take one walk, of leaves times depth
//! squared, where one walk for each feature with it held there and held away takes that times the
//! number of features. (The values: Lundberg et al., 2018, arXiv:1802.03888, section 4.)

use super::{
    Explainer, LANES, Lane, Trees, points,
    program::{Edge, Program, Ways},
    quadrature::Rule,
    walk::{Stack, Walk},
};
use crate::{
    Rows,
    kernel::compiled::{self, Work},
};

impl Explainer {
    /// Writes the matrices of every row.
    pub(super) fn matrices(&self, trees: &Trees, rows: Rows<'_, f64>, out: &mut [f64]) {
        let mut scratch = Scratch::new(trees);
        let mut lanes = vec![[[0.0; LANES]; 1]; trees.program.features.len()];
        let blocks = out.chunks_mut(LANES * self.interaction_width());
        for (rows, out) in rows.blocks(LANES).zip(blocks) {
            self.load(&trees.program.features, rows, &mut lanes);
            for group in 0..self.group_count {
                let (rows, scratch) = (&lanes[..], &mut scratch);
                compiled::run(Interactions { trees, group: group as u32, rows, scratch });
                let matrices = out.chunks_mut(self.interaction_width() / self.group_count);
                let matrices = matrices.skip(group).step_by(self.group_count);
                for (lane, matrix) in matrices.enumerate() {
                    self.matrix(&trees.program, (group, lane), scratch, matrix);
                }
            }
        }
    }

    /// Fills the matrix of one row and group.
    fn matrix(
        &self,
        program: &Program,
        (group, lane): (usize, usize),
        scratch: &Scratch,
        out: &mut [f64],
    ) {
        let (side, slots) = (self.feature_count + 1, program.features.len());
        out.fill(0.0);
        for (slot, feature) in program.features.iter().enumerate() {
            let feature = *feature as usize;
            out[feature * side + feature] += scratch.values[slot][0][lane];
            for (other, second) in program.features.iter().enumerate().skip(slot + 1) {
                let second = *second as usize;
                let half = scratch.pairs[slot * slots + other][lane] / 2.0;
                out[feature * side + second] = half;
                out[second * side + feature] = half;
                out[feature * side + feature] -= half;
                out[second * side + second] -= half;
            }
        }
        out[side * side - 1] = program.expected[group];
    }
}

/// What is computed for the trees of one group.
struct Interactions<'a> {
    trees: &'a Trees,
    group: u32,
    /// The rows: the values of each slot's feature.
    rows: &'a [[Lane; 1]],
    scratch: &'a mut Scratch,
}

/// Working memory, and what comes out.
#[derive(Debug)]
struct Scratch {
    stack: Stack<1>,
    /// The contribution of each slot.
    values: Vec<[Lane; 1]>,
    /// Of each slot and each after it, a row per slot: twice the interaction value.
    pairs: Vec<Lane>,
    /// For each depth, how many edges below it have the same feature.
    superseded: Vec<u32>,
    /// At each point, what the leaves below an edge give to its pairs, but for the other ratio.
    gifts: Vec<Lane>,
}

impl Scratch {
    fn new(trees: &Trees) -> Self {
        let (slots, depth) = (trees.program.features.len(), trees.program.depth_max());
        Self {
            stack: Stack::new(depth, trees.rules.len()),
            values: vec![[[0.0; LANES]]; slots],
            pairs: vec![[0.0; LANES]; slots * slots],
            superseded: vec![0; depth + 1],
            gifts: vec![[0.0; LANES]; trees.rules.len()],
        }
    }
}

impl Work for Interactions<'_> {
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn run(self) {
        let program = &self.trees.program;
        self.scratch.values.fill([[0.0; LANES]]);
        self.scratch.pairs.fill([0.0; LANES]);
        for ways in program.trees.iter().filter(|ways| ways.group == self.group) {
            let rule = &self.trees.rules[points(ways.players) - 1];
            let Scratch { stack, values, pairs, superseded, gifts } = &mut *self.scratch;
            let walk = Walk { program, rows: self.rows, stack };
            Pairing { walk, rule, values, pairs, superseded, gifts }.tree(*ways);
        }
    }
}

/// The walk over one tree.
struct Pairing<'a> {
    walk: Walk<'a, 1>,
    rule: &'a Rule,
    values: &'a mut [[Lane; 1]],
    pairs: &'a mut [Lane],
    superseded: &'a mut [u32],
    gifts: &'a mut [Lane],
}

impl Pairing<'_> {
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn tree(mut self, ways: Ways) {
        self.walk.start(self.rule);
        let program = self.walk.program;
        for edge in program.edges(ways) {
            while self.walk.stack.depth() >= edge.depth as usize {
                self.up();
            }
            self.superseded[edge.earlier as usize] += 1;
            self.walk.down(edge, self.rule);
        }
        while self.walk.stack.depth() > 0 {
            self.up();
        }
    }

    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn up(&mut self) {
        let depth = self.walk.stack.depth();
        let edge = self.walk.stack.edge(depth);
        self.walk.stack.gifts(&edge, self.rule, self.gifts);
        for above in 1..depth {
            let other = self.walk.stack.edge(above);
            // Of edges with one feature the last one has its ratio.
            if other.slot != edge.slot && self.superseded[above] == 0 {
                self.pair(&edge, &other, above);
            }
        }
        self.superseded[edge.earlier as usize] -= 1;
        self.walk.up(self.rule, self.values);
    }

    /// Adds what an edge's gifts come to with the ratio of another feature on the way.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn pair(&mut self, edge: &Edge, other: &Edge, above: usize) {
        let slots = self.values.len();
        let (first, second) = (edge.slot.min(other.slot), edge.slot.max(other.slot));
        let sum = &mut self.pairs[first as usize * slots + second as usize];
        let count = self.rule.points.len();
        for (number, (gift, t)) in self.gifts.iter().zip(&self.rule.points).enumerate() {
            let ratio = self.walk.stack.ratio(above, (number, count), *t);
            for ((sum, gift), ratio) in sum.iter_mut().zip(gift).zip(ratio) {
                *sum += gift * ratio;
            }
        }
    }
}
