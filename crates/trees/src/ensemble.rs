//! What every reader produces and every kernel is built from: trees that are known to be trees,
//! whose features exist, and what their sums mean. Knows no file format and no memory layout.

use std::ops::Range;

use crate::{Error, Label, Objective};

/// The most features a model may have: a row of that width is 64 MiB.
const FEATURES_MAX: usize = 1 << 24;
/// The most margins per row a model may have.
const GROUPS_MAX: usize = 1 << 16;

/// How much of a model is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What it answers.
    Answers,
    /// Also what training saw, which explains the answers.
    Statistics,
}

/// A whole model, checked.
#[derive(Debug)]
pub(crate) struct Ensemble {
    pub(crate) objective: Objective,
    pub(crate) feature_count: usize,
    pub(crate) feature_names: Vec<String>,
    /// What the classes are called; empty if the file does not say.
    pub(crate) classes: Vec<Label>,
    /// What stands for a missing value beside `NaN`.
    pub(crate) missing: Option<f32>,
    /// Where the sums start; one per group.
    pub(crate) base_margins: Vec<f32>,
    /// Trees as the file counts them: of a tree with several values per leaf, `trees` has several.
    pub(crate) tree_count: usize,
    pub(crate) trees: Vec<Tree>,
    /// How many trees of the file one round of training made; at least 1.
    pub(crate) trees_per_iteration: usize,
    /// The round at which early stopping found the best score.
    pub(crate) best_iteration: Option<usize>,
    /// Instead of trees, weights: a row of one per group for each feature and then for the bias.
    pub(crate) linear: Option<Vec<f32>>,
}

/// One tree; node 0 is the root and every other node has exactly one parent before it.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// The margin to which the leaf is added.
    pub(crate) group: u32,
    /// Splits on the longest way from the root to a leaf.
    pub(crate) depth: u32,
    /// Sets of categories, one after the other.
    pub(crate) categories: Vec<u32>,
    /// The number that each node has in the file.
    pub(crate) ids: Vec<u32>,
    /// The byte of the file where it begins.
    pub(crate) start: usize,
    pub(crate) statistics: Statistics,
}

/// What training saw at each node, in the order of the nodes; empty where nobody asked, or where the
/// file does not say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statistics {
    /// The weight of the rows: XGBoost's sums of hessians.
    pub(crate) covers: Vec<f32>,
    /// What a split gained.
    pub(crate) gains: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node {
    Leaf(f32),
    Split(Split),
    Choice(Choice),
}

/// Left if the value is less than the threshold, by `default_left` if it is missing, else right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) feature: u32,
    pub(crate) threshold: f32,
    pub(crate) default_left: bool,
    pub(crate) left: u32,
    pub(crate) right: u32,
}

/// Right if the value, without its fraction, is a category of the set; by `default_left` if it is
/// missing, else left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) feature: u32,
    /// Start and end of the set in the tree's `categories`, where it is sorted.
    pub(crate) set: (u32, u32),
    pub(crate) default_left: bool,
    pub(crate) left: u32,
    pub(crate) right: u32,
}

/// Where a file has what a model is checked for, in bytes from its start: there errors point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub(crate) feature_count: usize,
    pub(crate) group_count: usize,
    pub(crate) feature_names: usize,
    /// All of them, or what stands for them.
    pub(crate) trees: usize,
    /// Of the booster `gblinear`.
    pub(crate) weights: usize,
}

/// The bounds that hold for any ensemble, before memory is spent on it.
pub(crate) fn check_shape(
    feature_count: usize,
    group_count: usize,
    places: Places,
) -> Result<(), Error> {
    if !(1..=FEATURES_MAX).contains(&feature_count) {
        let message =
            format!("a row would have {feature_count} features, not from 1 to {FEATURES_MAX}");
        return Err(Error::malformed(message).at(places.feature_count));
    }
    if !(1..=GROUPS_MAX).contains(&group_count) {
        let message = format!("a row would have {group_count} margins, not from 1 to {GROUPS_MAX}");
        return Err(Error::malformed(message).at(places.group_count));
    }
    Ok(())
}

/// Refuses names that are neither there for all features nor for none.
pub(crate) fn check_names(
    names: &[String],
    feature_count: usize,
    places: Places,
) -> Result<(), Error> {
    match names.len() {
        0 => Ok(()),
        names if names == feature_count => Ok(()),
        names => {
            let message = format!("`feature_names` has {names} names for {feature_count} features");
            Err(Error::malformed(message).at(places.feature_names))
        }
    }
}

/// Numbers of sets of categories that a value of a leaf may bring with it.
const SET_NUMBERS_MAX: usize = 256;
/// So many numbers of sets need no values.
const SET_NUMBERS_FREE: usize = 1 << 16;

/// Refuses sets of categories out of proportion to a tree's leaves: each of the trees that one with
/// several values per leaf becomes has the sets once more.
pub(crate) fn check_sets(numbers: usize, trees: usize, leaves: usize) -> Result<(), Error> {
    let most = SET_NUMBERS_FREE / trees.max(1) + SET_NUMBERS_MAX.saturating_mul(leaves);
    if trees <= 1 || numbers <= most {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "its sets of categories are too large: {numbers} numbers for {leaves} leaves of {trees} values"
    )))
}

/// Refuses rounds that are not there.
pub(crate) fn check_iterations(wanted: &Range<usize>, count: usize) -> Result<(), Error> {
    if wanted.start < wanted.end && wanted.end <= count {
        return Ok(());
    }
    let message = format!("there are no iterations {wanted:?} in a model of {count}");
    Err(Error::unsupported(message))
}

impl Ensemble {
    /// Refuses trees that use a feature or a margin that the model does not have.
    pub(crate) fn check(self, places: Places) -> Result<Self, Error> {
        for (index, tree) in self.trees.iter().enumerate() {
            self.check_tree(tree)
                .map_err(|error| error.at(tree.start).within(format_args!("tree {index}")))?;
        }
        let weight_count = (self.feature_count + 1) * self.base_margins.len();
        if let Some(weights) = self.linear.as_ref().filter(|w| w.len() != weight_count) {
            let message = format!("`weights` has {} values, not {weight_count}", weights.len());
            return Err(Error::malformed(message).at(places.weights));
        }
        check_names(&self.feature_names, self.feature_count, places)?;
        Ok(self)
    }

    /// Rounds of training whose trees there are; a last one may be incomplete.
    pub(crate) fn iteration_count(&self) -> usize {
        self.tree_count.div_ceil(self.trees_per_iteration)
    }

    /// Keeps the trees of some rounds.
    pub(crate) fn slice(&mut self, iterations: Range<usize>) -> Result<(), Error> {
        check_iterations(&iterations, self.iteration_count())?;
        // One tree of the file may be several here.
        let per_tree = self.trees.len().checked_div(self.tree_count).unwrap_or(1);
        let place = |round: usize| (round * self.trees_per_iteration).min(self.tree_count);
        let (start, end) = (place(iterations.start), place(iterations.end));
        self.trees.truncate(end * per_tree);
        self.trees.drain(..start * per_tree);
        self.tree_count = end - start;
        Ok(())
    }

    fn check_tree(&self, tree: &Tree) -> Result<(), Error> {
        if tree.group as usize >= self.base_margins.len() {
            let (group, groups) = (tree.group, self.base_margins.len());
            return Err(Error::malformed(format!("adds to margin {group} of {groups}")));
        }
        let mut features = tree.nodes.iter().filter_map(Node::feature);
        match features.find(|feature| *feature as usize >= self.feature_count) {
            Some(feature) => Err(Error::malformed(format!(
                "splits on feature {feature} of {}",
                self.feature_count
            ))),
            None => Ok(()),
        }
    }
}

impl Tree {
    /// Keeps what can be reached from node 0 of `count` nodes, renumbered level by level with
    /// siblings side by side. Fails if a node is out of range or has two parents (so also on a
    /// cycle): each node is entered once, and the work is linear in `count`.
    pub(crate) fn new(
        count: usize,
        group: u32,
        node: impl Fn(usize) -> Result<Node, Error>,
    ) -> Result<Self, Error> {
        let mut queue = Queue { seen: vec![false; count], order: Vec::with_capacity(count) };
        let mut nodes = Vec::with_capacity(count);
        queue.push(0)?;
        let (mut depth, mut level_end) = (0, 1);
        while let Some(&index) = queue.order.get(nodes.len()) {
            if nodes.len() == level_end {
                (depth, level_end) = (depth + 1, queue.order.len());
            }
            let node = node(index as usize)?;
            nodes.push(match node {
                Node::Leaf(_) => node,
                Node::Split(split) => Node::Split(Split {
                    left: queue.push(split.left)?,
                    right: queue.push(split.right)?,
                    ..split
                }),
                Node::Choice(choice) => Node::Choice(Choice {
                    left: queue.push(choice.left)?,
                    right: queue.push(choice.right)?,
                    ..choice
                }),
            });
        }
        nodes.shrink_to_fit();
        queue.order.shrink_to_fit();
        let (categories, statistics) = (Vec::new(), Statistics::default());
        Ok(Self { nodes, group, depth, categories, ids: queue.order, start: 0, statistics })
    }

    /// Takes one value per node of the file; there may be none at all.
    pub(crate) fn in_order<T: Copy>(&self, of_file: &[T]) -> Option<Vec<T>> {
        self.ids.iter().map(|id| of_file.get(*id as usize).copied()).collect()
    }

    /// Whether there is a split by category.
    pub(crate) fn has_choices(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::Choice(_)))
    }
}

impl Node {
    /// What a split looks at.
    pub(crate) fn feature(&self) -> Option<u32> {
        match self {
            Self::Leaf(_) => None,
            Self::Split(split) => Some(split.feature),
            Self::Choice(choice) => Some(choice.feature),
        }
    }
}

/// Nodes in the order in which they were met, each met once.
struct Queue {
    seen: Vec<bool>,
    order: Vec<u32>,
}

impl Queue {
    /// The new number of a node.
    fn push(&mut self, node: u32) -> Result<u32, Error> {
        let count = self.seen.len();
        let seen = self.seen.get_mut(node as usize).ok_or_else(|| {
            Error::malformed(format!("points to node {node}, but has {count} nodes"))
        })?;
        if std::mem::replace(seen, true) {
            return Err(Error::malformed(format!("reaches node {node} twice, so it is no tree")));
        }
        self.order.push(node);
        Ok(self.order.len() as u32 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(left: u32, right: u32) -> Node {
        Node::Split(Split { feature: 0, threshold: 1.0, default_left: false, left, right })
    }

    fn build(nodes: &[Node]) -> Result<Tree, Error> {
        Tree::new(nodes.len(), 0, |index| Ok(nodes[index]))
    }

    #[test]
    fn unreached_nodes_are_dropped_and_levels_are_in_order() {
        let leaf = Node::Leaf;
        let tree = build(&[split(4, 1), leaf(1.0), leaf(9.0), leaf(2.0), split(3, 5), leaf(3.0)])
            .expect("a tree");
        assert_eq!(tree.depth, 2);
        assert_eq!(tree.nodes[0], split(1, 2));
        assert_eq!(tree.nodes[1], split(3, 4));
        assert_eq!(tree.nodes[2..], [leaf(1.0), leaf(2.0), leaf(3.0)]);
    }

    #[test]
    fn a_single_leaf_has_depth_zero() {
        assert_eq!(build(&[Node::Leaf(1.0)]).expect("a tree").depth, 0);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let leaf = Node::Leaf(0.0);
        for (nodes, words) in [
            (vec![], "has 0 nodes"),
            (vec![split(0, 1), leaf], "node 0 twice"),
            (vec![split(1, 1), leaf], "node 1 twice"),
            (vec![split(1, 2), leaf], "points to node 2"),
            (vec![split(1, 2), split(2, 3), leaf, leaf], "node 2 twice"),
        ] {
            let error = build(&nodes).expect_err("no tree").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
