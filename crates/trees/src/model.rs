//! The model: what callers hold. Reading is `read`'s, arithmetic `kernel`'s and `objective`'s.

use std::{cell::RefCell, fmt, ops::Range};

use footprint::Footprint;

use crate::{
    Error, Input, Label, Objective, Rows,
    ensemble::{Detail, Ensemble},
    kernel::{Forest, Isa, Linear, Wide},
    objective::argmax,
    precision::{rounded, widened},
    read::{self, Contents},
    wide_ensemble::WideEnsemble,
};

/// What a sparse row does not mention is zero to all libraries whose models are in `f64`.
const ABSENT_WIDE: f64 = 0.0;
/// Rows whose margins are held at a time while they become labels.
const LABEL_ROWS: usize = 64;

thread_local! {
    /// Margins that become labels: working memory of one thread, grown once and used again.
    static MARGINS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A loaded ensemble, immutable and shareable between threads.
///
/// The first call on a thread allocates that thread's working memory (a few tens of KiB for usual
/// models); later calls allocate nothing.
pub struct Model {
    objective: Objective,
    feature_count: usize,
    tree_count: usize,
    /// What stands for a missing value beside `NaN`; only in models in `f32`.
    missing: Option<f32>,
    body: Body,
    /// Apart, for no row reads it: the rest is fetched ahead of one.
    about: Box<About>,
}

/// What is told of a model.
struct About {
    feature_names: Vec<String>,
    iteration_count: usize,
    best_iteration: Option<usize>,
    classes: Vec<Label>,
    class_count: usize,
}

/// Where the margins come from.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most models are forests, and what a row reads of one has no other place to wait for"
)]
enum Body {
    Forest(Forest),
    Linear(Linear),
    /// The only one whose own precision is `f64`.
    Wide(Wide),
}

impl Body {
    fn group_count(&self) -> usize {
        match self {
            Self::Forest(forest) => forest.group_count(),
            Self::Linear(linear) => linear.group_count(),
            Self::Wide(wide) => wide.group_count(),
        }
    }

    fn byte_size(&self) -> usize {
        match self {
            Self::Forest(forest) => forest.byte_size(),
            Self::Linear(linear) => linear.byte_size(),
            Self::Wide(wide) => wide.byte_size(),
        }
    }

    fn margins(&self, rows: Rows<'_>, out: &mut [f32]) {
        match self {
            Self::Forest(forest) => forest.margins(rows, out),
            Self::Linear(linear) => linear.margins(rows, out),
            Self::Wide(wide) => Input::from(rows).wide(ABSENT_WIDE, out, |rows, out| {
                rounded(out, |out| wide.margins(rows, out));
            }),
        }
    }
}

impl Model {
    fn of_narrow(ensemble: &Ensemble, isa: Isa) -> Self {
        let body = match &ensemble.linear {
            Some(weights) => Body::Linear(Linear::new(ensemble, weights)),
            None => Body::Forest(Forest::with_isa(ensemble, isa)),
        };
        let about = About {
            iteration_count: ensemble.iteration_count(),
            best_iteration: ensemble.best_iteration,
            class_count: ensemble.objective.class_count(ensemble.base_margins.len()),
            classes: ensemble.classes.clone(),
            feature_names: ensemble.feature_names.clone(),
        };
        Self {
            body,
            missing: ensemble.missing,
            objective: ensemble.objective.clone(),
            feature_count: ensemble.feature_count,
            tree_count: ensemble.tree_count,
            about: Box::new(about),
        }
    }

    fn of_wide(ensemble: &WideEnsemble, isa: Isa) -> Self {
        let wide = Wide::with_isa(ensemble, isa);
        let about = About {
            iteration_count: wide.iteration_count(),
            best_iteration: ensemble.best_iteration,
            class_count: ensemble.class_count,
            classes: ensemble.classes.clone(),
            feature_names: ensemble.feature_names.clone(),
        };
        Self {
            tree_count: wide.tree_count(),
            body: Body::Wide(wide),
            missing: None,
            objective: ensemble.objective.clone(),
            feature_count: ensemble.feature_count,
            about: Box::new(about),
        }
    }

    pub(crate) fn new(contents: &Contents, isa: Isa) -> Self {
        match contents {
            Contents::Narrow(ensemble) => Self::of_narrow(ensemble, isa),
            Contents::Wide(ensemble) => Self::of_wide(ensemble, isa),
        }
    }
}

impl Model {
    /// Reads a model; the format is found out from the bytes.
    ///
    /// Any bytes are safe to pass: time and memory are linear in their number. The error says what
    /// is wrong, names what is not supported, and gives the offset where reading failed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_on(bytes, Isa::detect())
    }

    /// Reads a model for an instruction set other than the best.
    ///
    /// Fails as [`from_bytes`](Self::from_bytes) does.
    pub fn from_bytes_on(bytes: &[u8], isa: Isa) -> Result<Self, Error> {
        Ok(Self::new(&read::read(bytes, Detail::Answers)?, isa))
    }

    /// Reads a model once for each instruction set that this processor has and the kernels use, the
    /// portable one first. All answer alike to the last bit, and the last one as
    /// [`from_bytes`](Self::from_bytes) does: this is for tests that hold the crate to it, and for
    /// measuring what wide registers bring.
    ///
    /// Fails as [`from_bytes`](Self::from_bytes) does.
    pub fn on_every_instruction_set(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        Isa::available().into_iter().map(|isa| Self::from_bytes_on(bytes, isa)).collect()
    }

    /// Reads a model and keeps the trees of some rounds of training, counted from 0: what
    /// `booster[start:end]` and `iteration_range` are to XGBoost. With `0..best + 1` for
    /// [`best_iteration`](Self::best_iteration), a model answers as XGBoost's scikit-learn classes do
    /// after early stopping.
    ///
    /// Fails as [`from_bytes`](Self::from_bytes) does, and if the model does not have these rounds;
    /// the booster `gblinear` has none.
    pub fn from_bytes_iterations(bytes: &[u8], iterations: Range<usize>) -> Result<Self, Error> {
        let mut contents = read::read(bytes, Detail::Answers)?;
        contents.slice(iterations)?;
        Ok(Self::new(&contents, Isa::detect()))
    }

    /// Whether the model computes in `f64`, as those of all libraries but XGBoost do. Rows of `f32`
    /// are widened for it, and may then be on the other side of a threshold than the numbers that they
    /// were rounded from; those of `f64` are rounded for a model that computes in `f32`.
    pub fn is_f64(&self) -> bool {
        matches!(self.body, Body::Wide(_))
    }

    /// Values per row of input.
    pub fn feature_count(&self) -> usize {
        self.feature_count
    }

    /// The names of the features in the order of a row's values; empty if the model has none.
    pub fn feature_names(&self) -> &[String] {
        &self.about.feature_names
    }

    /// Margins per row: one per class of a multi-class model, one per target, else 1.
    pub fn group_count(&self) -> usize {
        self.body.group_count()
    }

    /// Values per row of [`predict`](Self::predict): 1 for `multi:softmax`, else
    /// [`group_count`](Self::group_count).
    pub fn prediction_width(&self) -> usize {
        if self.objective.is_argmax() { 1 } else { self.group_count() }
    }

    /// Trees of all groups together, as the model's file counts them; 0 for `gblinear`.
    pub fn tree_count(&self) -> usize {
        self.tree_count
    }

    /// Rounds of training, each of which made one tree, or several: one per group, and
    /// `num_parallel_tree` of these. 0 for `gblinear`.
    pub fn iteration_count(&self) -> usize {
        self.about.iteration_count
    }

    /// The round, counted from 0, at which early stopping found the best score, if XGBoost noted it
    /// in the model. Nothing here stops there unless
    /// [`from_bytes_iterations`](Self::from_bytes_iterations) is told to.
    pub fn best_iteration(&self) -> Option<usize> {
        self.about.best_iteration
    }

    /// What the classes are called, in the order of their numbers: the labels of the training data,
    /// where a classifier's file keeps them. Empty if it does not.
    pub fn classes(&self) -> &[Label] {
        &self.about.classes
    }

    /// What stands for a missing value beside `NaN`: the `missing` of XGBoost's scikit-learn classes,
    /// where the model was pickled with one or notes it. Every method here takes it for missing.
    pub fn missing(&self) -> Option<f32> {
        self.missing
    }

    /// How many classes a classifier tells apart; 0 for what is none.
    pub fn class_count(&self) -> usize {
        self.about.class_count
    }

    /// What the model was trained for.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Adds the memory that pays to be fetched ahead of the prediction of one row: what that waits for
    /// before it can ask for more. Of deep trees, of which a row reads little, it adds none.
    pub fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(self);
        match &self.body {
            Body::Forest(forest) => forest.footprint(footprint),
            Body::Linear(linear) => linear.footprint(footprint),
            Body::Wide(wide) => wide.footprint(footprint),
        }
    }

    /// Memory that the model occupies, in bytes.
    pub fn byte_size(&self) -> usize {
        let names: usize =
            self.about.feature_names.iter().map(|n| n.len() + size_of::<String>()).sum();
        size_of::<Self>() + size_of::<About>() + names + self.body.byte_size()
    }

    /// Computes the raw scores of every row, [`group_count`](Self::group_count) values each, row by
    /// row: what `Booster.predict(…, output_margin=True)` returns.
    ///
    /// # Panics
    /// If the rows' width is not [`feature_count`](Self::feature_count), or `out` does not have
    /// exactly `group_count()` values for each row.
    pub fn margins<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f32]) {
        let rows = self.check(rows, out.len(), self.group_count());
        match &self.body {
            Body::Wide(wide) => rows.wide(ABSENT_WIDE, out, |rows, out| {
                rounded(out, |out| wide.margins(rows, out));
            }),
            body => rows.narrow(self.missing, out, |rows, out| body.margins(rows, out)),
        }
    }

    /// Computes the prediction of every row, [`prediction_width`](Self::prediction_width) values
    /// each, row by row: what `Booster.predict` returns, such as probabilities for
    /// `binary:logistic` and `multi:softprob` or a class label for `multi:softmax`.
    ///
    /// # Panics
    /// If the rows' width is not [`feature_count`](Self::feature_count), or `out` does not have
    /// exactly `prediction_width()` values for each row.
    pub fn predict<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f32]) {
        let rows = self.check(rows, out.len(), self.prediction_width());
        match &self.body {
            Body::Wide(wide) => rows.wide(ABSENT_WIDE, out, |rows, out| {
                rounded(out, |out| predict_wide(wide, rows, out));
            }),
            _ => rows.narrow(self.missing, out, |rows, out| self.predict_narrow(rows, out)),
        }
    }

    /// [`margins`](Self::margins) in `f64`: the precision of the libraries but XGBoost, in which
    /// LightGBM's models answer as `Booster.predict(…, raw_score=True)` does. For XGBoost's models
    /// the rows are rounded to `f32` first, as XGBoost itself does.
    ///
    /// # Panics
    /// As [`margins`](Self::margins) does.
    pub fn margins_f64<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f64]) {
        let rows = self.check(rows, out.len(), self.group_count());
        match &self.body {
            Body::Wide(wide) => rows.wide(ABSENT_WIDE, out, |rows, out| wide.margins(rows, out)),
            body => rows.narrow(self.missing, out, |rows, out| {
                widened(out, |out| body.margins(rows, out));
            }),
        }
    }

    /// [`predict`](Self::predict) in `f64`: the precision of the libraries but XGBoost, in which
    /// LightGBM's models answer as `Booster.predict` does. For XGBoost's models the rows are rounded
    /// to `f32` first, as XGBoost itself does.
    ///
    /// # Panics
    /// As [`predict`](Self::predict) does.
    pub fn predict_f64<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [f64]) {
        let rows = self.check(rows, out.len(), self.prediction_width());
        match &self.body {
            Body::Wide(wide) => {
                rows.wide(ABSENT_WIDE, out, |rows, out| predict_wide(wide, rows, out));
            }
            _ => rows.narrow(self.missing, out, |rows, out| {
                widened(out, |out| self.predict_narrow(rows, out));
            }),
        }
    }

    /// Writes the leaf that every row reaches in every tree, [`tree_count`](Self::tree_count) values
    /// each, row by row: what `Booster.predict(…, pred_leaf=True)` returns. XGBoost numbers all nodes
    /// of a tree; the leaves of other models are numbered in the order of their file.
    ///
    /// # Panics
    /// If the rows' width is not [`feature_count`](Self::feature_count), or `out` does not have
    /// exactly `tree_count()` values for each row.
    pub fn leaves<'a>(&self, rows: impl Into<Input<'a>>, out: &mut [u32]) {
        let rows = self.check(rows, out.len(), self.tree_count);
        match &self.body {
            Body::Forest(forest) => rows.narrow(self.missing, out, |rows, out| {
                forest.leaf_ids(rows, self.trees_per_id(forest), out);
            }),
            Body::Linear(_) => {}
            Body::Wide(wide) => {
                rows.wide(ABSENT_WIDE, out, |rows, out| wide.leaf_ids(rows, out));
            }
        }
    }

    /// [`predict`](Self::predict) for models in `f32` and dense rows.
    fn predict_narrow(&self, rows: Rows<'_>, out: &mut [f32]) {
        if self.objective.is_argmax() {
            self.labels(rows, out);
        } else {
            self.body.margins(rows, out);
            self.objective.transform(out, self.group_count());
        }
    }

    /// How many trees of the forest one tree of the file became; all have the same leaves.
    fn trees_per_id(&self, forest: &Forest) -> usize {
        forest.tree_count().checked_div(self.tree_count).unwrap_or(1)
    }

    fn labels(&self, rows: Rows<'_>, out: &mut [f32]) {
        MARGINS.with_borrow_mut(|margins| {
            for (rows, out) in rows.blocks(LABEL_ROWS).zip(out.chunks_mut(LABEL_ROWS)) {
                margins.resize(rows.len() * self.group_count(), 0.0);
                self.body.margins(rows, margins);
                for (label, margins) in out.iter_mut().zip(margins.chunks(self.group_count())) {
                    *label = argmax(margins);
                }
            }
        });
    }

    /// # Panics
    /// If rows or `out` do not fit the model.
    pub(crate) fn check<'a>(
        &self,
        rows: impl Into<Input<'a>>,
        out_len: usize,
        width: usize,
    ) -> Input<'a> {
        let rows = rows.into();
        let (have, want) = (rows.width(), self.feature_count);
        assert!(have == want, "rows of `{have}` values for a model of `{want}` features");
        let (have, want) = (out_len, rows.len() * width);
        assert!(have == want, "room for `{have}` values where `{want}` are computed");
        rows
    }
}

fn predict_wide(wide: &Wide, rows: Rows<'_, f64>, out: &mut [f64]) {
    wide.margins(rows, out);
    wide.transform(out);
}

/// Without the trees, of which there may be millions of nodes.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("objective", &self.objective.name())
            .field("feature_count", &self.feature_count)
            .field("group_count", &self.group_count())
            .field("tree_count", &self.tree_count)
            .finish_non_exhaustive()
    }
}
