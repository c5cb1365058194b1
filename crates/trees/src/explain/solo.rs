//! Contributions of one row. `walk` computes them with rows in lanes; for a row alone the points of the
//! quadrature go there instead. Which way the row goes is then one decision, so that of each edge only
//! the numbers are computed that it takes: where the row leaves, nothing is divided.

use std::cell::RefCell;

use super::{
    Trees, points,
    program::{Edge, Program, Ways},
    quadrature::Rule,
};
use crate::kernel::compiled::Work;

/// Points that go together.
const POINTS: usize = 4;

/// A number at each of some points.
type Quad = [f64; POINTS];

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A rule with its points in lanes, filled up with points of no weight.
#[derive(Clone, Debug)]
pub(super) struct QuadRule {
    points: Vec<Quad>,
    weights: Vec<Quad>,
}

impl QuadRule {
    pub(super) fn new(rule: &Rule) -> Self {
        let lanes = |values: &[f64], filler: f64| -> Vec<Quad> {
            let lane = |chunk: &[f64]| std::array::from_fn(|i| *chunk.get(i).unwrap_or(&filler));
            values.chunks(POINTS).map(lane).collect()
        };
        Self { points: lanes(&rule.points, 0.5), weights: lanes(&rule.weights, 0.0) }
    }
}

/// Working memory of one thread, grown once and used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The value of each slot's feature.
    pub(super) row: Vec<f64>,
    /// For each group and slot what comes out, part by part.
    values: Vec<Quad>,
    levels: Vec<Level>,
    edges: Vec<Edge>,
}

/// Numbers of the edge at one depth, for some of the points.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// The product down to here.
    product: Quad,
    /// What came up from the leaves below.
    sum: Quad,
    /// One over the factor of the edge's feature; only where the row goes along.
    inverse: Quad,
    /// The feature's value by its factor.
    ratio: Quad,
    /// By how much the edge changed that.
    change: Quad,
    /// Whether the row goes along, here and wherever the feature was asked before.
    along: bool,
}

/// Explains one row: `fill` puts its values in, `take` gets a value for each group and slot.
pub(super) fn explain(
    trees: &Trees,
    groups: usize,
    fill: impl FnOnce(&mut Vec<f64>),
    take: impl FnOnce(&mut dyn Iterator<Item = f64>),
) {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.row.clear();
        fill(&mut scratch.row);
        scratch.values.clear();
        scratch.values.resize(groups * trees.program.features.len(), [0.0; POINTS]);
        let chunks = trees.quads.last().map_or(1, |rule| rule.points.len());
        scratch.levels.resize((trees.program.depth_max() + 1) * chunks, Level::default());
        crate::kernel::compiled::run(Solo { trees, scratch });
        take(&mut scratch.values.iter().map(|value| value.iter().sum()));
    });
}

struct Solo<'a> {
    trees: &'a Trees,
    scratch: &'a mut Scratch,
}

impl Work for Solo<'_> {
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn run(self) {
        let program = &self.trees.program;
        let slots = program.features.len();
        let Scratch { row, values, levels, edges } = self.scratch;
        for ways in &program.trees {
            let rule = &self.trees.quads[points(ways.players) - 1];
            let values = &mut values[ways.group as usize * slots..][..slots];
            Descent { program, rule, row, values, levels, edges }.tree(*ways);
        }
    }
}

/// The walk over one tree; levels of a depth are side by side, one for each quad of points.
struct Descent<'a> {
    program: &'a Program,
    rule: &'a QuadRule,
    row: &'a [f64],
    values: &'a mut [Quad],
    levels: &'a mut [Level],
    edges: &'a mut Vec<Edge>,
}

impl Descent<'_> {
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn tree(mut self, ways: Ways) {
        for level in &mut self.levels[..self.rule.points.len()] {
            level.product = [1.0; POINTS];
        }
        self.edges.clear();
        for edge in self.program.edges(ways) {
            while self.edges.len() >= edge.depth as usize {
                self.up();
            }
            self.down(edge);
        }
        while !self.edges.is_empty() {
            self.up();
        }
    }

    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn down(&mut self, edge: &Edge) {
        let count = self.rule.points.len();
        let (depth, earlier) = (edge.depth as usize * count, edge.earlier as usize * count);
        let question = &self.program.questions[edge.question as usize];
        let here = question.is_left(self.row[edge.slot as usize]) == edge.is_left;
        for chunk in 0..count {
            let above = self.levels[depth - count + chunk].product;
            let points = &self.rule.points[chunk];
            let mut level = match earlier {
                0 => Level::first(edge.fraction, here, &above, points),
                _ => self.levels[earlier + chunk].again(edge, here, &above, points),
            };
            if let Some(leaf) = edge.leaf {
                let weights = &self.rule.weights[chunk];
                level.sum = each(|i| level.product[i] * (leaf * weights[i]));
            }
            self.levels[depth + chunk] = level;
        }
        self.edges.push(*edge);
    }

    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn up(&mut self) {
        let count = self.rule.points.len();
        let edge = self.edges.pop().expect("an edge that was gone down: this is a bug");
        let (above, below) = self.levels.split_at_mut(edge.depth as usize * count);
        let above = &mut above[(edge.depth as usize - 1) * count..];
        let value = &mut self.values[edge.slot as usize];
        for (above, below) in above.iter_mut().zip(&below[..count]) {
            *value = each(|i| value[i] + below.sum[i] * below.change[i]);
            above.sum = each(|i| above.sum[i] + below.sum[i]);
        }
    }
}

impl Level {
    /// Of an edge whose feature is asked for the first time on the way; the product above is given.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn first(fraction: f64, here: bool, above: &Quad, points: &Quad) -> Self {
        if here {
            let hot = each(|i| points[i] + fraction * (1.0 - points[i]));
            let inverse = each(|i| 1.0 / hot[i]);
            let ratio = each(|i| (1.0 - fraction) * inverse[i]);
            let product = each(|i| above[i] * hot[i]);
            Self { product, sum: [0.0; POINTS], inverse, ratio, change: ratio, along: true }
        } else {
            let ratio = each(|i| -1.0 / (1.0 - points[i]));
            let product = each(|i| above[i] * (fraction * (1.0 - points[i])));
            let inverse = [0.0; POINTS];
            Self { product, sum: [0.0; POINTS], inverse, ratio, change: ratio, along: false }
        }
    }

    /// Of an edge whose feature was last asked at this one.
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn again(&self, edge: &Edge, here: bool, above: &Quad, points: &Quad) -> Self {
        if !self.along {
            let product = each(|i| above[i] * edge.share);
            return Self { product, ..Self::default() };
        }
        let without = each(|i| above[i] * self.inverse[i]);
        let level = Self::first(edge.fraction, here, &without, points);
        let change = each(|i| level.ratio[i] - self.ratio[i]);
        Self { change, ..level }
    }
}

#[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
#[inline(always)]
fn each(value: impl Fn(usize) -> f64) -> Quad {
    std::array::from_fn(value)
}
