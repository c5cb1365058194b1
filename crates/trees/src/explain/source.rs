//! The trees of every library as explanations see them: nodes that ask questions and say how many
//! training rows met them, and what becomes of a value before it is asked about. Owns what is one to
//! both ways of explaining; neither's walk.

use super::question::Question;
use crate::{
    Error,
    ensemble::{Node, Tree},
    read::Contents,
    wide_ensemble::{Average, WideEnsemble, WideTree},
};

/// A tree of any library.
pub(super) trait Source {
    fn root(&self) -> i64;

    fn node(&self, number: i64) -> Result<Kind, Error>;

    /// The weight of the training rows that met a node.
    fn cover(&self, number: i64) -> Result<f64, Error>;
}

/// A node; children are numbers for [`Source::node`].
pub(super) enum Kind {
    Leaf(f64),
    Split { question: Question, feature: u32, children: [i64; 2] },
}

impl Kind {
    fn leaf(value: f64) -> Result<Self, Error> {
        if value.is_finite() {
            return Ok(Self::Leaf(value));
        }
        Err(Error::unsupported(format!("can't be explained: the value of a leaf is {value}")))
    }
}

/// Shows `visit` each tree with the group that it adds to.
pub(super) fn for_each_tree(
    contents: &Contents,
    mut visit: impl FnMut(&dyn Source, u32) -> Result<(), Error>,
) -> Result<(), Error> {
    let within = |number: usize| move |error: Error| error.within(format_args!("tree {number}"));
    match contents {
        Contents::Narrow(ensemble) => {
            for (number, tree) in ensemble.trees.iter().enumerate() {
                visit(&NarrowTree(tree), tree.group).map_err(within(number))?;
            }
        }
        Contents::Wide(ensemble) => {
            let scale = scale(ensemble);
            for (number, tree) in ensemble.trees.iter().enumerate() {
                let group = (number % ensemble.group_count()) as u32;
                let tree = ScaledTree::new(tree, scale);
                tree.and_then(|tree| visit(&tree, group)).map_err(within(number))?;
            }
        }
    }
    Ok(())
}

/// Where the sums of each group start.
pub(super) fn base_margins(contents: &Contents) -> Vec<f64> {
    match contents {
        Contents::Narrow(ensemble) => ensemble.base_margins.iter().map(|b| f64::from(*b)).collect(),
        Contents::Wide(ensemble) => {
            let scale = scale(ensemble);
            ensemble.base_margins.iter().map(|base| base * scale).collect()
        }
    }
}

/// What leaves and base margins are multiplied with.
fn scale(ensemble: &WideEnsemble) -> f64 {
    match ensemble.average {
        Average::Margins => 1.0 / ensemble.iteration_count().max(1) as f64,
        Average::Nothing | Average::Predictions => 1.0,
    }
}

struct NarrowTree<'a>(&'a Tree);

impl Source for NarrowTree<'_> {
    fn root(&self) -> i64 {
        0
    }

    fn node(&self, number: i64) -> Result<Kind, Error> {
        let Self(tree) = self;
        Ok(match &tree.nodes[number as usize] {
            Node::Leaf(value) => return Kind::leaf((*value).into()),
            Node::Split(split) => Kind::Split {
                question: Question::of_split(split),
                feature: split.feature,
                children: [split.left.into(), split.right.into()],
            },
            Node::Choice(choice) => Kind::Split {
                question: Question::of_choice(choice, &tree.categories),
                feature: choice.feature,
                children: [choice.left.into(), choice.right.into()],
            },
        })
    }

    fn cover(&self, number: i64) -> Result<f64, Error> {
        cover(&self.0.statistics.covers, number as usize)
    }
}

/// As in the tree itself, leaves have negative numbers.
struct ScaledTree<'a> {
    tree: &'a WideTree,
    scale: f64,
}

impl<'a> ScaledTree<'a> {
    fn new(tree: &'a WideTree, scale: f64) -> Result<Self, Error> {
        match tree.linear {
            Some(_) => Err(Error::unsupported("linear models in leaves can't be explained")),
            None => Ok(Self { tree, scale }),
        }
    }
}

impl Source for ScaledTree<'_> {
    fn root(&self) -> i64 {
        if self.tree.splits.is_empty() { !0 } else { 0 }
    }

    fn node(&self, number: i64) -> Result<Kind, Error> {
        let Ok(place) = usize::try_from(number) else {
            return Kind::leaf(self.tree.leaves[!number as usize] * self.scale);
        };
        let split = &self.tree.splits[place];
        Ok(Kind::Split {
            question: Question::of_test(split.test, &self.tree.words),
            feature: split.feature,
            children: [split.left.into(), split.right.into()],
        })
    }

    fn cover(&self, number: i64) -> Result<f64, Error> {
        match usize::try_from(number) {
            Ok(split) => cover(&self.tree.statistics.split_covers, split),
            Err(_) => cover(&self.tree.statistics.leaf_covers, !number as usize),
        }
    }
}

fn cover<T: Copy + Into<f64>>(covers: &[T], place: usize) -> Result<f64, Error> {
    let cover: f64 = covers.get(place).copied().map_or(f64::NAN, Into::into);
    if cover >= 0.0 && cover.is_finite() {
        return Ok(cover);
    }
    Err(Error::unsupported(
        "can't be explained: the model does not say how many training rows met each node; save it \
         anew with the library that trained it",
    ))
}

/// What a model makes of a value before it asks about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    /// Values are rounded to `f32` before they are compared.
    narrow: bool,
    /// What stands for a missing value beside `NaN`.
    missing: f64,
    /// What is no greater counts as zero.
    zero_max: f64,
}

impl Cells {
    pub(super) fn of(contents: &Contents) -> Self {
        match contents {
            Contents::Narrow(ensemble) => {
                let missing = ensemble.missing.map_or(f64::NAN, f64::from);
                Self { narrow: true, missing, zero_max: 0.0 }
            }
            Contents::Wide(ensemble) => {
                Self { narrow: false, missing: f64::NAN, zero_max: ensemble.zero_max }
            }
        }
    }

    /// What stands for values that a sparse row does not mention.
    pub(super) fn absent(self) -> f64 {
        if self.narrow { f64::NAN } else { 0.0 }
    }

    /// The value that is asked about; `NaN` if it is missing.
    #[allow(clippy::float_cmp, reason = "the marker is this very number")]
    pub(super) fn read(self, value: f64) -> f64 {
        let value = if self.narrow { f64::from(value as f32) } else { value };
        let value = if value.abs() <= self.zero_max { 0.0 } else { value };
        if value == self.missing { f64::NAN } else { value }
    }
}
