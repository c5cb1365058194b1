//! Trees as explanations walk them: edges in depth-first order, each knowing what part of the training
//! rows went along it, and where on its way the same feature was asked before.

use std::collections::BTreeMap;

use super::{
    question::Question,
    source::{Kind, Source, base_margins, for_each_tree},
};
use crate::{Error, read::Contents};

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
    pub(super) fn new(contents: &Contents) -> Result<Self, Error> {
        let mut builder = Builder::new(base_margins(contents));
        for_each_tree(contents, |tree, group| builder.tree(tree, group))?;
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
    above: Above,
}

/// The split from which an edge leads.
#[derive(Clone, Copy)]
struct Above {
    cover: f64,
    /// The part of all training rows that meets it.
    reach: f64,
    depth: u32,
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

    fn tree(&mut self, tree: &dyn Source, group: u32) -> Result<(), Error> {
        let start = self.program.edges.len() as u32;
        let mut ways = Ways { start, end: start, group, depth: 0, players: 0 };
        let mut pending = Vec::new();
        // What was passed on the way to the current node; its edge has the depth of its place.
        let mut passed: Vec<Passed> = Vec::new();
        let root = Above { cover: tree.cover(tree.root())?, reach: 1.0, depth: 0 };
        let mut expected = match tree.node(tree.root())? {
            Kind::Leaf(value) => value,
            split @ Kind::Split { .. } => self.branch(split, &mut pending, root),
        };
        while let Some(Pending { mut edge, child, above }) = pending.pop() {
            passed.truncate(above.depth as usize);
            let cover = tree.cover(child)?;
            edge.share = share(cover, above.cover)?;
            let here = locate(&mut edge, &passed);
            ways.depth = ways.depth.max(edge.depth);
            ways.players = ways.players.max(here.players);
            if here.players > PLAYERS_MAX || edge.depth > DEPTH_MAX {
                return Err(too_deep());
            }
            passed.push(here);
            let reach = above.reach * edge.share;
            expected += match tree.node(child)? {
                Kind::Leaf(value) => {
                    edge.leaf = Some(value);
                    value * reach
                }
                split @ Kind::Split { .. } => {
                    self.branch(split, &mut pending, Above { cover, reach, depth: edge.depth })
                }
            };
            self.program.edges.push(edge);
        }
        ways.end = self.program.edges.len() as u32;
        self.program.expected[group as usize] += expected;
        self.program.trees.push(ways);
        Ok(())
    }

    /// Puts a split's edges on the pile; it adds nothing to the expected value itself.
    fn branch(&mut self, split: Kind, pending: &mut Vec<Pending>, above: Above) -> f64 {
        let Kind::Split { question, feature, children } = split else { return 0.0 };
        let next = self.slots.len() as u32;
        let slot = *self.slots.entry(feature).or_insert(next);
        let number = self.program.questions.len() as u32;
        self.program.questions.push(question);
        for (child, is_left) in children.into_iter().zip([true, false]).rev() {
            let edge = Edge {
                question: number,
                is_left,
                slot,
                depth: above.depth + 1,
                earlier: 0,
                player: 0,
                share: 0.0,
                fraction: 0.0,
                leaf: None,
            };
            pending.push(Pending { edge, child, above });
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
