//! What a model's file looks like from outside: its format, and the size and depth of its trees. What
//! the trees compute is `model`'s.

use std::fmt;

use crate::{
    Error,
    ensemble::{Detail, Node, Tree},
    read::{self, Contents},
    wide_ensemble::{Missing, Test, WideTree},
};

/// The format of a model's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// XGBoost's JSON.
    Json,
    /// CatBoost's JSON.
    CatboostJson,
    /// The JSON of an exported model of scikit-learn.
    SklearnJson,
    /// XGBoost's UBJSON.
    Ubjson,
    /// XGBoost's binary format of before 2.2.
    Binary,
    /// A Python pickle of a booster or of a class around it.
    Pickle,
    /// LightGBM's text.
    LightgbmText,
}

/// What a model's trees come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The format of the bytes.
    pub format: Format,
    /// Splits on the longest way from a root to a leaf.
    pub depth_max: usize,
    /// Splits of all trees.
    pub splits: usize,
    /// Leaves of all trees.
    pub leaves: usize,
    /// The least and the greatest value of a leaf, as it is added to a sum; nothing without leaves.
    /// A leaf that has a linear model counts by what it answers where that can't be computed.
    pub leaf_values: Option<(f64, f64)>,
    /// Splits by category, which are among the splits.
    pub category_splits: usize,
    /// Splits that send missing values to their first child.
    pub missing_left: usize,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "XGBoost JSON",
            Self::CatboostJson => "CatBoost JSON",
            Self::SklearnJson => "scikit-learn JSON",
            Self::Ubjson => "XGBoost UBJSON",
            Self::Binary => "XGBoost binary",
            Self::Pickle => "Python pickle",
            Self::LightgbmText => "LightGBM text",
        })
    }
}

/// Reads what a model's trees look like; of a tree with several values per leaf, as often as it has
/// values. The booster `gblinear` has no trees.
///
/// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does.
pub fn shape(bytes: &[u8]) -> Result<Shape, Error> {
    let mut shape = Shape {
        format: read::format(bytes),
        depth_max: 0,
        splits: 0,
        leaves: 0,
        leaf_values: None,
        category_splits: 0,
        missing_left: 0,
    };
    match read::read(bytes, Detail::Answers)? {
        Contents::Narrow(ensemble) => ensemble.trees.iter().for_each(|tree| shape.add(tree)),
        Contents::Wide(ensemble) => ensemble.trees.iter().for_each(|tree| shape.add_wide(tree)),
    }
    Ok(shape)
}

impl Shape {
    fn add(&mut self, tree: &Tree) {
        self.depth_max = self.depth_max.max(tree.depth as usize);
        for node in &tree.nodes {
            match node {
                Node::Leaf(value) => self.leaf((*value).into()),
                Node::Split(split) => self.split(split.default_left, false),
                Node::Choice(choice) => self.split(choice.default_left, true),
            }
        }
    }

    fn add_wide(&mut self, tree: &WideTree) {
        self.depth_max = self.depth_max.max(depth(tree));
        tree.leaves.iter().for_each(|value| self.leaf(*value));
        for split in &tree.splits {
            match split.test {
                Test::OneOf { .. } => self.split(false, true),
                Test::AtMost { threshold, missing: Missing::None, .. } => {
                    self.split(0.0 <= threshold, false);
                }
                Test::AtMost { default_left, .. } => self.split(default_left, false),
            }
        }
    }

    fn leaf(&mut self, value: f64) {
        self.leaves += 1;
        let (least, greatest) = self.leaf_values.unwrap_or((value, value));
        self.leaf_values = Some((least.min(value), greatest.max(value)));
    }

    fn split(&mut self, missing_left: bool, by_category: bool) {
        self.splits += 1;
        self.missing_left += usize::from(missing_left);
        self.category_splits += usize::from(by_category);
    }
}

/// Splits on the longest way down; the tree was checked to be one.
fn depth(tree: &WideTree) -> usize {
    let mut deepest = 0;
    let mut ways: Vec<(i32, usize)> =
        (!tree.splits.is_empty()).then_some((0, 1)).into_iter().collect();
    while let Some((at, depth)) = ways.pop() {
        let Ok(at) = usize::try_from(at) else { continue };
        deepest = deepest.max(depth);
        ways.extend([tree.splits[at].left, tree.splits[at].right].map(|child| (child, depth + 1)));
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stump_has_one_split_and_two_leaves() {
        let json = br#"{"learner": {
            "gradient_booster": {"name": "gbtree", "model": {
                "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
                "tree_info": [0],
                "trees": [{
                    "left_children": [1, -1, -1], "right_children": [2, -1, -1],
                    "split_indices": [1, 0, 0], "split_conditions": [0.5, 1.0, 2.0],
                    "default_left": [1, 0, 0]
                }]
            }},
            "learner_model_param": {"base_score": "1E1", "num_class": "0", "num_feature": "2"},
            "objective": {"name": "reg:squarederror"}
        }}"#;
        let expected = Shape {
            format: Format::Json,
            depth_max: 1,
            splits: 1,
            leaves: 2,
            leaf_values: Some((1.0, 2.0)),
            category_splits: 0,
            missing_left: 1,
        };
        assert_eq!(shape(json).expect("a model"), expected);
    }
}
