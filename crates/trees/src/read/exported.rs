//! The JSON that `python/export_sklearn.py` writes of scikit-learn's ensembles, and that anyone may
//! write of others; the script documents it. Knows the members' names and meaning; the trees are
//! `wide_ensemble`'s.

use std::borrow::Cow;

use super::{
    document::{Document, Placed},
    json::Json,
};
use crate::{
    Error, Label, Objective,
    ensemble::{Detail, Places, check_sets},
    wide_ensemble::{
        Average, Missing, Test, WideEnsemble, WideSplit, WideStatistics, WideTransform, WideTree,
        last_rounded_to,
    },
};

/// The member that a model starts with.
pub(super) const MEMBER: &str = "format";
const FORMAT: &str = "clary-trees";
const VERSION: i64 = 1;
/// Categories are less than this: a set is a list of bits.
const CATEGORIES_MAX: u32 = 1 << 12;
/// Words of all sets of one tree: 64 MiB.
const WORDS_MAX: usize = 1 << 24;

/// Reads a document to its end.
pub(super) fn read(bytes: &[u8], detail: Detail) -> Result<WideEnsemble, Error> {
    let mut document = Json::new(bytes);
    let mut file = File::default();
    let mut members = document.object()?;
    while let Some(key) = document.key(&mut members)? {
        file.member(&key, &mut document)?;
    }
    document.finish()?;
    file.into_ensemble(detail)
}

#[derive(Default)]
struct File {
    version: Placed<i64>,
    estimator: String,
    feature_count: Placed<usize>,
    feature_names: Placed<Vec<String>>,
    classes: Vec<Label>,
    rows: Placed<String>,
    transform: Placed<String>,
    sigmoid_factor: Option<f64>,
    average: bool,
    base: Placed<Vec<f64>>,
    values_per_leaf: Placed<usize>,
    trees: Placed<Vec<Columns>>,
}

/// A tree as stored: a column per member, a row per node.
#[derive(Default)]
struct Columns {
    /// Where the tree begins.
    start: usize,
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    threshold: Vec<f64>,
    missing_left: Vec<i32>,
    categories: Vec<Option<Vec<i32>>>,
    cover: Vec<f64>,
    gain: Vec<f64>,
    value: Vec<f64>,
}

impl File {
    fn member(&mut self, key: &str, document: &mut Json<'_>) -> Result<(), Error> {
        match key {
            "format" => {
                let format = document.placed(owned)?;
                if format.value != FORMAT {
                    let message = format!("`format` is `{}`, not `{FORMAT}`", format.value);
                    return Err(Error::unsupported(message).at(format.at));
                }
            }
            "version" => self.version = document.placed(Document::integer)?,
            "estimator" => self.estimator = owned(document)?,
            "feature_count" => self.feature_count = document.placed(size)?,
            "feature_names" => self.feature_names = document.placed(Document::texts)?,
            "classes" => self.classes = document.labels()?,
            "rows" => self.rows = document.placed(owned)?,
            "transform" => self.transform = document.placed(owned)?,
            "sigmoid_factor" => self.sigmoid_factor = Some(document.double()?),
            "average" => self.average = document.integer()? != 0,
            "base" => self.base = document.placed(Json::doubles)?,
            "values_per_leaf" => self.values_per_leaf = document.placed(size)?,
            "trees" => self.trees = document.placed(trees)?,
            _ => document.skip()?,
        }
        Ok(())
    }

    fn into_ensemble(self, detail: Detail) -> Result<WideEnsemble, Error> {
        self.check_version()?;
        let narrow = self.narrow()?;
        let values = self.values_per_leaf()?;
        let transform = self.transform()?;
        let places = self.places();
        let mut trees = Vec::new();
        for (number, columns) in self.trees.value.into_iter().enumerate() {
            let start = columns.start;
            let made = columns.into_trees(values, narrow, detail);
            let within = |error: Error| error.at(start).within(format_args!("tree {number}"));
            trees.extend(made.map_err(within)?);
        }
        let ensemble = WideEnsemble {
            objective: Objective::foreign(self.estimator),
            transform,
            feature_count: self.feature_count.value,
            feature_names: self.feature_names.value,
            class_count: self.classes.len(),
            classes: self.classes,
            base_margins: self.base.value,
            average: if self.average { Average::Margins } else { Average::Nothing },
            zero_max: 0.0,
            values_per_leaf: values,
            trees,
            best_iteration: None,
        };
        ensemble.check_trees()?.check(places)
    }

    fn places(&self) -> Places {
        Places {
            feature_count: self.feature_count.at,
            group_count: self.base.at,
            feature_names: self.feature_names.at,
            trees: self.trees.at,
            weights: 0,
        }
    }

    fn check_version(&self) -> Result<(), Error> {
        if self.version.value == VERSION {
            return Ok(());
        }
        let message = format!(
            "`version` of `{FORMAT}` is not {VERSION}: export the model anew with the script of this \
             release"
        );
        Err(Error::unsupported(message).at(self.version.at))
    }

    /// Whether rows are rounded to `f32` before they are compared.
    fn narrow(&self) -> Result<bool, Error> {
        match self.rows.value.as_str() {
            "f32" => Ok(true),
            "f64" => Ok(false),
            _ => Err(Error::malformed("`rows` is neither `f32` nor `f64`").at(self.rows.at)),
        }
    }

    fn values_per_leaf(&self) -> Result<usize, Error> {
        let (values, groups) = (self.values_per_leaf.value, self.base.value.len());
        if values > 0 && (values == 1 || values == groups) {
            return Ok(values);
        }
        let message = format!("`values_per_leaf` is {values}, neither 1 nor {groups}");
        Err(Error::malformed(message).at(self.values_per_leaf.at))
    }

    fn transform(&self) -> Result<WideTransform, Error> {
        match self.transform.value.as_str() {
            "identity" => Ok(WideTransform::Identity),
            "sigmoid" => Ok(WideTransform::Sigmoid(self.sigmoid_factor.unwrap_or(1.0))),
            "softmax" => Ok(WideTransform::Softmax),
            "exp" => Ok(WideTransform::Exp),
            other => {
                let message = format!("`transform` is `{other}`, which is not supported");
                Err(Error::unsupported(message).at(self.transform.at))
            }
        }
    }
}

fn owned(document: &mut Json<'_>) -> Result<String, Error> {
    document.text().map(Cow::into_owned)
}

fn size(document: &mut Json<'_>) -> Result<usize, Error> {
    let start = document.offset();
    let number = document.integer()?;
    usize::try_from(number)
        .map_err(|_| Error::malformed(format!("{number} where a count is expected")).at(start))
}

fn trees(document: &mut Json<'_>) -> Result<Vec<Columns>, Error> {
    let mut trees = Vec::new();
    let mut elements = document.array()?;
    while document.element(&mut elements)? {
        let start = document.offset();
        let tree = Columns::read(document);
        let tree = tree.map_err(|e| e.within(format_args!("tree {}", trees.len())))?;
        trees.push(Columns { start, ..tree });
    }
    Ok(trees)
}

impl Columns {
    fn read(document: &mut Json<'_>) -> Result<Self, Error> {
        let mut columns = Self::default();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "left" => columns.left = document.integers()?,
                "right" => columns.right = document.integers()?,
                "feature" => columns.feature = document.integers()?,
                "threshold" => columns.threshold = document.doubles()?,
                "missing_left" => columns.missing_left = document.integers()?,
                "categories" if document.is_array()? => columns.categories = sets(document)?,
                "cover" => columns.cover = document.doubles()?,
                "gain" => columns.gain = document.doubles()?,
                "value" => columns.value = document.doubles()?,
                _ => document.skip()?,
            }
        }
        Ok(columns)
    }

    /// One tree for each of the values of a leaf.
    fn into_trees(
        self,
        values: usize,
        narrow: bool,
        detail: Detail,
    ) -> Result<Vec<WideTree>, Error> {
        let count = self.left.len();
        let lengths = [self.right.len(), self.feature.len(), self.threshold.len()];
        let sets = self.categories.len();
        if lengths != [count; 3]
            || self.missing_left.len() != count
            || sets != 0 && sets != count
            || count == 0
        {
            return Err(Error::malformed("its columns differ in length or are empty"));
        }
        let leaf_count = self.left.iter().filter(|child| **child == -1).count();
        if self.value.len() != leaf_count * values {
            let have = self.value.len();
            let message = format!("{have} values for {leaf_count} leaves of {values} each");
            return Err(Error::malformed(message));
        }
        let places = self.places();
        let mut tree = WideTree { start: self.start, ..WideTree::default() };
        for number in (0..count).filter(|number| self.left[*number] != -1) {
            let split = self.split(number, narrow, &places, &mut tree.words)?;
            tree.splits.push(split);
        }
        check_sets(tree.words.len(), values, leaf_count)?;
        if detail == Detail::Statistics {
            tree.statistics = self.statistics();
        }
        let of_value = |value: usize| {
            let leaves = self.value.iter().skip(value).step_by(values).copied().collect();
            WideTree { leaves, ..tree.clone() }
        };
        Ok((0..values).map(of_value).collect())
    }

    /// What each node is called in a [`WideTree`].
    fn places(&self) -> Vec<i32> {
        let (mut splits, mut leaves) = (-1, 0);
        let place = |child: &i32| {
            if *child == -1 {
                leaves -= 1;
                leaves
            } else {
                splits += 1;
                splits
            }
        };
        self.left.iter().map(place).collect()
    }

    fn split(
        &self,
        number: usize,
        narrow: bool,
        places: &[i32],
        words: &mut Vec<u32>,
    ) -> Result<WideSplit, Error> {
        let child = |child: i32| {
            let place = usize::try_from(child).ok().and_then(|child| places.get(child)).copied();
            place.ok_or_else(|| {
                Error::malformed(format!("points to node {child}, which is not there"))
            })
        };
        let (left, right) = (child(self.left[number])?, child(self.right[number])?);
        let feature = u32::try_from(self.feature[number]).unwrap_or(u32::MAX);
        let missing_left = self.missing_left[number] != 0;
        if let Some(Some(categories)) = self.categories.get(number) {
            let (start, end) = push_set(words, categories)?;
            let test = Test::OneOf { start, end };
            // Members go left here, and to the other side than what is missing.
            let (left, right) = if missing_left { (right, left) } else { (left, right) };
            return Ok(WideSplit { test, feature, left, right });
        }
        let threshold = self.threshold[number];
        if threshold.is_nan() {
            return Err(Error::malformed(format!("node {number} splits at no number")));
        }
        let threshold = if narrow { last_rounded_to(threshold) } else { threshold };
        let test = Test::AtMost { threshold, missing: Missing::Nan, default_left: missing_left };
        Ok(WideSplit { test, feature, left, right })
    }

    fn statistics(&self) -> WideStatistics {
        let of = |column: &[f64], leaves: bool| {
            let rows = column.iter().zip(&self.left);
            rows.filter(|(_, child)| (**child == -1) == leaves).map(|(value, _)| *value).collect()
        };
        WideStatistics {
            split_covers: of(&self.cover, false),
            leaf_covers: of(&self.cover, true),
            gains: of(&self.gain, false),
        }
    }
}

/// For each node `null` or a list.
fn sets(document: &mut Json<'_>) -> Result<Vec<Option<Vec<i32>>>, Error> {
    let mut sets = Vec::new();
    let mut elements = document.array()?;
    while document.element(&mut elements)? {
        sets.push(if document.is_array()? {
            Some(document.integers()?)
        } else {
            document.skip()?;
            None
        });
    }
    Ok(sets)
}

/// Adds one set as bits and gives its place.
fn push_set(words: &mut Vec<u32>, categories: &[i32]) -> Result<(u32, u32), Error> {
    let start = words.len();
    for category in categories {
        let number = u32::try_from(*category).ok().filter(|number| *number < CATEGORIES_MAX);
        let number = number.ok_or_else(|| {
            let message = format!("category {category} is not from 0 to {}", CATEGORIES_MAX - 1);
            Error::unsupported(message)
        })?;
        let word = start + number as usize / 32;
        words.resize(words.len().max(word + 1), 0);
        words[word] |= 1 << (number % 32);
    }
    if words.len() > WORDS_MAX {
        return Err(Error::unsupported("its sets of categories are too large"));
    }
    Ok((start as u32, words.len() as u32))
}
