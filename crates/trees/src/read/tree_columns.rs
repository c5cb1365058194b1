//! One tree of XGBoost's JSON and UBJSON models: a column per member, a row per node.

use std::str::FromStr;

use super::document::Document;
use crate::{
    Error,
    ensemble::{Choice, Detail, Node, Split, Statistics, Tree, check_sets},
};

/// The most values a leaf may have.
const LEAF_VALUES_MAX: usize = 1 << 16;

/// A tree as stored.
#[derive(Default)]
pub(super) struct TreeColumns {
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    /// The threshold of a split, the value of a leaf.
    condition: Vec<f32>,
    default_left: Vec<i32>,
    /// 1 for a split by category; not written before 1.3.
    split_type: Vec<i32>,
    categories: Categories,
    values_per_leaf: usize,
    /// Several values per node, which are the leaves' before 3.1.
    base_weights: Vec<f32>,
    /// Several values per leaf, whose number stands in place of its right child. Since 3.1.
    leaf_weights: Vec<f32>,
    /// Only where they are wanted.
    covers: Vec<f32>,
    gains: Vec<f32>,
}

/// The categories that go right, node after node.
#[derive(Default)]
struct Categories {
    all: Vec<i32>,
    nodes: Vec<i32>,
    starts: Vec<i32>,
    sizes: Vec<i32>,
}

impl TreeColumns {
    /// Reads a tree in place of the one that is there, whose memory serves once more.
    pub(super) fn read<'a>(
        &mut self,
        document: &mut impl Document<'a>,
        detail: Detail,
    ) -> Result<(), Error> {
        self.clear();
        let mut members = document.object()?;
        while let Some(key) = document.key(&mut members)? {
            match &*key {
                "sum_hessian" if detail == Detail::Statistics => {
                    document.floats_into(&mut self.covers)?;
                }
                "loss_changes" if detail == Detail::Statistics => {
                    document.floats_into(&mut self.gains)?;
                }
                key => self.member(key, document)?,
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        let integers = [&mut self.left, &mut self.right, &mut self.feature];
        integers.into_iter().for_each(Vec::clear);
        let integers = [&mut self.default_left, &mut self.split_type];
        integers.into_iter().for_each(Vec::clear);
        let floats = [&mut self.condition, &mut self.base_weights, &mut self.leaf_weights];
        floats.into_iter().for_each(Vec::clear);
        [&mut self.covers, &mut self.gains].into_iter().for_each(Vec::clear);
        self.categories = Categories::default();
        self.values_per_leaf = 0;
    }

    fn member<'a>(&mut self, key: &str, document: &mut impl Document<'a>) -> Result<(), Error> {
        match key {
            "left_children" => document.integers_into(&mut self.left)?,
            "right_children" => document.integers_into(&mut self.right)?,
            "split_indices" => document.integers_into(&mut self.feature)?,
            "split_conditions" => document.floats_into(&mut self.condition)?,
            "default_left" => document.integers_into(&mut self.default_left)?,
            "split_type" => document.integers_into(&mut self.split_type)?,
            "categories" => document.integers_into(&mut self.categories.all)?,
            "categories_nodes" => document.integers_into(&mut self.categories.nodes)?,
            "categories_segments" => document.integers_into(&mut self.categories.starts)?,
            "categories_sizes" => document.integers_into(&mut self.categories.sizes)?,
            "tree_param" => self.values_per_leaf = values_per_leaf(document)?,
            "base_weights" => document.floats_into(&mut self.base_weights)?,
            "leaf_weights" => document.floats_into(&mut self.leaf_weights)?,
            _ => document.skip()?,
        }
        Ok(())
    }

    /// One tree, or one for each of the values of a leaf, all of the same shape. It was read from
    /// `start` on.
    pub(super) fn trees(&self, start: usize) -> Result<Vec<Tree>, Error> {
        let count = self.left.len();
        let lengths = [self.right.len(), self.feature.len(), self.condition.len()];
        if lengths != [count; 3] || self.default_left.len() != count {
            return Err(Error::malformed("its arrays differ in length"));
        }
        let sets = self.categories.sets(count)?;
        let value_count = self.values_per_leaf.max(1);
        self.check_leaves(value_count)?;
        check_sets(sets.categories.len(), value_count, count.div_ceil(2))?;
        let tree = |value: usize| -> Result<Tree, Error> {
            let tree = Tree::new(count, value as u32, |index| self.node(index, value, &sets))?;
            let statistics = self.statistics(&tree);
            Ok(Tree { categories: sets.categories.clone(), statistics, start, ..tree })
        };
        (0..value_count).map(tree).collect()
    }

    fn statistics(&self, tree: &Tree) -> Statistics {
        let column = |values: &[f32]| tree.in_order(values).unwrap_or_default();
        Statistics { covers: column(&self.covers), gains: column(&self.gains) }
    }

    /// Many values per leaf must be there, so that no more trees are made than the bytes warrant:
    /// a tree has one leaf more than splits, so half of its nodes have values of their own.
    fn check_leaves(&self, value_count: usize) -> Result<(), Error> {
        let have = self.base_weights.len().max(self.leaf_weights.len());
        let want = value_count.saturating_mul(self.left.len());
        if value_count > 1 && (want / 2 > have || value_count > LEAF_VALUES_MAX) {
            let message = format!("a leaf has {value_count} values, but the tree only {have}");
            return Err(Error::malformed(message));
        }
        Ok(())
    }

    fn node(&self, index: usize, value: usize, sets: &Sets) -> Result<Node, Error> {
        let left = self.left[index];
        if left == -1 {
            return self.leaf(index, value).map(Node::Leaf);
        }
        let (feature, default_left) =
            (unsigned(self.feature[index]), self.default_left[index] != 0);
        let (left, right) = (unsigned(left), unsigned(self.right[index]));
        if self.split_type.get(index).is_some_and(|kind| *kind != 0) {
            let set = sets.of_node.get(index).copied().flatten().ok_or_else(|| {
                Error::malformed(format!("node {index} splits by category, but has none"))
            })?;
            return Ok(Node::Choice(Choice { feature, set, default_left, left, right }));
        }
        let threshold = self.condition[index];
        if threshold.is_nan() {
            return Err(Error::malformed(format!("node {index} splits at no number")));
        }
        Ok(Node::Split(Split { feature, threshold, default_left, left, right }))
    }

    fn leaf(&self, index: usize, value: usize) -> Result<f32, Error> {
        let values = self.values_per_leaf;
        if values <= 1 {
            return Ok(self.condition[index]);
        }
        let (column, row) = if self.leaf_weights.is_empty() {
            (&self.base_weights, Some(index))
        } else {
            (&self.leaf_weights, usize::try_from(self.right[index]).ok())
        };
        let place = row.and_then(|row| row.checked_mul(values)?.checked_add(value));
        let found = place.and_then(|place| column.get(place)).copied();
        found.ok_or_else(|| Error::malformed(format!("leaf {index} lacks its {values} values")))
    }
}

/// Sets of categories, and which node has which.
struct Sets {
    categories: Vec<u32>,
    /// The place of a node's set: start and end. Empty if no node has one.
    of_node: Vec<Option<(u32, u32)>>,
}

impl Categories {
    fn sets(&self, node_count: usize) -> Result<Sets, Error> {
        let node_count = if self.nodes.is_empty() { 0 } else { node_count };
        let mut sets = Sets { categories: Vec::new(), of_node: vec![None; node_count] };
        if [self.starts.len(), self.sizes.len()] != [self.nodes.len(); 2] {
            return Err(Error::malformed("its arrays of categories differ in length"));
        }
        for ((node, start), size) in self.nodes.iter().zip(&self.starts).zip(&self.sizes) {
            let range = self.range(*start, *size)?;
            if sets.categories.len() + range.len() > self.all.len() {
                return Err(Error::malformed("its nodes share categories"));
            }
            let slot = usize::try_from(*node).ok().and_then(|node| sets.of_node.get_mut(node));
            let slot = slot.filter(|slot| slot.is_none()).ok_or_else(|| {
                Error::malformed(format!("`categories_nodes` names node {node} wrongly"))
            })?;
            *slot = Some(push_set(&mut sets.categories, range)?);
        }
        Ok(sets)
    }

    fn range(&self, start: i32, size: i32) -> Result<&[i32], Error> {
        let bounds = usize::try_from(start).ok().zip(usize::try_from(size).ok());
        let range = bounds.and_then(|(start, size)| self.all.get(start..start.checked_add(size)?));
        range.ok_or_else(|| Error::malformed("its categories end too early"))
    }
}

/// Adds one set and gives its place.
fn push_set(all: &mut Vec<u32>, categories: &[i32]) -> Result<(u32, u32), Error> {
    let start = all.len();
    for category in categories {
        all.push(
            (*category)
                .try_into()
                .map_err(|_| Error::malformed(format!("category {category} is negative")))?,
        );
    }
    all[start..].sort_unstable();
    Ok((start as u32, all.len() as u32))
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

/// A number that XGBoost writes as text.
pub(super) fn parameter<'a, T: FromStr>(
    document: &mut impl Document<'a>,
    name: &str,
) -> Result<T, Error> {
    let at = document.offset();
    let text = document.text()?;
    let number = text.trim().parse();
    number.map_err(|_| {
        Error::malformed(format!("`{name}` is `{text}`, not a number in range")).at(at)
    })
}
