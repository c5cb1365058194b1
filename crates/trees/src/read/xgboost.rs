//! XGBoost's model schema (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>)
//! as versions 1.0 to 3.x write it. Knows the members' names and meaning, no encoding.

use std::str::FromStr;

use super::document::Document;
use crate::{
    Error, Objective,
    ensemble::{Ensemble, Node, Split, Tree, check_shape},
};

/// Reads a document to its end.
pub(super) fn read<'a>(mut document: impl Document<'a>) -> Result<Ensemble, Error> {
    let learner = root(&mut document)?;
    document.finish()?;
    learner.into_ensemble()
}

/// A model, or the snapshot of a whole learner as Python's pickle keeps it: model and
/// configuration.
fn root<'a>(document: &mut impl Document<'a>) -> Result<Learner, Error> {
    let mut learner = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "learner" => learner = Some(Learner::read(document)?),
            "Model" => learner = Some(snapshot(document)?),
            _ => document.skip()?,
        }
    }
    learner.ok_or_else(|| missing("learner"))
}

fn snapshot<'a>(document: &mut impl Document<'a>) -> Result<Learner, Error> {
    let mut learner = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "learner" => learner = Some(Learner::read(document)?),
            _ => document.skip()?,
        }
    }
    learner.ok_or_else(|| missing("learner"))
}

fn missing(member: &str) -> Error {
    Error::malformed(format!("not an XGBoost model: it has no `{member}`"))
}

#[derive(Default)]
struct Learner {
    feature_names: Vec<String>,
    booster: Booster,
    params: LearnerParams,
    objective: Option<String>,
}

impl Learner {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut learner = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "feature_names" => learner.feature_names = document.texts()?,
                "gradient_booster" => learner.booster = Booster::read(document)?,
                "learner_model_param" => learner.params = LearnerParams::read(document)?,
                "objective" => learner.objective = name(document)?,
                _ => document.skip()?,
            }
        }
        Ok(learner)
    }

    fn into_ensemble(self) -> Result<Ensemble, Error> {
        let trees = self.booster.into_trees()?;
        let objective = self.objective.ok_or_else(|| missing("objective"))?;
        let objective = Objective::from_name(&objective)?;
        let group_count = self.params.group_count()?;
        check_shape(self.params.feature_count, group_count)?;
        let base_margins = self.params.base_margins(&objective, group_count)?;
        let feature_count = self.params.feature_count;
        let feature_names = self.feature_names;
        Ensemble { objective, feature_count, feature_names, base_margins, trees }.check()
    }
}

/// The `name` of an object, its other members passed over.
fn name<'a>(document: &mut impl Document<'a>) -> Result<Option<String>, Error> {
    let mut name = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "name" => name = Some(document.text()?.into_owned()),
            _ => document.skip()?,
        }
    }
    Ok(name)
}

#[derive(Default)]
struct LearnerParams {
    base_scores: Vec<f32>,
    class_count: usize,
    feature_count: usize,
    target_count: usize,
}

impl LearnerParams {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut params = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "base_score" => params.base_scores = base_scores(document)?,
                "num_class" => params.class_count = parameter(document, "num_class")?,
                "num_feature" => params.feature_count = parameter(document, "num_feature")?,
                "num_target" => params.target_count = parameter(document, "num_target")?,
                _ => document.skip()?,
            }
        }
        Ok(params)
    }

    /// One margin per class or per target; a model has several of one of them at most.
    fn group_count(&self) -> Result<usize, Error> {
        match (self.class_count.max(1), self.target_count.max(1)) {
            (classes, 1) => Ok(classes),
            (1, targets) => Ok(targets),
            (classes, targets) => Err(Error::unsupported(format!(
                "a model of {classes} classes and {targets} targets is not supported"
            ))),
        }
    }

    fn base_margins(&self, objective: &Objective, groups: usize) -> Result<Vec<f32>, Error> {
        let scores = match &self.base_scores[..] {
            [score] => vec![*score; groups],
            scores if scores.len() == groups => scores.to_vec(),
            scores => {
                let message = format!("`base_score` has {} values, not {groups}", scores.len());
                return Err(Error::malformed(message));
            }
        };
        let margins: Vec<f32> = scores.iter().map(|score| objective.margin(*score)).collect();
        if margins.iter().all(|margin| margin.is_finite()) {
            return Ok(margins);
        }
        Err(Error::malformed(format!("`base_score` {scores:?} is out of range for `{objective}`")))
    }
}

/// A number that XGBoost writes as text.
fn parameter<'a, T: FromStr>(document: &mut impl Document<'a>, name: &str) -> Result<T, Error> {
    let text = document.text()?;
    let number = text.trim().parse();
    number.map_err(|_| {
        Error::malformed(format!("`{name}` is `{text}`, not a number")).at(document.offset())
    })
}

/// `5E-1`, or since 3.1 `[5E-1]` or `[1E0,2E0]`.
fn base_scores<'a>(document: &mut impl Document<'a>) -> Result<Vec<f32>, Error> {
    let text = document.text()?;
    let trimmed = text.trim();
    let list = trimmed.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let scores: Result<_, _> =
        list.unwrap_or(trimmed).split(',').map(|score| fast_float2::parse(score.trim())).collect();
    scores.map_err(|_| {
        Error::malformed(format!("`base_score` is `{text}`, not a number")).at(document.offset())
    })
}

#[derive(Default)]
struct Booster {
    name: Option<String>,
    trees: Trees,
}

impl Booster {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut booster = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "name" => booster.name = Some(document.text()?.into_owned()),
                "model" => booster.trees = Trees::read(document)?,
                _ => document.skip()?,
            }
        }
        Ok(booster)
    }

    fn into_trees(self) -> Result<Vec<Tree>, Error> {
        match self.name.as_deref() {
            Some("gbtree") => self.trees.check(),
            Some(name) => Err(Error::unsupported(format!("the booster `{name}` is not supported"))),
            None => Err(missing("gradient_booster")),
        }
    }
}

#[derive(Default)]
struct Trees {
    /// As the model states it; absent in no version, but nothing depends on it.
    stated: Option<usize>,
    groups: Vec<i32>,
    trees: Vec<Tree>,
}

impl Trees {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut trees = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "gbtree_model_param" => trees.stated = stated_count(document)?,
                "tree_info" => trees.groups = document.integers()?,
                "trees" => trees.trees = read_trees(document)?,
                _ => document.skip()?,
            }
        }
        Ok(trees)
    }

    /// Gives each tree its group: `tree_info` stands before or after the trees.
    fn check(mut self) -> Result<Vec<Tree>, Error> {
        let count = self.trees.len();
        if self.stated.is_some_and(|stated| stated != count) {
            return Err(Error::malformed(format!("`num_trees` does not match {count} trees")));
        }
        if self.groups.len() != count {
            let groups = self.groups.len();
            return Err(Error::malformed(format!(
                "`tree_info` tells of {groups} trees of {count}"
            )));
        }
        for (tree, group) in self.trees.iter_mut().zip(self.groups) {
            tree.group = group.try_into().unwrap_or(u32::MAX);
        }
        Ok(self.trees)
    }
}

fn stated_count<'a>(document: &mut impl Document<'a>) -> Result<Option<usize>, Error> {
    let mut stated = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "num_trees" => stated = Some(parameter(document, "num_trees")?),
            _ => document.skip()?,
        }
    }
    Ok(stated)
}

fn read_trees<'a>(document: &mut impl Document<'a>) -> Result<Vec<Tree>, Error> {
    let mut trees = Vec::new();
    let mut elements = document.array()?;
    while document.element(&mut elements)? {
        let start = document.offset();
        let tree = TreeColumns::read(document).and_then(TreeColumns::into_tree);
        trees.push(tree.map_err(|e| e.at(start).within(format_args!("tree {}", trees.len())))?);
    }
    Ok(trees)
}

/// One tree as stored: a column per member, a row per node.
#[derive(Default)]
struct TreeColumns {
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    /// The threshold of a split, the value of a leaf.
    condition: Vec<f32>,
    default_left: Vec<i32>,
    /// 1 for a split by category; not written before 1.3.
    split_type: Vec<i32>,
    values_per_leaf: usize,
}

impl TreeColumns {
    fn read<'a>(document: &mut impl Document<'a>) -> Result<Self, Error> {
        let mut columns = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            columns.member(&key, document)?;
        }
        Ok(columns)
    }

    fn member<'a>(&mut self, key: &str, document: &mut impl Document<'a>) -> Result<(), Error> {
        match key {
            "left_children" => self.left = document.integers()?,
            "right_children" => self.right = document.integers()?,
            "split_indices" => self.feature = document.integers()?,
            "split_conditions" => self.condition = document.floats()?,
            "default_left" => self.default_left = document.integers()?,
            "split_type" => self.split_type = document.integers()?,
            "tree_param" => self.values_per_leaf = values_per_leaf(document)?,
            _ => document.skip()?,
        }
        Ok(())
    }

    fn into_tree(self) -> Result<Tree, Error> {
        if self.values_per_leaf > 1 {
            return Err(Error::unsupported(
                "a leaf with several values (`multi_strategy=multi_output_tree`) is not supported",
            ));
        }
        let count = self.left.len();
        let lengths = [self.right.len(), self.feature.len(), self.condition.len()];
        if lengths != [count; 3] || self.default_left.len() != count {
            return Err(Error::malformed("its arrays differ in length"));
        }
        Tree::new(count, 0, |index| self.node(index))
    }

    fn node(&self, index: usize) -> Result<Node, Error> {
        let (left, condition) = (self.left[index], self.condition[index]);
        if left == -1 {
            return Ok(Node::Leaf(condition));
        }
        if self.split_type.get(index).is_some_and(|kind| *kind != 0) {
            return Err(Error::unsupported("a split by category is not supported"));
        }
        if condition.is_nan() {
            return Err(Error::malformed(format!("node {index} splits at no number")));
        }
        Ok(Node::Split(Split {
            feature: unsigned(self.feature[index]),
            threshold: condition,
            default_left: self.default_left[index] != 0,
            left: unsigned(left),
            right: unsigned(self.right[index]),
        }))
    }
}

/// What is negative becomes too great for any tree, and is refused as such.
fn unsigned(index: i32) -> u32 {
    index.try_into().unwrap_or(u32::MAX)
}

fn values_per_leaf<'a>(document: &mut impl Document<'a>) -> Result<usize, Error> {
    let mut values = 0;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "size_leaf_vector" => values = parameter(document, "size_leaf_vector")?,
            _ => document.skip()?,
        }
    }
    Ok(values)
}
