//! Why a model answers what it answers: what each feature contributed to each margin.
//!
//! `source` is the trees of any library, `question` what their splits ask. Against what the trees
//! themselves hold: `program` is the trees as they are walked, `walk` the contributions of rows in lanes and `solo` those of one alone, `quadrature`
//! the integrals behind them, `interactions` those of pairs. Against rows that the caller brings: `background` is trees and rows,
//! `pairs` the walk. `linear` explains models without trees.

mod background;
mod interactions;
mod linear;
mod pairs;
mod program;
mod quadrature;
mod question;
mod solo;
mod source;
mod walk;

use std::ops::Range;

use crate::{
    Error, Input, Rows,
    ensemble::Detail,
    kernel::compiled::{self, Work},
    read::{self, Contents},
};
use background::Background;
use linear::Linear;
use program::Program;
use quadrature::Rule;
use question::{LANES, Lane};
use solo::QuadRule;
use source::Cells;
use walk::{Stack, Walk};

/// Lanes that go together when there are many rows.
const WIDE: usize = 4;
/// Rows up to so many go one by one: that costs less than lanes that are not full.
const SOLO_MAX: usize = 3;

/// Explains a model's margins: what each feature of a row contributed to them.
///
/// Contributions are Shapley values (`TreeSHAP`), exact up to the rounding of `f64`. Those of one row
/// and group, together with the [expected](Self::expected) margin, sum to the margin. They tell how a
/// row differs from others, and there are two answers to from which others:
/// [`from_bytes`](Self::from_bytes) takes the rows that the model was trained on, as far as its trees
/// have counted them (path-dependent); [`against`](Self::against) takes rows that the caller brings
/// (interventional). One row of a feature's usual values is the baseline of `SageMaker` Clarify.
#[derive(Debug)]
pub struct Explainer {
    feature_count: usize,
    group_count: usize,
    cells: Cells,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Trees(Trees),
    Linear(Linear),
    Background(Background),
}

#[derive(Debug)]
struct Trees {
    program: Program,
    /// The rule for each number of points, from 1 on.
    rules: Vec<Rule>,
    /// The same for a row alone.
    quads: Vec<QuadRule>,
}

impl Explainer {
    /// Reads a model for explanations; the format is found out from the bytes.
    ///
    /// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does, and if the model does not say
    /// how many training rows met each of its nodes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::of(&read::read(bytes, Detail::Statistics)?)
    }

    /// Reads a model and keeps the trees of some rounds of training, as
    /// [`Model::from_bytes_iterations`](crate::Model::from_bytes_iterations) does.
    pub fn from_bytes_iterations(bytes: &[u8], iterations: Range<usize>) -> Result<Self, Error> {
        let mut contents = read::read(bytes, Detail::Statistics)?;
        contents.slice(iterations)?;
        Self::of(&contents)
    }

    /// Reads a model to explain rows by how they differ from those of a background: the contribution
    /// of a feature is its Shapley value in the game that puts the row's values, feature by feature,
    /// in the place of a background row's, as the mean over the background. This is what
    /// `shap.TreeExplainer(model, background)` computes; [`expected`](Self::expected) is the mean
    /// margin of the background. Rows mean here what they mean to the model's other methods: `NaN` is
    /// missing, and so is what is missing to the model.
    ///
    /// One call takes time in proportion to the background; memory is a bit for each background row
    /// and split. A background of a hundred rows is usual; one of many thousands is better sampled.
    ///
    /// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does, and if the background has no
    /// rows or such of another width than the model's.
    ///
    /// ```
    /// # fn main() -> Result<(), trees::Error> {
    /// # let json = br#"{"format": "clary-trees", "version": 1, "estimator": "DecisionTreeRegressor",
    /// #     "feature_count": 2, "rows": "f64", "transform": "identity", "base": [0.0],
    /// #     "values_per_leaf": 1, "trees": [{
    /// #         "left": [1, -1, -1], "right": [2, -1, -1], "feature": [1, 0, 0],
    /// #         "threshold": [0.5, 0.0, 0.0], "missing_left": [0, 0, 0],
    /// #         "cover": [4.0, 3.0, 1.0], "value": [1.0, 5.0]
    /// #     }]}"#;
    /// use trees::{Explainer, Rows};
    ///
    /// // A model that answers 1 where feature 1 is at most 0.5, else 5.
    /// let baseline = Rows::new(&[9.0, 0.2], 2);
    /// let explainer = Explainer::against(json, baseline)?;
    /// assert_eq!(explainer.expected(), [1.0]);
    /// let mut contributions = [0.0; 3];
    /// explainer.contributions(Rows::new(&[3.0, 0.7], 2), &mut contributions);
    /// assert_eq!(contributions, [0.0, 4.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn against<'a>(bytes: &[u8], background: impl Into<Input<'a>>) -> Result<Self, Error> {
        Self::beside(&read::read(bytes, Detail::Answers)?, background.into())
    }

    pub(crate) fn beside(contents: &Contents, background: Input<'_>) -> Result<Self, Error> {
        let cells = Cells::of(contents);
        let (have, want) = (background.width(), contents.feature_count());
        if background.is_empty() || have != want {
            let rows = background.len();
            return Err(Error::unsupported(format!(
                "a background of {rows} rows of {have} values; give at least one row of {want}, as \
                 many as the model has features"
            )));
        }
        let body = match Linear::of(contents) {
            Some(linear) => Body::Linear(linear.against(&dense(background, cells))),
            None => Body::Background(Background::new(contents, &dense(background, cells))?),
        };
        Ok(Self::with(contents, body))
    }

    pub(crate) fn of(contents: &Contents) -> Result<Self, Error> {
        let body = match Linear::of(contents) {
            Some(linear) => Body::Linear(linear),
            None => Body::Trees(Trees::new(Program::new(contents)?)),
        };
        Ok(Self::with(contents, body))
    }

    fn with(contents: &Contents, body: Body) -> Self {
        Self {
            feature_count: contents.feature_count(),
            group_count: contents.group_count(),
            cells: Cells::of(contents),
            body,
        }
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

    /// Interaction values per row: for each group a matrix with a row and a column for each feature
    /// and one more of each for the expected margin.
    pub fn interaction_width(&self) -> usize {
        self.group_count * (self.feature_count + 1) * (self.feature_count + 1)
    }

    /// The margin of each group that contributions start from: the mean over the training rows, as
    /// the trees have counted them, or over the background.
    pub fn expected(&self) -> &[f64] {
        match &self.body {
            Body::Trees(trees) => &trees.program.expected,
            Body::Linear(linear) => linear.expected(),
            Body::Background(background) => background.expected(),
        }
    }

    /// Memory that the explainer occupies, in bytes.
    pub fn byte_size(&self) -> usize {
        size_of::<Self>()
            + match &self.body {
                Body::Trees(trees) => trees.program.byte_size(),
                Body::Linear(linear) => linear.byte_size(),
                Body::Background(background) => background.byte_size(),
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
        rows.wide(self.cells.absent(), out, |rows, out| self.dense(rows, out));
    }

    /// Computes how features acted together on the margins of every row,
    /// [`interaction_width`](Self::interaction_width) values each, row by row: what
    /// `Booster.predict(…, pred_interactions=True)` returns for XGBoost. A matrix is symmetric, its
    /// diagonal is what each feature did alone, each of its rows sums to the feature's
    /// [contribution](Self::contributions), and its last value is the expected margin.
    ///
    /// Fails for explanations [against](Self::against) a background, of which there are none.
    ///
    /// # Panics
    /// If the rows' width is not [`feature_count`](Self::feature_count), or `out` does not have
    /// exactly `interaction_width()` values for each row.
    pub fn interactions<'a>(
        &self,
        rows: impl Into<Input<'a>>,
        out: &mut [f64],
    ) -> Result<(), Error> {
        let rows = self.check(rows, out.len(), self.interaction_width());
        if let Body::Background(_) = self.body {
            return Err(Error::unsupported(
                "interactions can't be computed against a background; leave the background out",
            ));
        }
        rows.wide(self.cells.absent(), out, |rows, out| match &self.body {
            Body::Trees(trees) => self.matrices(trees, rows, out),
            _ => self.diagonals(rows, out),
        });
        Ok(())
    }

    /// Where nothing acts together, features contribute alone.
    fn diagonals(&self, rows: Rows<'_, f64>, out: &mut [f64]) {
        let side = self.feature_count + 1;
        let mut values = vec![0.0; rows.len() * self.width()];
        self.dense(rows, &mut values);
        out.fill(0.0);
        for (values, matrix) in values.chunks(side).zip(out.chunks_mut(side * side)) {
            for (place, value) in values.iter().enumerate() {
                matrix[place * side + place] = *value;
            }
        }
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
            Body::Linear(linear) => linear.contributions(rows, self.cells, out),
            Body::Background(background) => background.contributions(rows, self.cells, out),
            Body::Trees(trees) => {
                let many = rows.len() - rows.len() % (LANES * WIDE);
                let (many_out, few_out) = out.split_at_mut(many * self.width());
                let (many, few) = rows.values().split_at(many * rows.width());
                self.blocks::<WIDE>(trees, Rows::new(many, rows.width()), many_out);
                let few = Rows::new(few, rows.width());
                if few.len() <= SOLO_MAX {
                    self.solo(trees, few, few_out);
                } else {
                    self.blocks::<1>(trees, few, few_out);
                }
            }
        }
    }

    /// Rows that are too few to fill lanes.
    fn solo(&self, trees: &Trees, rows: Rows<'_, f64>, out: &mut [f64]) {
        let program = &trees.program;
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(self.width())) {
            let cells = program.features.iter().map(|feature| row[*feature as usize]);
            let fill = |values: &mut Vec<f64>| values.extend(cells.map(|x| self.cells.read(x)));
            solo::explain(trees, self.group_count, fill, |values| {
                for (group, out) in out.chunks_exact_mut(self.feature_count + 1).enumerate() {
                    out.fill(0.0);
                    for (feature, value) in program.features.iter().zip(&mut *values) {
                        out[*feature as usize] = value;
                    }
                    out[self.feature_count] = program.expected[group];
                }
            });
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
                let value = self.cells.read(row[*feature as usize]);
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
        let rules: Vec<Rule> = (1..=points_max).map(Rule::new).collect();
        Self { quads: rules.iter().map(QuadRule::new).collect(), rules, program }
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

/// The rows of any input, as the model reads them.
fn dense(input: Input<'_>, cells: Cells) -> Vec<f64> {
    let mut values = vec![0.0; input.len() * input.width()];
    input.wide(cells.absent(), &mut values, |rows, out| {
        for (value, out) in rows.values().iter().zip(out) {
            *out = cells.read(*value);
        }
    });
    values
}
