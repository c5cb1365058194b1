//! LightGBM's text format (`Booster.save_model`), versions 2 to 4: lines of a name, `=` and values.
//! Knows the names and their meaning; the trees are `wide_ensemble`'s.

use std::{collections::HashMap, str::FromStr};

use crate::{
    Error, Objective,
    ensemble::{Detail, Places, check_shape},
    wide_ensemble::{
        Average, LinearLeaves, Missing, Test, WideEnsemble, WideSplit, WideStatistics,
        WideTransform, WideTree,
    },
};

/// LightGBM takes what is no greater for zero, at the latest when it copies a row (`c_api.cpp`).
const ZERO: f64 = 1e-35_f32 as f64;
/// The first line of every model.
const START: &[u8] = b"tree";
/// The line after the last tree.
const END: &str = "end of trees";
/// Bits of a decision type: by category, default left, and where the missing type begins.
const BY_CATEGORY: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_SHIFT: u8 = 2;

/// Whether bytes are in this format.
pub(super) fn is_lightgbm(bytes: &[u8]) -> bool {
    bytes.strip_prefix(START).is_some_and(|rest| matches!(rest, [b'\n' | b'\r', ..]))
}

/// Reads a model; what follows its trees is ignored. Errors name the line, too.
pub(super) fn read(bytes: &[u8], detail: Detail) -> Result<WideEnsemble, Error> {
    model(bytes, detail).map_err(|error| {
        let before = &bytes[..error.offset().unwrap_or(0)];
        let line = before.split(|byte| *byte == b'\n').count();
        error.within(format_args!("line {line}"))
    })
}

fn model(bytes: &[u8], detail: Detail) -> Result<WideEnsemble, Error> {
    let mut lines = Lines { bytes, at: 0 };
    let header = Section::read(&mut lines)?;
    let places = places(&header);
    let feature_count = header.number::<usize>("max_feature_idx")?.saturating_add(1);
    let group_count = header.number("num_tree_per_iteration")?;
    check_shape(feature_count, group_count, places)?;
    let objective = header.text("objective").unwrap_or("custom");
    let name = objective.split_whitespace().next().unwrap_or("custom").to_owned();
    let names = header.text("feature_names").unwrap_or("").split_whitespace();
    let class_count = match name.as_str() {
        "binary" => 2,
        "multiclass" | "multiclassova" => group_count,
        _ => 0,
    };
    WideEnsemble {
        objective: Objective::foreign(name),
        class_count,
        transform: transform(objective).map_err(|error| error.at(header.place("objective")))?,
        feature_count,
        feature_names: names.map(str::to_owned).collect(),
        classes: Vec::new(),
        base_margins: vec![0.0; group_count],
        average: if header.has("average_output") { Average::Predictions } else { Average::Nothing },
        zero_max: ZERO,
        values_per_leaf: 1,
        trees: trees(&mut lines, feature_count, detail)?,
        best_iteration: None,
    }
    .check(places)
}

fn places(header: &Section<'_>) -> Places {
    Places {
        feature_count: header.place("max_feature_idx"),
        group_count: header.place("num_tree_per_iteration"),
        feature_names: header.place("feature_names"),
        trees: header.place("num_tree_per_iteration"),
        weights: 0,
    }
}

fn trees(
    lines: &mut Lines<'_>,
    feature_count: usize,
    detail: Detail,
) -> Result<Vec<WideTree>, Error> {
    let mut trees = Vec::new();
    loop {
        let start = lines.at;
        let section = Section::read(lines)?;
        if section.has(END) {
            return Ok(trees);
        }
        let tree = tree(&section).and_then(|mut tree| {
            tree.check(feature_count)?;
            if detail == Detail::Statistics {
                tree.statistics = statistics(&section)?;
            }
            Ok(tree)
        });
        let tree = tree.map_err(|e| e.at(start).within(format_args!("tree {}", trees.len())))?;
        trees.push(tree);
    }
}

/// The first word is the name, others are parameters (`src/objective/*.hpp`, `ConvertOutput`).
fn transform(objective: &str) -> Result<WideTransform, Error> {
    let mut words = objective.split_whitespace();
    let name = words.next().unwrap_or("custom");
    let sigmoid = words.clone().find_map(|word| word.strip_prefix("sigmoid:"));
    let factor = || match sigmoid {
        None => Ok(1.0),
        Some(factor) => factor.parse().map_err(|_| {
            Error::malformed(format!("`sigmoid` is `{factor}`, not a number in range"))
        }),
    };
    Ok(match name {
        "regression" | "regression_l2" | "regression_l1" | "huber" | "fair" | "quantile"
        | "mape" => {
            if words.any(|word| word == "sqrt") {
                WideTransform::Square
            } else {
                WideTransform::Identity
            }
        }
        "lambdarank" | "rank_xendcg" | "custom" | "none" => WideTransform::Identity,
        "poisson" | "gamma" | "tweedie" => WideTransform::Exp,
        "binary" | "multiclassova" => WideTransform::Sigmoid(factor()?),
        "cross_entropy" => WideTransform::Sigmoid(1.0),
        "cross_entropy_lambda" => WideTransform::Softplus,
        "multiclass" => WideTransform::Softmax,
        name => {
            let message = format!("the objective `{name}` is not supported");
            return Err(Error::unsupported(message));
        }
    })
}

fn tree(section: &Section<'_>) -> Result<WideTree, Error> {
    let leaf_count: usize = section.number("num_leaves")?;
    let leaves: Vec<f64> = section.numbers("leaf_value")?;
    if leaves.len() != leaf_count || leaves.is_empty() {
        let message = format!("`leaf_value` has {} values for {leaf_count} leaves", leaves.len());
        return Err(section.wrong("leaf_value", message));
    }
    let is_linear = section.text("is_linear").is_some_and(|value| value.trim() != "0");
    let linear = if is_linear { Some(linear(section, leaf_count)?) } else { None };
    if leaf_count == 1 {
        return Ok(WideTree { leaves, linear, ..WideTree::default() });
    }
    let words = section.numbers_if_any("cat_threshold")?;
    let splits = splits(section, leaf_count - 1, &words)?;
    Ok(WideTree { splits, leaves, words, linear, ..WideTree::default() })
}

/// LightGBM weighs nodes by the number of their rows when it explains.
fn statistics(section: &Section<'_>) -> Result<WideStatistics, Error> {
    Ok(WideStatistics {
        split_covers: section.numbers_if_any("internal_count")?,
        leaf_covers: section.numbers_if_any("leaf_count")?,
        gains: section.numbers_if_any("split_gain")?,
    })
}

/// The linear models of the leaves (`linear_tree=true`).
fn linear(section: &Section<'_>, leaf_count: usize) -> Result<LinearLeaves, Error> {
    let constants: Vec<f64> = section.numbers("leaf_const")?;
    let counts: Vec<u32> = section.numbers("num_features")?;
    let features: Vec<u32> = section.numbers("leaf_features")?;
    let coefficients: Vec<f64> = section.numbers("leaf_coeff")?;
    let term_count: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let lengths = [constants.len(), counts.len(), features.len(), coefficients.len()];
    if lengths != [leaf_count, leaf_count, term_count as usize, term_count as usize] {
        let message =
            format!("its linear models' lists have lengths {lengths:?} for {leaf_count} leaves");
        return Err(section.wrong("leaf_const", message));
    }
    let ends = counts.iter().scan(0, |end, count| {
        *end += count;
        Some(*end)
    });
    let starts = std::iter::once(0).chain(ends).collect();
    Ok(LinearLeaves { constants, starts, terms: features.into_iter().zip(coefficients).collect() })
}

fn splits(section: &Section<'_>, count: usize, words: &[u32]) -> Result<Vec<WideSplit>, Error> {
    let features: Vec<u32> = section.numbers("split_feature")?;
    let thresholds: Vec<f64> = section.numbers("threshold")?;
    let decisions: Vec<u8> = section.numbers("decision_type")?;
    let left: Vec<i32> = section.numbers("left_child")?;
    let right: Vec<i32> = section.numbers("right_child")?;
    let boundaries: Vec<u32> = section.numbers_if_any("cat_boundaries")?;
    let lengths = [features.len(), thresholds.len(), decisions.len(), left.len(), right.len()];
    if lengths != [count; 5] {
        let message = format!("its lists differ in length: {lengths:?}");
        return Err(section.wrong("split_feature", message));
    }
    let split = |index: usize| -> Result<WideSplit, Error> {
        let (threshold, decision) = (thresholds[index], decisions[index]);
        let test = if decision & BY_CATEGORY == 0 {
            at_most(threshold, decision)
                .map_err(|error| error.at(section.place("decision_type")))?
        } else {
            one_of(threshold, &boundaries, words)
                .map_err(|error| error.at(section.place("threshold")))?
        };
        Ok(WideSplit { test, feature: features[index], left: left[index], right: right[index] })
    };
    let splits: Vec<_> = (0..count).map(split).collect::<Result<_, _>>()?;
    let of_sets: usize = splits.iter().map(|split| split.test.words()).sum();
    if of_sets > words.len() {
        return Err(section.wrong("cat_boundaries", "its splits share sets of categories"));
    }
    Ok(splits)
}

fn at_most(threshold: f64, decision: u8) -> Result<Test, Error> {
    let missing = match decision >> MISSING_SHIFT & 3 {
        0 => Missing::None,
        1 => Missing::Zero,
        2 => Missing::Nan,
        _ => return Err(Error::malformed(format!("a decision of type {decision}"))),
    };
    Ok(Test::AtMost { threshold, missing, default_left: decision & DEFAULT_LEFT != 0 })
}

/// In place of a threshold stands the number of a set.
fn one_of(number: f64, boundaries: &[u32], words: &[u32]) -> Result<Test, Error> {
    let place = boundaries.get(number as usize..).and_then(|from| from.first_chunk());
    match place {
        Some([start, end]) if start <= end && *end as usize <= words.len() => {
            Ok(Test::OneOf { start: *start, end: *end })
        }
        _ => Err(Error::malformed(format!("a split by set {number}, which is not there"))),
    }
}

/// Lines up to an empty one, by name.
struct Section<'a> {
    values: HashMap<&'a str, Value<'a>>,
    /// Where the first one is.
    start: usize,
}

/// What a line says of its name, and where.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Section<'a> {
    fn read(lines: &mut Lines<'a>) -> Result<Self, Error> {
        let mut section = Self { values: HashMap::new(), start: lines.at };
        loop {
            let start = lines.at;
            let line = lines.next()?;
            if line.is_empty() && section.values.is_empty() {
                section.start = lines.at;
                continue;
            }
            if line.is_empty() {
                break;
            }
            let (name, text) = line.split_once('=').unwrap_or((line, ""));
            section.values.insert(name, Value { text, at: start + line.len() - text.len() });
            if line == END {
                break;
            }
        }
        Ok(section)
    }

    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).map(|value| value.text)
    }

    /// The byte where a value begins, or the section if there is none.
    fn place(&self, name: &str) -> usize {
        self.values.get(name).map_or(self.start, |value| value.at)
    }

    /// Says what is wrong with a value.
    fn wrong(&self, name: &str, message: impl Into<String>) -> Error {
        Error::malformed(message).at(self.place(name))
    }

    fn required(&self, name: &str) -> Result<Value<'a>, Error> {
        self.values
            .get(name)
            .copied()
            .ok_or_else(|| self.wrong(name, format!("not a LightGBM model: it has no `{name}`")))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        let value = self.required(name)?;
        value.parse(name, value.text.trim())
    }

    fn numbers_if_any<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Error> {
        if self.has(name) { self.numbers(name) } else { Ok(Vec::new()) }
    }

    fn numbers<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Error> {
        let value = self.required(name)?;
        value.text.split_ascii_whitespace().map(|word| value.parse(name, word)).collect()
    }
}

impl Value<'_> {
    /// Reads a number that is part of the value.
    fn parse<T: FromStr>(self, name: &str, word: &str) -> Result<T, Error> {
        word.parse().map_err(|_| {
            let at = self.at + (word.as_ptr().addr() - self.text.as_ptr().addr());
            Error::malformed(format!("`{name}` is `{word}`, not a number in range")).at(at)
        })
    }
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end; only whole lines are lines.
    fn next(&mut self) -> Result<&'a str, Error> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| {
            Error::malformed(format!("the model ends before `{END}`")).at(self.bytes.len())
        })?;
        let line = std::str::from_utf8(&rest[..length])
            .map_err(|_| Error::malformed("a line that is not UTF-8").at(self.at))?;
        self.at += length + 1;
        Ok(line.trim_end_matches('\r'))
    }
}
