//! LightGBM's text format (`Booster.save_model`), versions 2 to 4: lines of a name, `=` and values.
//! Knows the names and their meaning; the trees are `kernel::wide`'s.

use std::{collections::HashMap, str::FromStr};

use crate::{
    Error,
    ensemble::check_shape,
    kernel::{Missing, Test, Wide, WideSplit, WideTransform, WideTree},
};

/// The first line of every model.
const START: &[u8] = b"tree";
/// The line after the last tree.
const END: &str = "end of trees";
/// Bits of a decision type: by category, default left, and where the missing type begins.
const BY_CATEGORY: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_SHIFT: u8 = 2;

/// A model, checked.
#[derive(Debug)]
pub(crate) struct WideModel {
    pub(crate) objective: String,
    pub(crate) feature_count: usize,
    pub(crate) feature_names: Vec<String>,
    pub(crate) wide: Wide,
}

/// Whether bytes are in this format.
pub(super) fn is_lightgbm(bytes: &[u8]) -> bool {
    bytes.strip_prefix(START).is_some_and(|rest| matches!(rest, [b'\n' | b'\r', ..]))
}

/// Reads a model; what follows its trees is ignored.
pub(super) fn read(bytes: &[u8]) -> Result<WideModel, Error> {
    let mut lines = Lines { bytes, at: 0 };
    let header = Section::read(&mut lines)?;
    let feature_count = header.number::<usize>("max_feature_idx")?.saturating_add(1);
    let group_count = header.number("num_tree_per_iteration")?;
    check_shape(feature_count, group_count)?;
    let objective = header.text("objective").unwrap_or("custom");
    let average = header.has("average_output");
    let mut wide = Wide::new(group_count, average, transform(objective)?);
    loop {
        let start = lines.at;
        let section = Section::read(&mut lines)?;
        if section.has(END) {
            break;
        }
        let number = wide.tree_count();
        let tree = tree(&section).and_then(|tree| wide.push(&tree, feature_count));
        tree.map_err(|error| error.at(start).within(format_args!("tree {number}")))?;
    }
    if !wide.tree_count().is_multiple_of(group_count) {
        let message = format!("{} trees for {group_count} groups", wide.tree_count());
        return Err(Error::malformed(message));
    }
    let feature_names: Vec<String> =
        header.text("feature_names").unwrap_or("").split_whitespace().map(str::to_owned).collect();
    if !feature_names.is_empty() && feature_names.len() != feature_count {
        let names = feature_names.len();
        let message = format!("`feature_names` has {names} names for {feature_count} features");
        return Err(Error::malformed(message));
    }
    let objective = objective.split_whitespace().next().unwrap_or("custom").to_owned();
    Ok(WideModel { objective, feature_count, feature_names, wide })
}

/// The first word is the name, others are parameters (`src/objective/*.hpp`, `ConvertOutput`).
fn transform(objective: &str) -> Result<WideTransform, Error> {
    let mut words = objective.split_whitespace();
    let name = words.next().unwrap_or("custom");
    let sigmoid = words.clone().find_map(|word| word.strip_prefix("sigmoid:"));
    let factor = || match sigmoid {
        None => Ok(1.0),
        Some(factor) => factor.parse().map_err(|_| not_a_number("sigmoid", factor)),
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
    if section.text("is_linear").is_some_and(|value| value.trim() != "0") {
        return Err(Error::unsupported("a linear tree (`linear_tree=true`) is not supported"));
    }
    let leaf_count: usize = section.number("num_leaves")?;
    let leaves: Vec<f64> = section.numbers("leaf_value")?;
    if leaves.len() != leaf_count || leaves.is_empty() {
        let message = format!("`leaf_value` has {} values for {leaf_count} leaves", leaves.len());
        return Err(Error::malformed(message));
    }
    if leaf_count == 1 {
        return Ok(WideTree { leaves, ..WideTree::default() });
    }
    let words = section.numbers_if_any("cat_threshold")?;
    Ok(WideTree { splits: splits(section, leaf_count - 1, &words)?, leaves, words })
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
        return Err(Error::malformed(format!("its lists differ in length: {lengths:?}")));
    }
    let split = |index: usize| -> Result<WideSplit, Error> {
        let (threshold, decision) = (thresholds[index], decisions[index]);
        let test = if decision & BY_CATEGORY == 0 {
            at_most(threshold, decision)?
        } else {
            one_of(threshold, &boundaries, words)?
        };
        Ok(WideSplit { test, feature: features[index], left: left[index], right: right[index] })
    };
    (0..count).map(split).collect()
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

fn not_a_number(name: &str, value: &str) -> Error {
    Error::malformed(format!("`{name}` is `{value}`, not a number"))
}

/// Lines up to an empty one, by name.
struct Section<'a> {
    values: HashMap<&'a str, &'a str>,
}

impl<'a> Section<'a> {
    fn read(lines: &mut Lines<'a>) -> Result<Self, Error> {
        let mut values = HashMap::new();
        loop {
            let line = lines.next()?;
            match line.split_once('=') {
                Some((name, value)) => values.insert(name, value),
                None if line.is_empty() && values.is_empty() => continue,
                None if line.is_empty() => break,
                None => values.insert(line, ""),
            };
            if line == END {
                break;
            }
        }
        Ok(Self { values })
    }

    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).copied()
    }

    fn required(&self, name: &str) -> Result<&'a str, Error> {
        self.text(name)
            .ok_or_else(|| Error::malformed(format!("not a LightGBM model: it has no `{name}`")))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        let text = self.required(name)?;
        text.trim().parse().map_err(|_| not_a_number(name, text))
    }

    fn numbers_if_any<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Error> {
        if self.has(name) { self.numbers(name) } else { Ok(Vec::new()) }
    }

    fn numbers<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Error> {
        let words = self.required(name)?.split_ascii_whitespace();
        words.map(|word| word.parse().map_err(|_| not_a_number(name, word))).collect()
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
