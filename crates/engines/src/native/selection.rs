//! Selected content: what of a prediction an answer holds, under which name.
//!
//! Owns the table of names and objectives, by `serve_utils.py` of SageMaker's XGBoost container and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html>, and that classes go by their names
//! where the model keeps them, which the container can't serve. How cells are written is
//! `records`' business.

use std::slice::ChunksExact;

use records::{Cell, ClassName};
use trees::{Label, Model};

use super::precision::Precision;

/// What an answer holds, in this order.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    task: Task,
    class_count: u32,
    /// What the classes are called; empty where that is their numbers.
    names: Vec<ClassName>,
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
    /// What `names` mean for a model.
    pub(super) fn new(names: &[String], model: &Model) -> Self {
        let (objective, margin_count) = (model.objective().name(), model.group_count());
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
        let parts = names.iter().map(resolve).collect();
        Self { task, class_count, names: class_names(model.classes(), class_count), parts }
    }

    /// The names that mean nothing for this model.
    pub(super) fn meaningless(&self) -> Vec<&str> {
        let nothing = self.parts.iter().filter(|(_, content)| *content == Content::Nothing);
        nothing.map(|(name, _)| &**name).collect()
    }

    /// The named cells of every row of predictions.
    pub(super) fn rows<'a, V: Precision>(
        &'a self,
        predictions: ChunksExact<'a, V>,
    ) -> impl Iterator<Item = impl Iterator<Item = (&'a str, Cell<'a, V>)>> {
        predictions.map(move |row| {
            self.parts.iter().map(move |(name, content)| (&**name, self.cell(*content, row)))
        })
    }

    fn cell<'a, V: Precision>(&'a self, content: Content, row: &'a [V]) -> Cell<'a, V> {
        match content {
            Content::PredictedLabel => self.predicted_label(row),
            Content::Labels if self.names.is_empty() => Cell::Labels(self.class_count),
            Content::Labels => Cell::Names(&self.names),
            Content::Probability | Content::RawScore => Cell::Number(greatest(row).1),
            Content::Probabilities | Content::RawScores => self.of_each_class(row),
            Content::PredictedScore => match row {
                [score] => Cell::Number(*score),
                scores => Cell::Numbers(scores),
            },
            Content::Nothing => Cell::Missing,
        }
    }

    fn predicted_label<V: Precision>(&self, row: &[V]) -> Cell<'_, V> {
        let (class, score) = greatest(row);
        let class = match self.task {
            Task::Probability => usize::from(score > V::from(0.5)),
            Task::Margin => usize::from(score > V::from(0.0)),
            Task::Probabilities => class,
            // The container answers it as the number that the model answers.
            Task::Class | Task::Score if self.names.is_empty() => return Cell::Number(score),
            Task::Class | Task::Score => score.class(),
        };
        self.names.get(class).map_or(Cell::Label(class as u32), Cell::Name)
    }

    /// The container takes a single score for the probability of class 1, whatever it is.
    fn of_each_class<'a, V: Precision>(&self, row: &'a [V]) -> Cell<'a, V> {
        match row {
            [score] if self.task != Task::Probabilities => {
                Cell::Pair([V::from(1.0) - *score, *score])
            }
            scores => Cell::Numbers(scores),
        }
    }
}

/// What so many classes are called; nothing if that is not known, or is their numbers.
fn class_names(labels: &[Label], class_count: u32) -> Vec<ClassName> {
    let is_number = |(class, label): (u32, &Label)| *label == Label::Integer(i64::from(class));
    if labels.len() != class_count as usize || (0..).zip(labels).all(is_number) {
        return Vec::new();
    }
    let name = |(class, label): (u32, &Label)| match label {
        Label::Text(text) => ClassName::text(class, text),
        other => ClassName::bare(class, &other.to_string()),
    };
    (0..).zip(labels).map(name).collect()
}

/// The first of the greatest values and where it stands.
fn greatest<V: Precision>(row: &[V]) -> (usize, V) {
    let mut best = (0, row[0]);
    for (class, score) in row.iter().enumerate() {
        if *score > best.1 {
            best = (class, *score);
        }
    }
    best
}
