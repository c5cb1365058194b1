//! CatBoost's JSON (`save_model(…, format="json")`): oblivious trees, which ask one question per
//! level, and trees of other `grow_policy`s. Splits are by number or by a single category (one-hot).
//!
//! Knows the members' names and meaning; the trees are `catboost_trees`'.

use std::borrow::Cow;

use super::{
    catboost_trees::{RawNode, RawSplit, RawTree},
    document::{Document, Placed},
    json::Json,
};
use crate::{
    Error, Label, Objective,
    ensemble::{Detail, Places},
    wide_ensemble::{Average, WideEnsemble, WideTransform},
};

/// The members that a model may start with.
pub(super) const MEMBERS: [&str; 6] =
    ["ctr_data", "features_info", "model_info", "oblivious_trees", "scale_and_bias", "trees"];
/// CatBoost's trees are no deeper.
const DEPTH_MAX: usize = 16;

/// Reads a document to its end.
pub(super) fn read(bytes: &[u8], detail: Detail) -> Result<WideEnsemble, Error> {
    let mut document = Json::new(bytes);
    let mut file = File::default();
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "features_info" => file.features = document.placed(Features::read)?,
            "model_info" => file.info = Info::read(&mut document)?,
            "oblivious_trees" => file.trees = document.placed(|trees| list(trees, oblivious))?,
            "trees" => file.trees = document.placed(|trees| list(trees, other))?,
            "scale_and_bias" => file.scale_and_bias = document.placed(scale_and_bias)?,
            _ => document.skip()?,
        }
    }
    document.finish()?;
    file.into_ensemble(detail)
}

#[derive(Default)]
struct File {
    features: Placed<Features>,
    info: Info,
    trees: Placed<Vec<RawTree>>,
    scale_and_bias: Placed<(f64, Vec<f64>)>,
}

/// Of each feature of a kind, its place in the row; and what the places are called.
#[derive(Default)]
pub(super) struct Features {
    pub(super) floats: Vec<FloatFeature>,
    pub(super) categories: Vec<u32>,
    names: Vec<(u32, String)>,
}

#[derive(Default)]
pub(super) struct FloatFeature {
    pub(super) place: u32,
    /// Whether a missing value is greater than every border.
    pub(super) missing_right: bool,
}

#[derive(Default)]
struct Info {
    loss: Option<Placed<String>>,
    classes: Vec<Label>,
}

impl File {
    fn into_ensemble(self, detail: Detail) -> Result<WideEnsemble, Error> {
        let loss = self.info.loss.unwrap_or_else(|| Placed { value: "RMSE".to_owned(), at: 0 });
        let places = Places {
            feature_count: self.features.at,
            group_count: self.scale_and_bias.at,
            feature_names: self.features.at,
            trees: self.trees.at,
            weights: 0,
        };
        let (scale, base_margins) = self.scale_and_bias.value;
        let group_count = base_margins.len();
        let mut trees = Vec::new();
        for (number, tree) in self.trees.value.iter().enumerate() {
            let made = tree.wide_trees(&self.features.value, group_count, scale, detail);
            let within = |error: Error| error.at(tree.start).within(format_args!("tree {number}"));
            trees.extend(made.map_err(within)?);
        }
        let (feature_count, feature_names) = self.features.value.names();
        let ensemble = WideEnsemble {
            transform: transform(&loss.value).map_err(|error| error.at(loss.at))?,
            feature_count,
            feature_names,
            class_count: class_count(&loss.value, group_count),
            objective: Objective::foreign(loss.value),
            classes: self.info.classes,
            base_margins,
            average: Average::Nothing,
            zero_max: 0.0,
            values_per_leaf: group_count.max(1),
            trees,
            best_iteration: None,
        };
        ensemble.check_trees()?.check(places)
    }
}

fn class_count(loss: &str, group_count: usize) -> usize {
    match loss {
        "Logloss" => 2,
        "MultiClass" | "MultiClassOneVsAll" => group_count,
        _ => 0,
    }
}

/// What a loss makes of its sums (`catboost/libs/model/eval_processing.h`, `Probability` and
/// `Exponent`).
fn transform(loss: &str) -> Result<WideTransform, Error> {
    Ok(match loss {
        "Logloss" | "CrossEntropy" | "MultiClassOneVsAll" | "MultiLogloss"
        | "MultiCrossEntropy" => WideTransform::Sigmoid(1.0),
        "MultiClass" => WideTransform::Softmax,
        "Poisson" | "Tweedie" => WideTransform::Exp,
        "RMSE" | "MultiRMSE" | "MAE" | "MAPE" | "Quantile" | "MultiQuantile" | "Huber"
        | "Expectile" | "LogLinQuantile" | "Lq" | "LogCosh" | "SurvivalAft" | "Cox"
        | "PairLogit" | "PairLogitPairwise" | "YetiRank" | "YetiRankPairwise" | "QueryRMSE"
        | "QuerySoftMax" | "LambdaMart" | "StochasticFilter" | "StochasticRank" | "Focal" => {
            WideTransform::Identity
        }
        loss => {
            let message = format!("the loss function `{loss}` is not supported");
            return Err(Error::unsupported(message));
        }
    })
}

impl Features {
    fn read(document: &mut Json<'_>) -> Result<Self, Error> {
        let mut features = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "float_features" => {
                    list(document, |document| features.one(document, true))?;
                }
                "categorical_features" => {
                    list(document, |document| features.one(document, false))?;
                }
                "text_features" | "embedding_features" => {
                    list(document, |feature| -> Result<(), Error> {
                        let message = "features of texts or embeddings are not supported";
                        Err(Error::unsupported(message).at(feature.offset()))
                    })?;
                }
                _ => document.skip()?,
            }
        }
        Ok(features)
    }

    /// One feature; those of a kind are numbered as they stand.
    fn one(&mut self, document: &mut Json<'_>, is_float: bool) -> Result<(), Error> {
        let at = document.offset();
        let (mut number, mut place, mut missing_right) = (None, None, false);
        let mut name = String::new();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "feature_id" => name = document.text()?.into_owned(),
                "feature_index" => number = Some(document.integer()?),
                "flat_feature_index" => place = u32::try_from(document.integer()?).ok(),
                "nan_value_treatment" => missing_right = document.text()? == "AsTrue",
                _ => document.skip()?,
            }
        }
        let place = place.ok_or_else(|| missing("flat_feature_index").at(at))?;
        let next = if is_float { self.floats.len() } else { self.categories.len() };
        if number.is_some_and(|number| usize::try_from(number) != Ok(next)) {
            let message = format!("`feature_index` {next} is out of order");
            return Err(Error::malformed(message).at(at));
        }
        if is_float {
            self.floats.push(FloatFeature { place, missing_right });
        } else {
            self.categories.push(place);
        }
        self.names.push((place, name));
        Ok(())
    }

    /// How wide a row is, and what its values are called; nothing, if any has no name.
    fn names(&self) -> (usize, Vec<String>) {
        let count = self.names.iter().map(|(place, _)| *place as usize + 1).max().unwrap_or(0);
        let mut names = self.names.clone();
        names.sort_unstable();
        let complete = names.len() == count && names.iter().all(|(_, name)| !name.is_empty());
        let names = names.into_iter().map(|(_, name)| name);
        (count, if complete { names.collect() } else { Vec::new() })
    }
}

impl Info {
    fn read(document: &mut Json<'_>) -> Result<Self, Error> {
        let mut info = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "params" => {
                    let loss = within(document, "loss_function", |loss| {
                        let owned = |name: &mut Json<'_>| name.text().map(Cow::into_owned);
                        within(loss, "type", |name| name.placed(owned))
                    })?;
                    info.loss = loss.flatten();
                }
                "class_params" => {
                    let classes = within(document, "class_names", Json::labels)?;
                    info.classes = classes.unwrap_or_default();
                }
                _ => document.skip()?,
            }
        }
        Ok(info)
    }
}

/// Reads one member of an object and passes over the others.
fn within<'a, T>(
    document: &mut Json<'a>,
    name: &str,
    read: impl Fn(&mut Json<'a>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut found = None;
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        if key == name {
            found = Some(read(document)?);
        } else {
            document.skip()?;
        }
    }
    Ok(found)
}

fn list<'a, T>(
    document: &mut Json<'a>,
    mut item: impl FnMut(&mut Json<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    let mut elements = document.array()?;
    while document.element(&mut elements)? {
        items.push(item(document)?);
    }
    Ok(items)
}

/// The factor of all trees' sums, and what is added to them, one per group.
fn scale_and_bias(document: &mut Json<'_>) -> Result<(f64, Vec<f64>), Error> {
    let start = document.offset();
    let mut elements = document.array()?;
    let wrong = || Error::malformed("`scale_and_bias` is not a factor and a list").at(start);
    if !document.element(&mut elements)? {
        return Err(wrong());
    }
    let scale = document.double()?;
    if !document.element(&mut elements)? {
        return Err(wrong());
    }
    let biases = document.doubles()?;
    if document.element(&mut elements)? {
        return Err(wrong());
    }
    Ok((scale, biases))
}

/// A tree that asks one question per level; the answers are the bits of the leaf's number, the
/// first question's the lowest.
fn oblivious(document: &mut Json<'_>) -> Result<RawTree, Error> {
    let start = document.offset();
    let (mut splits, mut values, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "splits" => splits = list(document, split)?,
            "leaf_values" => values = document.doubles()?,
            "leaf_weights" => weights = document.doubles()?,
            _ => document.skip()?,
        }
    }
    let leaf_count = 1_usize.checked_shl(splits.len() as u32).unwrap_or(usize::MAX);
    if splits.len() > DEPTH_MAX || values.len() < leaf_count {
        let message =
            format!("a tree of {} levels with {} leaf values", splits.len(), values.len());
        return Err(Error::malformed(message).at(start));
    }
    // The last question is asked first, so that leaves stand in the order of their numbers.
    let levels = splits.iter().rev().enumerate();
    let mut nodes: Vec<RawNode> = levels
        .flat_map(|(level, split)| {
            let first = (1_u32 << level) - 1;
            (0..1_u32 << level).map(move |place| {
                let left = 2 * (first + place) + 1;
                RawNode::Split { split: *split, left, right: left + 1 }
            })
        })
        .collect();
    nodes.extend(std::iter::repeat_n(RawNode::Leaf, leaf_count));
    Ok(RawTree { start, nodes, values, weights })
}

/// A tree of another shape: nested nodes.
fn other(document: &mut Json<'_>) -> Result<RawTree, Error> {
    let start = document.offset();
    let mut tree = RawTree { start, nodes: Vec::new(), values: Vec::new(), weights: Vec::new() };
    nested(document, &mut tree, DEPTH_MAX)?;
    Ok(tree)
}

/// Reads one node and those below it; its number is the answer. Leaves are numbered as they come.
fn nested(document: &mut Json<'_>, tree: &mut RawTree, depth_left: usize) -> Result<u32, Error> {
    let start = document.offset();
    let number = tree.nodes.len();
    tree.nodes.push(RawNode::Leaf);
    let (mut asked, mut left, mut right) = (None, None, None);
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "split" => asked = Some(split(document)?),
            "left" | "right" if depth_left == 0 => {
                let message = format!("a tree of more than {DEPTH_MAX} levels");
                return Err(Error::malformed(message).at(start));
            }
            "left" => left = Some(nested(document, tree, depth_left - 1)?),
            "right" => right = Some(nested(document, tree, depth_left - 1)?),
            "value" if document.is_array()? => tree.values.extend(document.doubles()?),
            "value" => tree.values.push(document.double()?),
            "weight" => tree.weights.push(document.double()?),
            _ => document.skip()?,
        }
    }
    match (asked, left, right) {
        (None, None, None) => {}
        (Some(split), Some(left), Some(right)) => {
            tree.nodes[number] = RawNode::Split { split, left, right };
        }
        _ => return Err(Error::malformed("a split without its children").at(start)),
    }
    Ok(number as u32)
}

fn split(document: &mut Json<'_>) -> Result<RawSplit, Error> {
    let start = document.offset();
    let (mut kind, mut float, mut category) = (None, None, None);
    let (mut border, mut value) = (None, None);
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        match &*key {
            "split_type" => kind = Some(document.text()?),
            "float_feature_index" => float = usize::try_from(document.integer()?).ok(),
            "cat_feature_index" => category = usize::try_from(document.integer()?).ok(),
            "border" => border = Some(document.double()?),
            "value" => value = Some(document.integer()?),
            _ => document.skip()?,
        }
    }
    match (kind.as_deref(), float, border, category, value) {
        (Some("FloatFeature"), Some(feature), Some(border), ..) if !border.is_nan() => {
            Ok(RawSplit::Above { feature, border })
        }
        (Some("OneHotFeature"), .., Some(feature), Some(hash)) => {
            Ok(RawSplit::IsCategory { feature, hash })
        }
        (Some("FloatFeature" | "OneHotFeature") | None, ..) => {
            Err(Error::malformed("a split without its feature or its border").at(start))
        }
        (Some(kind), ..) => Err(Error::unsupported(format!(
            "a split of type `{kind}` is not supported: train with `one_hot_max_size` no less than \
             the number of categories, or encode them as numbers"
        ))
        .at(start)),
    }
}

fn missing(member: &str) -> Error {
    Error::malformed(format!("not a CatBoost model: a feature has no `{member}`"))
}
