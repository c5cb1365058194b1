//! Selected content: what of a prediction an answer holds, under which name.
//!
//! Owns the table of names and objectives, by `serve_utils.py` of SageMaker's XGBoost container and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html>. How cells are written is
//! `records`' business.

use std::slice::ChunksExact;

use records::Cell;

/// What an answer holds, in this order.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    task: Task,
    class_count: u32,
    parts: Vec<(Box<str>, Content)>,
}

/// Objectives as far as they differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// `binary:logistic`: the probability of class 1.
    Probability,
    /// `binary:logitraw`: a margin, positive for class 1.
    Margin,
    /// `binary:hinge` and `multi:softmax`: the class itself.
    Class,
    /// `multi:softprob`: the probability of each class.
    Probabilities,
    /// Everything else: a score. The container serves five of them and fails with the others.
    Score,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    PredictedLabel,
    Labels,
    Probability,
    Probabilities,
    RawScore,
    RawScores,
    PredictedScore,
    /// A name that means nothing, or nothing with this objective.
    Nothing,
}

const NAMES: [(&str, Content); 7] = [
    ("predicted_label", Content::PredictedLabel),
    ("labels", Content::Labels),
    ("probability", Content::Probability),
    ("probabilities", Content::Probabilities),
    ("raw_score", Content::RawScore),
    ("raw_scores", Content::RawScores),
    ("predicted_score", Content::PredictedScore),
];

impl Task {
    /// A binary objective with several targets has no single class to speak of.
    fn of(objective: &str, margin_count: usize) -> Self {
        match objective {
            _ if objective.starts_with("binary:") && margin_count > 1 => Self::Score,
            "binary:logistic" => Self::Probability,
            "binary:logitraw" => Self::Margin,
            "binary:hinge" | "multi:softmax" => Self::Class,
            "multi:softprob" => Self::Probabilities,
            _ => Self::Score,
        }
    }

    fn has(self, content: Content) -> bool {
        match content {
            Content::PredictedLabel | Content::Labels | Content::RawScore | Content::RawScores => {
                self != Self::Score
            }
            Content::Probability | Content::Probabilities => {
                matches!(self, Self::Probability | Self::Probabilities)
            }
            Content::PredictedScore => self == Self::Score,
            Content::Nothing => false,
        }
    }
}

impl Selection {
    /// What `names` mean for a model of this objective, whose rows have `margin_count` margins.
    pub(super) fn new(names: &[String], objective: &str, margin_count: usize) -> Self {
        let task = Task::of(objective, margin_count);
        let content = |name: &str| {
            let known = NAMES.iter().find(|(known, _)| *known == name);
            known.map_or(Content::Nothing, |(_, content)| *content)
        };
        let resolve = |name: &String| {
            let content = content(name);
            let content = if task.has(content) { content } else { Content::Nothing };
            (name.as_str().into(), content)
        };
        let class_count = if objective.starts_with("multi:") { margin_count as u32 } else { 2 };
        Self { task, class_count, parts: names.iter().map(resolve).collect() }
    }

    /// The names that mean nothing for this model.
    pub(super) fn meaningless(&self) -> Vec<&str> {
        let nothing = self.parts.iter().filter(|(_, content)| *content == Content::Nothing);
        nothing.map(|(name, _)| &**name).collect()
    }

    /// The named cells of every row of predictions.
    pub(super) fn rows<'a>(
        &'a self,
        predictions: ChunksExact<'a, f32>,
    ) -> impl Iterator<Item = impl Iterator<Item = (&'a str, Cell<'a>)>> {
        predictions.map(move |row| {
            self.parts.iter().map(move |(name, content)| (&**name, self.cell(*content, row)))
        })
    }

    fn cell<'a>(&self, content: Content, row: &'a [f32]) -> Cell<'a> {
        match content {
            Content::PredictedLabel => self.predicted_label(row),
            Content::Labels => Cell::Labels(self.class_count),
            Content::Probability | Content::RawScore => Cell::Number(greatest(row).1),
            Content::Probabilities | Content::RawScores => self.of_each_class(row),
            Content::PredictedScore => match row {
                [score] => Cell::Number(*score),
                scores => Cell::Numbers(scores),
            },
            Content::Nothing => Cell::Missing,
        }
    }

    fn predicted_label<'a>(&self, row: &[f32]) -> Cell<'a> {
        let (class, score) = greatest(row);
        match self.task {
            Task::Probability => Cell::Label(u32::from(score > 0.5)),
            Task::Margin => Cell::Label(u32::from(score > 0.0)),
            Task::Class | Task::Score => Cell::Number(score),
            Task::Probabilities => Cell::Label(class as u32),
        }
    }

    /// The container takes a single score for the probability of class 1, whatever it is.
    fn of_each_class<'a>(&self, row: &'a [f32]) -> Cell<'a> {
        match row {
            [score] if self.task != Task::Probabilities => Cell::Pair([1.0 - score, *score]),
            scores => Cell::Numbers(scores),
        }
    }
}

/// The first of the greatest values and where it stands.
fn greatest(row: &[f32]) -> (usize, f32) {
    let mut best = (0, row[0]);
    for (class, score) in row.iter().enumerate() {
        if *score > best.1 {
            best = (class, *score);
        }
    }
    best
}
