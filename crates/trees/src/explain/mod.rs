//! Why a model answers what it answers: what each feature contributed to each margin.
//!
//! `program` is the trees as they are walked, `question` what their splits ask, `walk` the
//! contributions, `quadrature` the integrals behind them.

mod program;
mod quadrature;
mod question;
mod walk;

use std::ops::Range;

use crate::{
    Error, Input, Rows,
    ensemble::{Detail, Ensemble},
    kernel::compiled::{self, Work},
    read::{self, Contents},
};
use program::Program;
use quadrature::Rule;
use question::{LANES, Lane};
use walk::{Stack, Walk};

/// Lanes that go together when there are many rows.
const WIDE: usize = 4;

/// Explains a model's margins: what each feature of a row contributed to them.
///
/// Contributions are Shapley values (`TreeSHAP`), exact up to the rounding of `f64`. Those of one row
/// and group, together with the [expected](Self::expected) margin, sum to the margin.
#[derive(Debug)]
pub struct Explainer {
    feature_count: usize,
    group_count: usize,
    /// Values are rounded to `f32` before they are compared.
    narrow: bool,
    /// What stands for a missing value beside `NaN`.
    missing: f64,
    /// What is no greater counts as zero.
    zero_max: f64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Trees(Trees),
    Linear(Linear),
}

#[derive(Debug)]
struct Trees {
    program: Program,
    /// The rule for each number of points, from 1 on.
    rules: Vec<Rule>,
}

/// Weights: a row of one per group for each feature.
#[derive(Debug)]
struct Linear {
    weights: Vec<f64>,
    expected: Vec<f64>,
}

impl Explainer {
    /// Reads a model for explanations; the format is found out from the bytes.
    ///
    /// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does, and if the model does not say
    /// how many training rows met each of its nodes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::new(read::read(bytes, Detail::Statistics)?)
    }

    /// Reads a model and keeps the trees of some rounds of training, as
    /// [`Model::from_bytes_iterations`](crate::Model::from_bytes_iterations) does.
    pub fn from_bytes_iterations(bytes: &[u8], iterations: Range<usize>) -> Result<Self, Error> {
        let mut contents = read::read(bytes, Detail::Statistics)?;
        contents.slice(iterations)?;
        Self::new(contents)
    }

    fn new(contents: Contents) -> Result<Self, Error> {
        Ok(match contents {
            Contents::Narrow(ensemble) => Self {
                feature_count: ensemble.feature_count,
                group_count: ensemble.base_margins.len(),
                narrow: true,
                missing: ensemble.missing.map_or(f64::NAN, f64::from),
                zero_max: 0.0,
                body: match &ensemble.linear {
                    Some(weights) => Body::Linear(Linear::new(&ensemble, weights)),
                    None => Body::Trees(Trees::new(Program::of_narrow(&ensemble)?)),
                },
            },
            Contents::Wide(ensemble) => Self {
                feature_count: ensemble.feature_count,
                group_count: ensemble.group_count(),
                narrow: false,
                missing: f64::NAN,
                zero_max: ensemble.zero_max,
                body: Body::Trees(Trees::new(Program::of_wide(&ensemble)?)),
            },
        })
    }

    /// Features per row.
    pub fn feature_count(&self) -> usize {
        self.feature_count
    }

    /// Margins per row.
    pub fn group_count(&self) -> usize {
        self.group_count
    }

    /// Contributions per row: for each group one per feature and then the expected margin.
    pub fn width(&self) -> usize {
        self.group_count * (self.feature_count + 1)
    }

    /// The margin of each group that contributions start from: the mean over the training rows, as
    /// the trees have counted them.
    pub fn expected(&self) -> &[f64] {
        match &self.body {
            Body::Trees(trees) => &trees.program.expected,
            Body::Linear(linear) => &linear.expected,
        }
    }

    /// Memory that the explainer occupies, in bytes.
    pub fn byte_size(&self) -> usize {
        size_of::<Self>()
            + match &self.body {
                Body::Trees(trees) => trees.program.byte_size(),
                Body::Linear(linear) => size_of_val(&linear.weights[..]),
            }
    }

    /// Computes the contributions of every row, [`width`](Self::width) values each, row by row: what
    /// `Booster.predict(…, pred_contribs=True)` returns for XGBoost and `pred_contrib=True` for
    /// LightGBM.
    ///
    /// # Panics
    /// If the rows' width is not [`feature_count`](Self::feature_count), or `out` does not have
    /// exactly `width()` values for each row.
    pub fn contributions<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f64]) {
        let rows = self.check(rows, out.len(), self.width());
        let absent = if self.narrow { f64::NAN } else { 0.0 };
        rows.wide(absent, out, |rows, out| self.dense(rows, out));
    }

    fn check<'a>(&self, rows: impl Into<Input<'a>>, out_len: usize, width: usize) -> Input<'a> {
        let rows = rows.into();
        let (have, want) = (rows.width(), self.feature_count);
        assert!(have == want, "rows of `{have}` values for a model of `{want}` features");
        let (have, want) = (out_len, rows.len() * width);
        assert!(have == want, "room for `{have}` values where `{want}` are computed");
        rows
    }

    fn dense(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        match &self.body {
            Body::Linear(linear) => linear.contributions(rows, out),
            Body::Trees(trees) => {
                let many = rows.len() - rows.len() % (LANES * WIDE);
                let (many_out, few_out) = out.split_at_mut(many * self.width());
                let (many, few) = rows.values().split_at(many * rows.width());
                self.blocks::<WIDE>(trees, Rows::new(many, rows.width()), many_out);
                self.blocks::<1>(trees, Rows::new(few, rows.width()), few_out);
            }
        }
    }

    fn blocks<const B: usize>(&self, trees: &Trees, rows: Rows<'_, f64>, out: &mut [f64]) {
        let row_count = LANES * B;
        let mut stack = Stack::<B>::new(trees.program.depth_max(), trees.rules.len());
        let slot_count = trees.program.features.len();
        let mut lanes = vec![[[0.0; LANES]; B]; slot_count];
        let mut values = vec![[[0.0; LANES]; B]; slot_count * self.group_count];
        for (rows, out) in rows.blocks(row_count).zip(out.chunks_mut(row_count * self.width())) {
            self.load(&trees.program.features, rows, &mut lanes);
            values.fill([[0.0; LANES]; B]);
            let walk = Walk { program: &trees.program, rows: &lanes, stack: &mut stack };
            compiled::run(Contributions { walk, rules: &trees.rules, values: &mut values });
            self.store(&trees.program, &values, out);
        }
    }

    /// Puts the values of some rows into lanes; lanes without a row keep what they have.
    fn load<const B: usize>(&self, features: &[u32], rows: Rows<'_, f64>, lanes: &mut [[Lane; B]]) {
        for (number, row) in rows.iter().enumerate() {
            for (feature, lanes) in features.iter().zip(&mut *lanes) {
                let value = row[*feature as usize];
                let value = if self.narrow { f64::from(value as f32) } else { value };
                let value = if value.abs() <= self.zero_max { 0.0 } else { value };
                let value = if value == self.missing { f64::NAN } else { value };
                lanes[number / LANES][number % LANES] = value;
            }
        }
    }

    fn store<const B: usize>(&self, program: &Program, values: &[[Lane; B]], out: &mut [f64]) {
        let slot_count = program.features.len();
        for (number, out) in out.chunks_exact_mut(self.width()).enumerate() {
            for (group, out) in out.chunks_exact_mut(self.feature_count + 1).enumerate() {
                out.fill(0.0);
                let values = &values[group * slot_count..][..slot_count];
                for (feature, value) in program.features.iter().zip(values) {
                    out[*feature as usize] = value[number / LANES][number % LANES];
                }
                out[self.feature_count] = program.expected[group];
            }
        }
    }
}

impl Trees {
    fn new(program: Program) -> Self {
        let points_max = program.trees.iter().map(|ways| points(ways.players)).max().unwrap_or(1);
        Self { rules: (1..=points_max).map(Rule::new).collect(), program }
    }
}

/// With so many points the integrals are exact.
fn points(players: u32) -> usize {
    players.div_ceil(2).max(1) as usize
}

struct Contributions<'a, const B: usize> {
    walk: Walk<'a, B>,
    rules: &'a [Rule],
    values: &'a mut [[Lane; B]],
}

impl<const B: usize> Work for Contributions<'_, B> {
    #[allow(clippy::inline_always, reason = "is compiled anew for each instruction set")]
    #[inline(always)]
    fn run(mut self) {
        let program = self.walk.program;
        let slot_count = program.features.len();
        for ways in &program.trees {
            let values = &mut self.values[ways.group as usize * slot_count..][..slot_count];
            self.walk.tree(*ways, &self.rules[points(ways.players) - 1], values);
        }
    }
}

impl Linear {
    fn new(ensemble: &Ensemble, weights: &[f32]) -> Self {
        let (weights, bias) = weights.split_at(weights.len() - ensemble.base_margins.len());
        // The margins of every group start from the first one's base (`kernel::linear`).
        let base = ensemble.base_margins.first().copied().unwrap_or(0.0);
        Self {
            weights: weights.iter().map(|weight| f64::from(*weight)).collect(),
            expected: bias.iter().map(|bias| f64::from(base) + f64::from(*bias)).collect(),
        }
    }

    fn contributions(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        let groups = self.expected.len();
        let out_width = rows.width() + 1;
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(groups * out_width)) {
            for (group, out) in out.chunks_exact_mut(out_width).enumerate() {
                let weights = self.weights.iter().skip(group).step_by(groups);
                for ((value, weight), out) in row.iter().zip(weights).zip(&mut *out) {
                    let value = f64::from(*value as f32);
                    *out = if value.is_nan() { 0.0 } else { value * weight };
                }
                out[rows.width()] = self.expected[group];
            }
        }
    }
}
