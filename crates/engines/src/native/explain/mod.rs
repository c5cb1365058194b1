//! Answers that are explained: what each feature contributed to each prediction, in the shape of
//! `SageMaker` Clarify's online explanations
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-online-explainability-invoke-endpoint.html>).
//!
//! Clarify samples a model's answers to estimate Shapley values of its output; here they are the
//! exact ones of the margin, which `trees` computes. `condition` decides which predictions are
//! explained, `document` writes the answer; here are the values.

mod condition;
mod document;

use engine_api::OpenError;
use records::{Columns, Matrix, csv, jsonlines};
use trees::{Explainer, Reading, Rows};

use super::precision::Precision;
use condition::Condition;
pub(super) use document::Answered;
use document::{Document, Feature};

/// Contributions that one answer may hold: 16 MiB of numbers, which are several times as much text.
const CONTRIBUTIONS_MAX: usize = 2 << 20;

/// Explains the predictions of one model.
#[derive(Debug)]
pub(super) struct Explaining {
    explainer: Explainer,
    /// Which predictions are explained where the call does not say; none means all.
    condition: Option<Condition>,
    features: Vec<Feature>,
    label_headers: Vec<String>,
}

/// Why there is no explanation. The text is for the caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unexplained {
    /// The expression is none, or not of these predictions.
    Condition(String),
    /// There are too many rows.
    TooMuch(String),
}

impl Explaining {
    /// Makes explanations of a model as they are asked for.
    pub(super) fn new(
        given: engine_api::Explaining<'_>,
        model: &Reading,
        columns: &Columns,
    ) -> Result<Self, OpenError> {
        let explainer = explainer(given.baseline, model, columns)?;
        let condition = given.enable.map(Condition::new).transpose();
        let condition = condition.map_err(|message| OpenError { message })?;
        Ok(Self {
            explainer,
            condition,
            features: features(given, columns)?,
            label_headers: given.label_headers.to_vec(),
        })
    }

    /// The answer to a call: predictions, and the explanations of those that `enable`, or the
    /// configuration, chooses. `rows` hold what was predicted.
    pub(super) fn answer<V: Precision>(
        &self,
        answered: Answered<'_>,
        rows: &Matrix<V>,
        enable: Option<&str>,
    ) -> Result<Vec<u8>, Unexplained> {
        let row_count = rows.row_count();
        let own = enable.map(Condition::new).transpose().map_err(Unexplained::Condition)?;
        let chosen = match own.as_ref().or(self.condition.as_ref()) {
            Some(condition) => {
                condition.choose(&answered.records(), row_count).map_err(Unexplained::Condition)?
            }
            None => (0..row_count).collect(),
        };
        let contributions = self.contributions(rows, &chosen)?;
        let document = Document {
            answered,
            features: &self.features,
            label_headers: &self.label_headers,
            row_count,
            chosen: &chosen,
            contributions: &contributions,
            group_count: self.explainer.group_count(),
        };
        Ok(document.written())
    }

    fn contributions<V: Precision>(
        &self,
        rows: &Matrix<V>,
        chosen: &[usize],
    ) -> Result<Vec<f64>, Unexplained> {
        let count = chosen.len() * self.explainer.width();
        if count > CONTRIBUTIONS_MAX {
            let most = CONTRIBUTIONS_MAX / self.explainer.width().max(1);
            return Err(Unexplained::TooMuch(format!(
                "{} predictions are to be explained, more than the {most} of this model that one \
                 answer may hold; send fewer rows, or choose among them with `EnableExplanations`",
                chosen.len()
            )));
        }
        let width = rows.width();
        let values = chosen.iter().flat_map(|row| &rows.values()[row * width..][..width]);
        let values: Vec<V> = values.copied().collect();
        let mut contributions = vec![0.0; count];
        if !chosen.is_empty() {
            self.explainer.contributions(V::input(Rows::new(&values, width)), &mut contributions);
        }
        Ok(contributions)
    }
}

fn explainer(
    baseline: Option<(&str, &str)>,
    model: &Reading,
    columns: &Columns,
) -> Result<Explainer, OpenError> {
    let explainer = match baseline {
        None => model.explainer(),
        Some(baseline) if model.is_f64() => {
            let matrix: Matrix<f64> = baseline_rows(baseline, columns)?;
            model.explainer_against(Rows::new(matrix.values(), matrix.width()))
        }
        Some(baseline) => {
            let matrix: Matrix = baseline_rows(baseline, columns)?;
            model.explainer_against(Rows::new(matrix.values(), matrix.width()))
        }
    };
    explainer.map_err(|error| OpenError {
        message: format!(
            "the model's answers can't be explained: {error}; give a `ShapBaseline` of rows like \
             the model's, or leave `ExplainerConfig` out"
        ),
    })
}

fn baseline_rows<V: Precision>(
    (rows, content_type): (&str, &str),
    columns: &Columns,
) -> Result<Matrix<V>, OpenError> {
    let mut matrix = Matrix::default();
    let read = if content_type == "text/csv" { csv::read } else { jsonlines::read };
    read(rows.as_bytes(), columns, &mut matrix).map_err(|error| OpenError {
        message: format!("`ShapBaseline` can't be read as `{content_type}`: {error}"),
    })?;
    Ok(matrix)
}

/// The features in the order in which they are shown. Headers that are the model's own names, in
/// whatever order, find their columns; others go by position.
fn features(
    given: engine_api::Explaining<'_>,
    columns: &Columns,
) -> Result<Vec<Feature>, OpenError> {
    let width = columns.width();
    for (member, have) in [
        ("FeatureHeaders", given.feature_headers.len()),
        ("FeatureTypes", given.feature_types.len()),
    ] {
        if have != 0 && have != width {
            let message = format!(
                "`{member}` has {have} members and the model {width} features; give one for each"
            );
            return Err(OpenError { message });
        }
    }
    let by_name: Option<Vec<usize>> =
        given.feature_headers.iter().map(|header| columns.index_of(header.as_bytes())).collect();
    let is_permutation = |found: &Vec<usize>| {
        let mut found = found.clone();
        found.sort_unstable();
        found.iter().copied().eq(0..width)
    };
    let order = by_name.filter(is_permutation).unwrap_or_else(|| (0..width).collect());
    let feature = |(place, column): (usize, usize)| Feature {
        column,
        header: given
            .feature_headers
            .get(place)
            .map(String::as_str)
            .or_else(|| columns.name(column))
            .map(str::to_owned),
        kind: given.feature_types.get(place).cloned(),
    };
    Ok(order.into_iter().enumerate().map(feature).collect())
}
