//! CatBoost's trees: from nodes as its JSON has them to a [`WideTree`] for each group. `catboost` reads
//! them.

use super::{catboost::Features, catboost_hash::Categories};
use crate::{
    Error,
    ensemble::{Detail, check_sets},
    wide_ensemble::{Missing, Test, WideSplit, WideStatistics, WideTree, last_rounded_to},
};

/// A tree as stored: nodes whose children come later, a leaf's values in the order of its groups.
pub(super) struct RawTree {
    /// Where it begins.
    pub(super) start: usize,
    pub(super) nodes: Vec<RawNode>,
    pub(super) values: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

#[derive(Clone, Copy)]
pub(super) enum RawNode {
    Leaf,
    /// To the left unless the answer is yes.
    Split {
        split: RawSplit,
        left: u32,
        right: u32,
    },
}

#[derive(Clone, Copy)]
pub(super) enum RawSplit {
    Above { feature: usize, border: f64 },
    IsCategory { feature: usize, hash: i64 },
}

impl RawTree {
    /// One tree for each group.
    pub(super) fn wide_trees(
        &self,
        features: &Features,
        group_count: usize,
        scale: f64,
        detail: Detail,
    ) -> Result<Vec<WideTree>, Error> {
        let (places, leaf_count) = self.places();
        if self.values.len() != leaf_count * group_count || group_count == 0 {
            let values = self.values.len();
            let message = format!("{values} values in {leaf_count} leaves of {group_count} groups");
            return Err(Error::malformed(message));
        }
        let mut categories = Categories::default();
        let mut splits = Vec::new();
        for node in &self.nodes {
            let RawNode::Split { split, left, right } = node else { continue };
            let (left, right) = (places[*left as usize], places[*right as usize]);
            splits.push(wide_split(*split, features, &mut categories, [left, right])?);
        }
        check_sets(categories.words.len(), group_count, leaf_count)?;
        let statistics = match detail {
            Detail::Answers => WideStatistics::default(),
            Detail::Statistics => self.statistics(),
        };
        let (start, words) = (self.start, categories.words);
        let tree = WideTree { splits, words, start, statistics, ..WideTree::default() };
        let of_group = |group: usize| {
            let values = self.values.iter().skip(group).step_by(group_count);
            WideTree { leaves: values.map(|value| value * scale).collect(), ..tree.clone() }
        };
        Ok((0..group_count).map(of_group).collect())
    }

    /// What each node is called in a [`WideTree`], and how many leaves there are.
    fn places(&self) -> (Vec<i32>, usize) {
        let (mut splits, mut leaves) = (0, 0);
        let place = |node: &RawNode| match node {
            RawNode::Leaf => {
                leaves += 1;
                -leaves
            }
            RawNode::Split { .. } => {
                splits += 1;
                splits - 1
            }
        };
        let places = self.nodes.iter().map(place).collect();
        (places, leaves as usize)
    }

    /// Weights stand at the leaves; a split has those of its leaves.
    fn statistics(&self) -> WideStatistics {
        let (places, leaf_count) = self.places();
        if self.weights.len() != leaf_count {
            return WideStatistics::default();
        }
        let mut covers = vec![0.0; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate().rev() {
            covers[number] = match node {
                RawNode::Leaf => self.weights[!places[number] as usize],
                RawNode::Split { left, right, .. } => {
                    covers[*left as usize] + covers[*right as usize]
                }
            };
        }
        let pairs = covers.iter().zip(&self.nodes);
        let is_split = |(_, node): &(&f64, &RawNode)| matches!(node, RawNode::Split { .. });
        let split_covers = pairs.filter(is_split).map(|(cover, _)| *cover).collect();
        let leaf_covers = self.weights.clone();
        WideStatistics { split_covers, leaf_covers, gains: Vec::new() }
    }
}

/// Values are rounded to `f32` before they are compared with a border.
fn wide_split(
    split: RawSplit,
    features: &Features,
    categories: &mut Categories,
    [left, right]: [i32; 2],
) -> Result<WideSplit, Error> {
    match split {
        RawSplit::Above { feature, border } => {
            let feature = features.floats.get(feature).ok_or_else(|| no_feature(feature))?;
            let test = Test::AtMost {
                threshold: last_rounded_to(border),
                missing: Missing::Nan,
                default_left: !feature.missing_right,
            };
            Ok(WideSplit { test, feature: feature.place, left, right })
        }
        RawSplit::IsCategory { feature, hash } => {
            let place = features.categories.get(feature).ok_or_else(|| no_feature(feature))?;
            let (start, end) = categories.set(hash as u32)?;
            // Here the members go left.
            let test = Test::OneOf { start, end };
            Ok(WideSplit { test, feature: *place, left: right, right: left })
        }
    }
}

fn no_feature(number: usize) -> Error {
    Error::malformed(format!("splits on feature {number}, which is not there"))
}
