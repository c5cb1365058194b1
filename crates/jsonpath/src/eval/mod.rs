//! Owns following paths. Filters are in `filters`, functions in `functions`.

mod filters;
mod functions;

use crate::error::{Error, ErrorKind};
use crate::node::{Kind, Node};
use crate::path::{Path, Step};

/// How deep a document is followed; deeper ones come from no parser with limits.
const DEPTH_MAX: usize = 256;

/// What a path found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Found<'j, N> {
    /// A definite path that leads nowhere.
    Nothing,
    /// The value of a definite path.
    One(N),
    /// The values of a path that is not definite.
    Many(Vec<N>),
    /// Some of an object's members: `$['a','b']`.
    Members(Vec<(String, N)>),
    /// What `length()` computed.
    Int(i64),
    /// What `sum()` and its like computed.
    Double(f64),
    /// What `concat()` computed.
    Text(String),
    /// What `keys()` computed.
    Texts(Vec<&'j str>),
    /// What a function computed for each of several values.
    Each(Vec<Found<'j, N>>),
}

/// Follows a path.
pub(crate) fn find<'j, N: Node<'j>>(
    path: &Path,
    root: N,
    visits: &mut u64,
) -> Result<Found<'j, N>, Error> {
    Walk { root, visits }.find(path, root)
}

/// One search: the document's root, and how many values it may still visit.
struct Walk<'v, N> {
    root: N,
    visits: &'v mut u64,
}

impl<'j, N: Node<'j>> Walk<'_, N> {
    fn find(&mut self, path: &Path, from: N) -> Result<Found<'j, N>, Error> {
        if let Some(function) = &path.function {
            return self.function(path, function, from);
        }
        if let Some(found) = self.straight(&path.steps, from)? {
            return Ok(found);
        }
        self.values(path, from)
    }

    /// The common case, a path of names and indexes: followed without gathering anything. None where
    /// it is another case.
    fn straight(&mut self, steps: &[Step], from: N) -> Result<Option<Found<'j, N>>, Error> {
        let single = |step: &Step| matches!(step, Step::Member(_) | Step::Item(_));
        if !steps.iter().all(single) {
            return Ok(None);
        }
        let mut node = from;
        for step in steps {
            self.visits(weight(node))?;
            let next = match step {
                Step::Member(name) => node.member(name),
                Step::Item(index) => item(node, *index),
                _ => None,
            };
            let Some(next) = next else { return Ok(Some(Found::Nothing)) };
            node = next;
        }
        Ok(Some(Found::One(node)))
    }

    /// What the path finds before its function.
    fn values(&mut self, path: &Path, from: N) -> Result<Found<'j, N>, Error> {
        if path.is_definite()
            && let Some((Step::Members(names), before)) = path.steps.split_last()
        {
            let owner = self.nodes(before, from)?.pop();
            return Ok(owner.map_or(Found::Nothing, |owner| some_members(names, owner)));
        }
        let mut nodes = self.nodes(&path.steps, from)?;
        Ok(if path.is_definite() {
            nodes.pop().map_or(Found::Nothing, Found::One)
        } else {
            Found::Many(nodes)
        })
    }

    fn nodes(&mut self, steps: &[Step], from: N) -> Result<Vec<N>, Error> {
        let mut nodes = vec![from];
        for step in steps {
            let mut next = Vec::new();
            for node in nodes {
                self.take(step, node, &mut next)?;
            }
            nodes = next;
        }
        Ok(nodes)
    }

    fn visit(&mut self) -> Result<(), Error> {
        self.visits(1)
    }

    fn visits(&mut self, count: u64) -> Result<(), Error> {
        let left = self.visits.checked_sub(count);
        *self.visits =
            left.ok_or_else(|| Error::new(ErrorKind::Limit, 0, "the path visits too many values"))?;
        Ok(())
    }

    /// Takes a step from a value.
    fn take(&mut self, step: &Step, node: N, out: &mut Vec<N>) -> Result<(), Error> {
        self.visits(weight(node))?;
        match step {
            Step::Member(name) => out.extend(node.member(name)),
            Step::Members(names) => out.extend(names.iter().filter_map(|name| node.member(name))),
            Step::Item(index) => out.extend(item(node, *index)),
            Step::Items(indexes) => {
                out.extend(indexes.iter().filter_map(|index| item(node, *index)));
            }
            Step::Slice { from, to } => {
                for at in slice(node, *from, *to) {
                    self.visit()?;
                    out.extend(node.item(at));
                }
            }
            Step::All => self.children(node, out)?,
            Step::Filter(filter) => {
                for candidate in candidates(node) {
                    self.visit()?;
                    if self.holds(filter, candidate)? {
                        out.push(candidate);
                    }
                }
            }
            Step::Deep(step) => self.deep(step, node, 0, out)?,
        }
        Ok(())
    }

    fn children(&mut self, node: N, out: &mut Vec<N>) -> Result<(), Error> {
        let before = out.len();
        match node.kind() {
            Kind::Array(length) => out.extend((0..length).filter_map(|at| node.item(at))),
            _ => out.extend(node.members().map(|member| member.1)),
        }
        for _ in before..out.len() {
            self.visit()?;
        }
        Ok(())
    }

    /// Takes a step from a value and from all below it, the upper ones first.
    fn deep(&mut self, step: &Step, node: N, depth: usize, out: &mut Vec<N>) -> Result<(), Error> {
        if depth == DEPTH_MAX {
            let message = format!("the document is nested more than {DEPTH_MAX} levels deep");
            return Err(Error::new(ErrorKind::Limit, 0, message));
        }
        self.take(step, node, out)?;
        let mut children = Vec::new();
        self.children(node, &mut children)?;
        for child in children {
            if matches!(child.kind(), Kind::Array(_) | Kind::Object(_)) {
                self.deep(step, child, depth + 1, out)?;
            }
        }
        Ok(())
    }
}

/// What it costs to look at a value: a member is looked for among all of an object's.
fn weight<'j, N: Node<'j>>(node: N) -> u64 {
    match node.kind() {
        Kind::Object(length) => 1 + length as u64 / 16,
        _ => 1,
    }
}

fn some_members<'j, N: Node<'j>>(names: &[String], owner: N) -> Found<'j, N> {
    if !matches!(owner.kind(), Kind::Object(_)) {
        return Found::Nothing;
    }
    let found = names.iter().filter_map(|name| Some((name.clone(), owner.member(name)?)));
    Found::Members(found.collect())
}

/// What a filter chooses from: an array's items, or the object itself.
fn candidates<'j, N: Node<'j>>(node: N) -> Vec<N> {
    match node.kind() {
        Kind::Array(length) => (0..length).filter_map(|at| node.item(at)).collect(),
        Kind::Object(_) => vec![node],
        _ => Vec::new(),
    }
}

/// An item, counted from the end if the index is negative.
fn item<'j, N: Node<'j>>(node: N, index: i64) -> Option<N> {
    let Kind::Array(length) = node.kind() else {
        return None;
    };
    node.item(position(index, length)?)
}

fn position(index: i64, length: usize) -> Option<usize> {
    let at = if index < 0 { index.checked_add_unsigned(length as u64)? } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn slice<'j, N: Node<'j>>(node: N, from: Option<i64>, to: Option<i64>) -> std::ops::Range<usize> {
    let Kind::Array(length) = node.kind() else {
        return 0..0;
    };
    let bound = |index: i64| {
        let at =
            if index < 0 { index.saturating_add_unsigned(length as u64).max(0) } else { index };
        usize::try_from(at).map_or(length, |at| at.min(length))
    };
    let from = from.map_or(0, bound);
    from..to.map_or(length, bound).max(from)
}
