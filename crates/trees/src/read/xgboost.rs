//! XGBoost's model schema (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>)
//! as versions 1.0 to 3.x write it. Knows the members' names and meaning, no encoding; single trees
//! are `tree_columns`'.

use std::borrow::Cow;

use super::{
    dart,
    document::{Document, Placed},
    json::Json,
    tree_columns::{TreeColumns, parameter},
};
use crate::{
    Error, Label, Objective,
    ensemble::{Detail, Ensemble, Places, Tree, check_shape},
};

/// Reads a document to its end.
pub(super) fn read<'a>(mut document: impl Document<'a>, detail: Detail) -> Result<Ensemble, Error> {
    let learner = root(&mut document, detail)?;
    document.finish()?;
    learner.into_ensemble()
}

/// A model, or the snapshot of a whole learner as Python's pickle keeps it: model and
/// configuration.
fn root<'a>(document: &mut impl Document<'a>, detail: Detail) -> Result<Learner, Error> {
    let at = document.offset();
    let mut learner = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "learner" => learner = Some(Learner::read(document, detail)?),
            "Model" => learner = Some(snapshot(document, detail)?),
            _ => document.skip()?,
        }
    }
    learner.ok_or_else(|| missing("learner", at))
}

fn snapshot<'a>(document: &mut impl Document<'a>, detail: Detail) -> Result<Learner, Error> {
    let at = document.offset();
    let mut learner = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "learner" => learner = Some(Learner::read(document, detail)?),
            _ => document.skip()?,
        }
    }
    learner.ok_or_else(|| missing("learner", at))
}

/// What the object at a place should have.
fn missing(member: &str, at: usize) -> Error {
    Error::malformed(format!("not an XGBoost model: it has no `{member}`")).at(at)
}

#[derive(Default)]
struct Learner {
    at: usize,
    feature_names: Placed<Vec<String>>,
    booster: Booster,
    params: LearnerParams,
    objective: Option<Placed<String>>,
    attributes: Attributes,
}

impl Learner {
    fn read<'a>(document: &mut impl Document<'a>, detail: Detail) -> Result<Self, Error> {
        let at = document.offset();
        let mut learner = Self { at, params: LearnerParams::absent(at), ..Self::default() };
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "attributes" => learner.attributes = Attributes::read(document)?,
                "feature_names" => learner.feature_names = document.placed(Document::texts)?,
                "gradient_booster" => learner.booster = Booster::read(document, detail)?,
                "learner_model_param" => learner.params = LearnerParams::read(document)?,
                "objective" => learner.objective = name(document)?,
                _ => document.skip()?,
            }
        }
        Ok(learner)
    }

    fn into_ensemble(mut self) -> Result<Ensemble, Error> {
        let objective = self.objective()?;
        let group_count = self.params.group_count()?;
        let places = self.places();
        check_shape(self.params.feature_count.value, group_count, places)?;
        if self.attributes.classes.len() != objective.class_count(group_count) {
            self.attributes.classes.clear();
        }
        let base_margins = self.params.base_margins(&objective, group_count)?;
        let weights = self.booster.check(self.at)?;
        let trees = self.booster.trees.trees;
        // A round has a tree for each group, unless one tree has leaves for all of them.
        let is_whole = trees.first().is_some_and(|values| values.len() > 1);
        let trees_per_group = self.booster.trees.parallel.max(1);
        let trees_per_iteration =
            trees_per_group.saturating_mul(if is_whole { 1 } else { group_count });
        let mut ensemble = Ensemble {
            objective,
            feature_count: self.params.feature_count.value,
            feature_names: self.feature_names.value,
            classes: self.attributes.classes,
            missing: self.attributes.missing,
            base_margins,
            tree_count: trees.len(),
            trees: trees.into_iter().flatten().collect(),
            trees_per_iteration,
            best_iteration: self.attributes.best_iteration,
            linear: self.booster.linear.map(|weights| weights.value),
        };
        if let Some(weights) = weights {
            dart::apply(&mut ensemble, &weights)?;
        }
        ensemble.check(places)
    }

    fn objective(&self) -> Result<Objective, Error> {
        let name = self.objective.as_ref().ok_or_else(|| missing("objective", self.at))?;
        Objective::from_name(&name.value).map_err(|error| error.at(name.at))
    }

    fn places(&self) -> Places {
        Places {
            feature_count: self.params.feature_count.at,
            group_count: self.params.group_count_at(),
            feature_names: self.feature_names.at,
            trees: self.booster.trees.trees_at,
            weights: self.booster.linear.as_ref().map_or(0, |weights| weights.at),
        }
    }
}

/// What is known of the free texts that a model may carry.
#[derive(Default)]
struct Attributes {
    /// What early stopping left.
    best_iteration: Option<usize>,
    /// The labels of a classifier of versions 1.0 to 1.5.
    classes: Vec<Label>,
    /// What stands for a missing value beside `NaN`.
    missing: Option<f32>,
}

impl Attributes {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut attributes = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "best_iteration" => {
                    attributes.best_iteration = document.text()?.trim().parse().ok();
                }
                // A text that is no JSON is nobody's fault: attributes are free.
                "scikit_learn" => {
                    let text = document.text()?;
                    let _ = attributes.wrapper(&mut Json::new(text.as_bytes()));
                }
                _ => document.skip()?,
            }
        }
        Ok(attributes)
    }

    /// What a scikit-learn class notes of itself.
    fn wrapper(&mut self, document: &mut Json<'_>) -> Result<(), Error> {
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "classes_" => self.classes = document.labels()?,
                "missing" => {
                    self.missing = document.float().ok().filter(|missing| !missing.is_nan());
                }
                _ => document.skip()?,
            }
        }
        Ok(())
    }
}

/// The `name` of an object, its other members passed over.
fn name<'a>(document: &mut impl Document<'a>) -> Result<Option<Placed<String>>, Error> {
    let mut name = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "name" => name = Some(document.placed(owned)?),
            _ => document.skip()?,
        }
    }
    Ok(name)
}

fn owned<'a>(document: &mut impl Document<'a>) -> Result<String, Error> {
    document.text().map(Cow::into_owned)
}

#[derive(Default)]
struct LearnerParams {
    base_scores: Placed<Vec<f32>>,
    class_count: Placed<usize>,
    feature_count: Placed<usize>,
    target_count: Placed<usize>,
}

impl LearnerParams {
    /// Nothing, where it should stand.
    fn absent(at: usize) -> Self {
        let nothing = || Placed { value: 0, at };
        Self {
            base_scores: Placed { value: Vec::new(), at },
            class_count: nothing(),
            feature_count: nothing(),
            target_count: nothing(),
        }
    }

    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut params = Self::absent(document.offset());
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "base_score" => params.base_scores = document.placed(base_scores)?,
                "num_class" => params.class_count = placed(document, &key)?,
                "num_feature" => params.feature_count = placed(document, &key)?,
                "num_target" => params.target_count = placed(document, &key)?,
                _ => document.skip()?,
            }
        }
        Ok(params)
    }

    /// One margin per class or per target; a model has several of one of them at most.
    fn group_count(&self) -> Result<usize, Error> {
        match (self.class_count.value.max(1), self.target_count.value.max(1)) {
            (classes, 1) => Ok(classes),
            (1, targets) => Ok(targets),
            (classes, targets) => Err(Error::unsupported(format!(
                "a model of {classes} classes and {targets} targets is not supported"
            ))
            .at(self.target_count.at)),
        }
    }

    fn group_count_at(&self) -> usize {
        if self.class_count.value > 1 { self.class_count.at } else { self.target_count.at }
    }

    fn base_margins(&self, objective: &Objective, groups: usize) -> Result<Vec<f32>, Error> {
        let scores = match &self.base_scores.value[..] {
            [score] => vec![*score; groups],
            scores if scores.len() == groups => scores.to_vec(),
            scores => {
                let message = format!("`base_score` has {} values, not {groups}", scores.len());
                return Err(Error::malformed(message).at(self.base_scores.at));
            }
        };
        let margins: Vec<f32> = scores.iter().map(|score| objective.margin(*score)).collect();
        if margins.iter().all(|margin| margin.is_finite()) {
            return Ok(margins);
        }
        let message = format!("`base_score` {scores:?} is out of range for `{objective}`");
        Err(Error::malformed(message).at(self.base_scores.at))
    }
}

fn placed<'a>(document: &mut impl Document<'a>, name: &str) -> Result<Placed<usize>, Error> {
    document.placed(|document| parameter(document, name))
}

/// `5E-1`, or since 3.1 `[5E-1]` or `[1E0,2E0]`.
fn base_scores<'a>(document: &mut impl Document<'a>) -> Result<Vec<f32>, Error> {
    let at = document.offset();
    let text = document.text()?;
    let trimmed = text.trim();
    let list = trimmed.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let scores: Result<_, _> =
        list.unwrap_or(trimmed).split(',').map(|score| fast_float2::parse(score.trim())).collect();
    scores.map_err(|_| Error::malformed(format!("`base_score` is `{text}`, not a number")).at(at))
}

#[derive(Default)]
struct Booster {
    at: usize,
    name: Option<Placed<String>>,
    trees: Trees,
    linear: Option<Placed<Vec<f32>>>,
    weight_drop: Option<Placed<Vec<f32>>>,
}

impl Booster {
    fn read<'a>(document: &mut impl Document<'a>, detail: Detail) -> Result<Self, Error> {
        let mut booster = Self { at: document.offset(), ..Self::default() };
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "name" => booster.name = Some(document.placed(owned)?),
                "model" => booster.model(document, detail)?,
                "gbtree" => booster.dropped_out(document, detail)?,
                "weight_drop" => booster.weight_drop = Some(document.placed(Document::floats)?),
                _ => document.skip()?,
            }
        }
        Ok(booster)
    }

    /// The trees inside the booster `dart`.
    fn dropped_out<'a>(
        &mut self,
        document: &mut impl Document<'a>,
        detail: Detail,
    ) -> Result<(), Error> {
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "model" => self.model(document, detail)?,
                _ => document.skip()?,
            }
        }
        Ok(())
    }

    /// Trees or, of the booster `gblinear`, weights: the members tell, for the name may come later.
    fn model<'a>(&mut self, document: &mut impl Document<'a>, detail: Detail) -> Result<(), Error> {
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "gbtree_model_param" => self.trees.parameters(document)?,
                "tree_info" => self.trees.groups = document.placed(Document::integers)?,
                "trees" => {
                    self.trees.trees_at = document.offset();
                    self.trees.trees = read_trees(document, detail)?;
                }
                "weights" => self.linear = Some(document.placed(Document::floats)?),
                _ => document.skip()?,
            }
        }
        Ok(())
    }

    /// Settles what the name promised; the answer is the weight of each tree, if there is one.
    fn check(&mut self, learner_at: usize) -> Result<Option<Placed<Vec<f32>>>, Error> {
        let name = self.name.take().ok_or_else(|| missing("gradient_booster", learner_at))?;
        match name.value.as_str() {
            "gbtree" => self.trees.check().map(|()| None),
            "dart" => {
                self.trees.check()?;
                let weights = self.weight_drop.take();
                weights.ok_or_else(|| missing("weight_drop", self.at)).map(Some)
            }
            "gblinear" if self.linear.is_some() => Ok(None),
            "gblinear" => Err(missing("weights", self.at)),
            other => {
                let message = format!("the booster `{other}` is not supported");
                Err(Error::unsupported(message).at(name.at))
            }
        }
    }
}

#[derive(Default)]
struct Trees {
    /// As the model states it; absent in no version, but nothing depends on it.
    stated: Option<Placed<usize>>,
    /// Trees per round and group.
    parallel: usize,
    groups: Placed<Vec<i32>>,
    /// Where the trees begin.
    trees_at: usize,
    /// What each tree of the file becomes: one tree, or one per value of its leaves.
    trees: Vec<Vec<Tree>>,
}

impl Trees {
    fn parameters<'a>(&mut self, document: &mut impl Document<'a>) -> Result<(), Error> {
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "num_trees" => self.stated = Some(placed(document, &key)?),
                "num_parallel_tree" => {
                    self.parallel = parameter(document, "num_parallel_tree")?;
                }
                _ => document.skip()?,
            }
        }
        Ok(())
    }

    /// Gives each tree its group: `tree_info` stands before or after the trees.
    fn check(&mut self) -> Result<(), Error> {
        let count = self.trees.len();
        if let Some(stated) = self.stated.as_ref().filter(|stated| stated.value != count) {
            let message = format!("`num_trees` does not match {count} trees");
            return Err(Error::malformed(message).at(stated.at));
        }
        if self.groups.value.len() != count {
            let groups = self.groups.value.len();
            let message = format!("`tree_info` tells of {groups} trees of {count}");
            return Err(Error::malformed(message).at(self.groups.at));
        }
        for (trees, group) in self.trees.iter_mut().zip(&self.groups.value) {
            if let [tree] = &mut trees[..] {
                tree.group = (*group).try_into().unwrap_or(u32::MAX);
            }
        }
        Ok(())
    }
}

fn read_trees<'a>(
    document: &mut impl Document<'a>,
    detail: Detail,
) -> Result<Vec<Vec<Tree>>, Error> {
    let (mut trees, mut columns) = (Vec::new(), TreeColumns::default());
    let mut elements = document.array()?;
    while document.element(&mut elements)? {
        let start = document.offset();
        let tree = columns.read(document, detail).and_then(|()| columns.trees(start));
        trees.push(tree.map_err(|e| e.at(start).within(format_args!("tree {}", trees.len())))?);
    }
    Ok(trees)
}
