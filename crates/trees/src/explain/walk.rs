//! The walk that computes Shapley values over the distribution that the trees themselves hold
//! (path-dependent `TreeSHAP`), for [`LANES`] rows times `B` at once.
//!
//! On the way to a leaf let each different feature `i` have the part `z` of the training rows that
//! went along with it, and `o`, 1 if the row goes along too, else 0. The game of the leaf is a product
//! over its features, and the Shapley weights are the Beta integral of `t^s (1-t)^(n-1-s)`; so the
//! value of feature `i` is `leaf × (o_i - z_i) × ∫ Π_{j≠i} (o_j t + z_j (1-t)) dt` from 0 to 1. The
//! integrand is a polynomial of a degree below the number of features, and Gauss–Legendre quadrature
//! with half as many points is exact. All factors are positive and at most 1, so nothing cancels.
//!
//! At each point the product goes down the tree, one factor an edge, and what the leaves make of it
//! comes up again, one sum an edge, times `(o - z) / (o t + z (1-t))` of the edge's feature. The work
//! is proportional to leaves times depth, where the original algorithm takes the depth squared; and
//! as a row decides nothing but which of two numbers to take, rows go in lanes. (The algorithm that
//! this improves on: Lundberg et al., 2018, arXiv:1802.03888; that polynomials do it in linear time:
//! Yu et al., 2022, arXiv:2209.08192.)

use super::{
    program::{Edge, Program, Ways},
    quadrature::Rule,
    question::{LANES, Lane, Mask},
};

/// What one walk computes: a value for each slot.
pub(super) struct Walk<'a, const B: usize> {
    pub(super) program: &'a Program,
    /// The rows: the values of each slot's feature.
    pub(super) rows: &'a [[Lane; B]],
    pub(super) stack: &'a mut Stack<B>,
}

/// What the walk holds for each depth, and in it for each point.
#[derive(Debug)]
pub(super) struct Stack<const B: usize> {
    /// The products down to here.
    products: Vec<[Lane; B]>,
    /// What came up from the leaves below.
    sums: Vec<[Lane; B]>,
    /// Whether the row goes along, for the feature of the edge.
    masks: Vec<[Mask; B]>,
    /// Of the edge of this depth; one per point, but the last.
    hot_inverse: Vec<f64>,
    scalars: Vec<Scalars>,
    edges: Vec<Edge>,
}

/// Numbers of an edge at a point: the factor of the product and the coefficient of the sum, for rows
/// that go along, for rows that leave here, and the factor for those that had left before.
#[derive(Clone, Copy, Debug, Default)]
struct Scalars {
    hot: f64,
    cold: f64,
    hot_coefficient: f64,
    cold_coefficient: f64,
}

impl<const B: usize> Stack<B> {
    pub(super) fn new(depth_max: usize, points_max: usize) -> Self {
        let size = (depth_max + 1) * points_max;
        Self {
            products: vec![[[0.0; LANES]; B]; size],
            sums: vec![[[0.0; LANES]; B]; size],
            masks: vec![[[0; LANES]; B]; depth_max + 1],
            hot_inverse: vec![0.0; size],
            scalars: vec![Scalars::default(); size],
            edges: Vec::with_capacity(depth_max),
        }
    }
}

impl<const B: usize> Walk<'_, B> {
    /// Adds a tree's contributions to `values`, one for each slot.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn tree(&mut self, ways: Ways, rule: &Rule, values: &mut [[Lane; B]]) {
        self.start(rule);
        let program = self.program;
        for edge in program.edges(ways) {
            while self.stack.edges.len() >= edge.depth as usize {
                self.up(rule, values);
            }
            self.down(edge, rule);
        }
        while !self.stack.edges.is_empty() {
            self.up(rule, values);
        }
    }

    /// Goes to the root of a tree.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn start(&mut self, rule: &Rule) {
        self.stack.products[..rule.points.len()].fill([[1.0; LANES]; B]);
        self.stack.edges.clear();
    }

    /// Takes the product along an edge; at a leaf, it turns round.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn down(&mut self, edge: &Edge, rule: &Rule) {
        let count = rule.points.len();
        let (depth, earlier) = (edge.depth as usize, edge.earlier as usize);
        let left = self.rows[edge.slot as usize]
            .each_ref()
            .map(|values| self.program.questions[edge.question as usize].left(values));
        let along = if edge.is_left { left } else { left.map(|mask| mask.map(|bits| !bits)) };
        let stack = &mut *self.stack;
        let before = stack.masks[earlier];
        stack.scalars(edge, rule);
        let (above, below) = stack.products.split_at_mut(depth * count);
        let above = &above[(depth - 1) * count..];
        let scalars = &stack.scalars[depth * count..][..count];
        for ((above, below), of) in above.iter().zip(below).zip(scalars) {
            for b in 0..B {
                for lane in 0..LANES {
                    let here = along[b][lane];
                    let left = if earlier == 0 {
                        of.cold
                    } else {
                        select(before[b][lane], of.cold, edge.share)
                    };
                    let both = if earlier == 0 { here } else { here & before[b][lane] };
                    below[b][lane] = above[b][lane] * select(both, of.hot, left);
                }
            }
        }
        stack.masks[depth] = if earlier == 0 { along } else { and(&along, &before) };
        stack.turn(edge, rule);
        stack.edges.push(*edge);
    }

    /// Takes the sums of the deepest edge up, and its share of them to its feature's value.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn up(&mut self, rule: &Rule, values: &mut [[Lane; B]]) {
        let count = rule.points.len();
        let stack = &mut *self.stack;
        let edge = stack.edges.pop().expect("an edge that was gone down: this is a bug");
        let (depth, earlier) = (edge.depth as usize, edge.earlier as usize);
        let (above, below) = stack.sums.split_at_mut(depth * count);
        let above = &mut above[(depth - 1) * count..];
        let scalars = &stack.scalars[depth * count..][..count];
        let (along, before) = (stack.masks[depth], stack.masks[earlier]);
        let value = &mut values[edge.slot as usize];
        for ((above, below), of) in above.iter_mut().zip(below).zip(scalars) {
            for b in 0..B {
                for lane in 0..LANES {
                    let left = if earlier == 0 {
                        of.cold_coefficient
                    } else {
                        select(before[b][lane], of.cold_coefficient, 0.0)
                    };
                    let coefficient = select(along[b][lane], of.hot_coefficient, left);
                    value[b][lane] += below[b][lane] * coefficient;
                    above[b][lane] += below[b][lane];
                }
            }
        }
    }
}

/// What interactions ask of the way down to here.
impl Stack<1> {
    /// Edges down to here.
    pub(super) fn depth(&self) -> usize {
        self.edges.len()
    }

    /// The edge of a depth from 1 on.
    pub(super) fn edge(&self, depth: usize) -> Edge {
        self.edges[depth - 1]
    }

    /// At each point, what the leaves below the deepest edge give to its feature.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn gifts(&self, edge: &Edge, rule: &Rule, gifts: &mut [Lane]) {
        let count = rule.points.len();
        let (depth, earlier) = (edge.depth as usize, edge.earlier as usize);
        let sums = &self.sums[depth * count..][..count];
        let scalars = &self.scalars[depth * count..][..count];
        let ([along], [before]) = (self.masks[depth], self.masks[earlier]);
        for ((gift, [sum]), of) in gifts.iter_mut().zip(sums).zip(scalars) {
            for lane in 0..LANES {
                let before = if earlier == 0 { u64::MAX } else { before[lane] };
                let left = select(before, of.cold_coefficient, 0.0);
                gift[lane] = sum[lane] * select(along[lane], of.hot_coefficient, left);
            }
        }
    }

    /// The ratio of the feature of a depth's edge, at a point.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    pub(super) fn ratio(&self, depth: usize, (number, count): (usize, usize), t: f64) -> Lane {
        let hot = (1.0 - self.edges[depth - 1].fraction) * self.hot_inverse[depth * count + number];
        let [along] = &self.masks[depth];
        along.map(|along| select(along, hot, -1.0 / (1.0 - t)))
    }
}

impl<const B: usize> Stack<B> {
    /// What an edge's numbers are at each point.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn scalars(&mut self, edge: &Edge, rule: &Rule) {
        let count = rule.points.len();
        let (depth, earlier) = (edge.depth as usize, edge.earlier as usize);
        let (above, below) = self.hot_inverse.split_at_mut(depth * count);
        let earlier_fraction = match earlier {
            0 => 1.0,
            _ => self.edges[earlier - 1].fraction,
        };
        let z = edge.fraction;
        let scalars = &mut self.scalars[depth * count..][..count];
        for (number, (t, of)) in rule.points.iter().zip(scalars).enumerate() {
            let hot = t + z * (1.0 - t);
            let inverse = 1.0 / hot;
            let before = if earlier == 0 { 1.0 } else { above[earlier * count + number] };
            let already = (1.0 - earlier_fraction) * before;
            below[number] = inverse;
            *of = Scalars {
                hot: hot * before,
                cold: z * (1.0 - t) * before,
                hot_coefficient: (1.0 - z) * inverse - already,
                cold_coefficient: -1.0 / (1.0 - t) - already,
            };
        }
    }

    /// Starts the sums of an edge: with nothing, or with what a leaf makes of the product.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn turn(&mut self, edge: &Edge, rule: &Rule) {
        let count = rule.points.len();
        let start = edge.depth as usize * count;
        let sums = &mut self.sums[start..][..count];
        let Some(leaf) = edge.leaf else {
            return sums.fill([[0.0; LANES]; B]);
        };
        let products = &self.products[start..][..count];
        for ((sum, product), weight) in sums.iter_mut().zip(products).zip(&rule.weights) {
            let scale = leaf * weight;
            *sum = product.map(|lane| lane.map(|x| x * scale));
        }
    }
}

#[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
#[inline(always)]
fn and<const B: usize>(one: &[Mask; B], two: &[Mask; B]) -> [Mask; B] {
    std::array::from_fn(|b| std::array::from_fn(|lane| one[b][lane] & two[b][lane]))
}

/// One number or the other, by the bits of a mask.
#[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
#[inline(always)]
fn select(mask: u64, yes: f64, no: f64) -> f64 {
    f64::from_bits(mask & yes.to_bits() | !mask & no.to_bits())
}
