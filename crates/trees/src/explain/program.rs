//! Trees as explanations walk them: edges in depth-first order, each knowing what part of the training
//! rows went along it, and where on its way the same feature was asked before.

use std::collections::BTreeMap;

use super::question::Question;
use crate::{
    Error,
    ensemble::{Ensemble, Node, Tree},
    wide_ensemble::{Average, WideEnsemble, WideTree},
};

/// The most different features that one way from root to leaf may ask.
const PLAYERS_MAX: u32 = 256;
/// The most splits on one way from root to leaf.
const DEPTH_MAX: u32 = 4096;

/// A little more than all rows may go along: their weights are sums that were rounded.
const SHARE_MAX: f64 = 1.01;

/// All trees of a model.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) trees: Vec<Ways>,
    pub(super) questions: Vec<Question>,
    pub(super) edges: Vec<Edge>,
    /// The features that are asked, in order; an edge's slot is a place here.
    pub(super) features: Vec<u32>,
    /// What each group's trees answer to a row of which nothing is known.
    pub(super) expected: Vec<f64>,
}

/// One tree's edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) group: u32,
    /// The longest way from the root to a leaf.
    pub(super) depth: u32,
    /// The most different features on such a way.
    pub(super) players: u32,
}

/// The way from a split to one of its children.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// What the split asks; the way is taken on the answer `is_left`.
    pub(super) question: u32,
    pub(super) is_left: bool,
    pub(super) slot: u32,
    /// Edges from the root to this one, itself included.
    pub(super) depth: u32,
    /// The depth of the last edge above that has the same feature, or 0.
    pub(super) earlier: u32,
    /// The number of its feature among those on the way.
    pub(super) player: u32,
    /// Which part of the training rows at the split went along.
    pub(super) share: f64,
    /// The product of the shares of all edges with the same feature down to this one.
    pub(super) fraction: f64,
    /// Where it leads.
    pub(super) leaf: Option<f64>,
}

/// A tree of either kind, as building a program sees it.
trait Source {
    fn node(&self, number: i64) -> Result<Step, Error>;
    fn root(&self) -> i64;
}

/// A node; children are numbers for [`Source::node`].
struct Step {
    cover: f64,
    kind: Kind,
}

enum Kind {
    Leaf(f64),
    Split { question: Question, feature: u32, children: [i64; 2] },
}

struct NarrowTree<'a>(&'a Tree);

impl Source for NarrowTree<'_> {
    fn root(&self) -> i64 {
        0
    }

    fn node(&self, number: i64) -> Result<Step, Error> {
        let Self(tree) = self;
        let cover = cover(&tree.statistics.covers, number as usize)?;
        let kind = match &tree.nodes[number as usize] {
            Node::Leaf(value) => Kind::Leaf((*value).into()),
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
        };
        Ok(Step { cover, kind })
    }
}

/// As in the tree itself, leaves have negative numbers. Leaves are scaled.
struct ScaledTree<'a>(&'a WideTree, f64);

impl Source for ScaledTree<'_> {
    fn root(&self) -> i64 {
        if self.0.splits.is_empty() { !0 } else { 0 }
    }

    fn node(&self, number: i64) -> Result<Step, Error> {
        let Self(tree, scale) = self;
        let Ok(place) = usize::try_from(number) else {
            let leaf = !number as usize;
            let cover = cover(&tree.statistics.leaf_covers, leaf)?;
            return Ok(Step { cover, kind: Kind::Leaf(tree.leaves[leaf] * scale) });
        };
        let split = &tree.splits[place];
        let kind = Kind::Split {
            question: Question::of_test(split.test, &tree.words),
            feature: split.feature,
            children: [split.left.into(), split.right.into()],
        };
        Ok(Step { cover: cover(&tree.statistics.split_covers, place)?, kind })
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

/// Which part of the rows at a split went along to a child.
fn share(cover: f64, cover_above: f64) -> Result<f64, Error> {
    let share = if cover_above > 0.0 { cover / cover_above } else { 0.0 };
    if share <= SHARE_MAX {
        return Ok(share);
    }
    Err(Error::unsupported(format!(
        "can't be explained: {cover} training rows met a node, but only {cover_above} the split \
         above it; save the model anew with the library that trained it"
    )))
}

impl Program {
    pub(super) fn of_narrow(ensemble: &Ensemble) -> Result<Self, Error> {
        let base = ensemble.base_margins.iter().map(|base| f64::from(*base)).collect();
        let mut builder = Builder::new(base);
        for (number, tree) in ensemble.trees.iter().enumerate() {
            let added = builder.tree(&NarrowTree(tree), tree.group);
            added.map_err(|error| error.within(format_args!("tree {number}")))?;
        }
        Ok(builder.finish())
    }

    pub(super) fn of_wide(ensemble: &WideEnsemble) -> Result<Self, Error> {
        let mut builder = Builder::new(ensemble.base_margins.clone());
        let scale = match ensemble.average {
            Average::Margins => 1.0 / ensemble.iteration_count().max(1) as f64,
            Average::Nothing | Average::Predictions => 1.0,
        };
        for (number, tree) in ensemble.trees.iter().enumerate() {
            if tree.linear.is_some() {
                let message = "linear models in leaves can't be explained";
                return Err(Error::unsupported(message));
            }
            let group = (number % ensemble.group_count()) as u32;
            let added = builder.tree(&ScaledTree(tree, scale), group);
            added.map_err(|error| error.within(format_args!("tree {number}")))?;
        }
        Ok(builder.finish())
    }

    /// The edges of a tree.
    pub(super) fn edges(&self, ways: Ways) -> &[Edge] {
        &self.edges[ways.start as usize..ways.end as usize]
    }

    /// The longest way of any tree.
    pub(super) fn depth_max(&self) -> usize {
        self.trees.iter().map(|ways| ways.depth as usize).max().unwrap_or(0)
    }

    pub(super) fn byte_size(&self) -> usize {
        let questions: usize = self.questions.iter().map(Question::byte_size).sum();
        questions + size_of_val(&self.edges[..]) + size_of_val(&self.trees[..])
    }
}

struct Builder {
    program: Program,
    /// The slot of each feature; in order only when all trees are there.
    slots: BTreeMap<u32, u32>,
}

/// An edge that is still to be walked, and where it leads.
struct Pending {
    edge: Edge,
    child: i64,
    cover_above: f64,
    /// The part of all training rows that meets the split above.
    reach: f64,
}

/// What is known of a split by which the walk came down.
#[derive(Clone, Copy)]
struct Passed {
    slot: u32,
    player: u32,
    fraction: f64,
    players: u32,
}

impl Builder {
    fn new(expected: Vec<f64>) -> Self {
        Self { program: Program { expected, ..Program::default() }, slots: BTreeMap::new() }
    }

    fn tree(&mut self, tree: &impl Source, group: u32) -> Result<(), Error> {
        let start = self.program.edges.len() as u32;
        let mut ways = Ways { start, end: start, group, depth: 0, players: 0 };
        let mut pending = Vec::new();
        // What was passed on the way to the current node; its edge has the depth of its place.
        let mut passed: Vec<Passed> = Vec::new();
        let mut expected = match tree.node(tree.root())? {
            Step { kind: Kind::Leaf(value), .. } => value,
            split => self.branch(split, &mut pending, 1.0, 0),
        };
        while let Some(Pending { mut edge, child, cover_above, reach }) = pending.pop() {
            passed.truncate(edge.depth as usize - 1);
            let step = tree.node(child)?;
            edge.share = share(step.cover, cover_above)?;
            let here = locate(&mut edge, &passed);
            ways.depth = ways.depth.max(edge.depth);
            ways.players = ways.players.max(here.players);
            if here.players > PLAYERS_MAX || edge.depth > DEPTH_MAX {
                return Err(too_deep());
            }
            passed.push(here);
            let reach = reach * edge.share;
            expected += match step.kind {
                Kind::Leaf(value) => {
                    edge.leaf = Some(value);
                    value * reach
                }
                Kind::Split { .. } => self.branch(step, &mut pending, reach, edge.depth),
            };
            self.program.edges.push(edge);
        }
        ways.end = self.program.edges.len() as u32;
        self.program.expected[group as usize] += expected;
        self.program.trees.push(ways);
        Ok(())
    }

    /// Puts a split's edges on the pile; it adds nothing to the expected value itself.
    fn branch(&mut self, step: Step, pending: &mut Vec<Pending>, reach: f64, depth: u32) -> f64 {
        let Kind::Split { question, feature, children } = step.kind else { return 0.0 };
        let next = self.slots.len() as u32;
        let slot = *self.slots.entry(feature).or_insert(next);
        let number = self.program.questions.len() as u32;
        self.program.questions.push(question);
        for (child, is_left) in children.into_iter().zip([true, false]).rev() {
            let edge = Edge {
                question: number,
                is_left,
                slot,
                depth: depth + 1,
                earlier: 0,
                player: 0,
                share: 0.0,
                fraction: 0.0,
                leaf: None,
            };
            pending.push(Pending { edge, child, cover_above: step.cover, reach });
        }
        0.0
    }

    /// Puts the slots into the order of their features.
    fn finish(mut self) -> Program {
        let mut order = vec![0; self.slots.len()];
        for (place, slot) in self.slots.values().enumerate() {
            order[*slot as usize] = place as u32;
        }
        for edge in &mut self.program.edges {
            edge.slot = order[edge.slot as usize];
        }
        self.program.features = self.slots.into_keys().collect();
        self.program
    }
}

/// Fills in what the way down to an edge tells of it.
fn locate(edge: &mut Edge, passed: &[Passed]) -> Passed {
    let players = passed.last().map_or(0, |above| above.players);
    let earlier = passed.iter().rposition(|above| above.slot == edge.slot);
    if let Some(place) = earlier {
        edge.earlier = place as u32 + 1;
        edge.player = passed[place].player;
        edge.fraction = passed[place].fraction * edge.share;
    } else {
        edge.player = players;
        edge.fraction = edge.share;
    }
    let players = players + u32::from(earlier.is_none());
    Passed { slot: edge.slot, player: edge.player, fraction: edge.fraction, players }
}

fn too_deep() -> Error {
    Error::unsupported(format!(
        "can't be explained: one way from its root to a leaf has more than {DEPTH_MAX} splits or \
         {PLAYERS_MAX} features"
    ))
}
