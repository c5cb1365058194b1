//! Several models that answer as one: by their mean or by their majority.
//!
//! Owns which models go together and how their predictions are combined, both as in SageMaker's
//! XGBoost container. A single model is the usual case and costs nothing here.

use std::sync::Arc;

use engine_api::OpenError;
use records::Columns;
use trees::{Model, Rows};

use super::precision::{self, Precision};

/// Models that take the same rows and predict the same.
pub(super) struct Ensemble {
    first: Arc<Model>,
    others: Vec<Arc<Model>>,
    vote: Vote,
}

/// How predictions of several models become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vote {
    Mean,
    /// The most frequent class, of equally frequent ones the smallest.
    Majority,
}

impl Ensemble {
    /// Refuses models that don't go together, with the names of their files.
    pub(super) fn new(models: Vec<(String, Arc<Model>)>) -> Result<Self, OpenError> {
        let mut models = models.into_iter();
        let (first_name, first) = models.next().expect("an artifact has a model: this is a bug");
        let mut others = Vec::new();
        for (name, model) in models {
            same_kind(&first, &model).map_err(|difference| OpenError {
                message: format!(
                    "model files `{first_name}` and `{name}` can't answer together: {difference}; \
                     keep one of them, or set `SAGEMAKER_INFERENCE_ENSEMBLE` to `false`"
                ),
            })?;
            others.push(model);
        }
        let vote = match first.objective().name() {
            "multi:softmax" | "binary:hinge" => Vote::Majority,
            _ => Vote::Mean,
        };
        Ok(Self { first, others, vote })
    }

    /// The model that stands for all where they don't differ.
    pub(super) fn first(&self) -> &Model {
        &self.first
    }

    /// Trees of all models.
    pub(super) fn tree_count(&self) -> usize {
        self.first.tree_count() + self.others.iter().map(|model| model.tree_count()).sum::<usize>()
    }

    /// The columns of a row, by the names of the first model that has any.
    pub(super) fn columns(&self) -> Columns {
        let width = self.first.feature_count();
        let mut models = std::iter::once(&self.first).chain(&self.others);
        match models.find(|model| width > 0 && model.feature_names().len() == width) {
            Some(model) => Columns::named(model.feature_names().iter().cloned()),
            None => Columns::unnamed(width),
        }
    }

    /// Predicts as [`Model::predict`] does. `members` is memory to work in.
    pub(super) fn predict<V: Precision>(
        &self,
        rows: Rows<'_, V>,
        out: &mut [V],
        members: &mut Vec<V>,
    ) {
        precision::predict(&self.first, rows, out);
        if self.others.is_empty() {
            return;
        }
        match self.vote {
            Vote::Mean => self.mean(rows, out, members),
            Vote::Majority => self.majority(rows, out, members),
        }
    }

    /// Adds in the order of the files and divides once, as `numpy.mean` does over few models.
    fn mean<V: Precision>(&self, rows: Rows<'_, V>, out: &mut [V], members: &mut Vec<V>) {
        members.resize(out.len(), V::default());
        for model in &self.others {
            precision::predict(model, rows, members);
            out.iter_mut().zip(&*members).for_each(|(sum, value)| *sum += *value);
        }
        let count = (self.others.len() + 1) as f32;
        for sum in out {
            *sum /= V::from(count);
        }
    }

    fn majority<V: Precision>(&self, rows: Rows<'_, V>, out: &mut [V], members: &mut Vec<V>) {
        let row_count = out.len();
        members.clear();
        members.extend_from_slice(out);
        for model in &self.others {
            let start = members.len();
            members.resize(start + row_count, V::default());
            precision::predict(model, rows, &mut members[start..]);
        }
        for (row, class) in out.iter_mut().enumerate() {
            *class = most_frequent(&members[row..].iter().step_by(row_count));
        }
    }
}

/// The most frequent value, the smallest of several.
fn most_frequent<'a, V: Precision>(classes: &(impl Iterator<Item = &'a V> + Clone)) -> V {
    let votes = |class: V| classes.clone().filter(|other| other.is(class)).count();
    let mut best = (0, V::default());
    for class in classes.clone() {
        let found = votes(*class);
        if found > best.0 || (found == best.0 && *class < best.1) {
            best = (found, *class);
        }
    }
    best.1
}

/// Says in what two models differ that must not.
fn same_kind(first: &Model, other: &Model) -> Result<(), String> {
    let (one, two) = (first.objective().name(), other.objective().name());
    if one != two {
        return Err(format!("their objectives are `{one}` and `{two}`"));
    }
    for (what, one, two) in [
        ("features", first.feature_count(), other.feature_count()),
        ("classes", first.group_count(), other.group_count()),
    ] {
        if one != two {
            return Err(format!("they have {one} and {two} {what}"));
        }
    }
    let (one, two) = (first.feature_names(), other.feature_names());
    if !one.is_empty() && !two.is_empty() && one != two {
        return Err("their features have different names".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_wins_and_of_equals_the_smallest() {
        for (classes, expect) in [
            (&[2.0_f32][..], 2.0),
            (&[1.0, 2.0, 2.0], 2.0),
            (&[2.0, 1.0], 1.0),
            (&[3.0, 1.0, 3.0, 1.0, 0.0], 1.0),
        ] {
            assert!(most_frequent(&classes.iter()).is(expect), "{classes:?}");
        }
    }
}
