//! Owns the compiled path.

use regex_lite::Regex;

use crate::error::Error;
use crate::eval::{self, Found};
use crate::node::Node;
use crate::options::Options;
use crate::parse;

/// A path, read once and followed often.
#[derive(Clone, Debug)]
pub struct Path {
    pub(crate) steps: Vec<Step>,
    pub(crate) function: Option<Function>,
    visits: u64,
}

impl Path {
    /// Reads a path. It begins with `$`, or with `@` for the same; without either, `$.` is meant.
    pub fn parse(text: &str, options: &Options) -> Result<Self, Error> {
        parse::path(text, options)
    }

    pub(crate) fn new(steps: Vec<Step>, function: Option<Function>, visits: u64) -> Self {
        Self { steps, function, visits }
    }

    /// Whether the path finds one value at most, and no list.
    pub fn is_definite(&self) -> bool {
        let last = self.steps.len().saturating_sub(1);
        self.steps.iter().enumerate().all(|(at, step)| step.is_definite(at == last))
    }

    /// Follows the path from `root`.
    pub fn find<'j, N: Node<'j>>(&self, root: N) -> Result<Found<'j, N>, Error> {
        self.find_within(root, &mut self.visits.clone())
    }

    /// Follows the path from `root` with an allowance of visits that many searches share, and takes
    /// what it visits off it. [`Options::visits`] does not count here.
    pub fn find_within<'j, N: Node<'j>>(
        &self,
        root: N,
        visits: &mut u64,
    ) -> Result<Found<'j, N>, Error> {
        eval::find(self, root, visits)
    }
}

/// A step from values to values.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Member(String),
    /// Several members: an object of them at the path's end, else one after the other.
    Members(Vec<String>),
    /// One item.
    Item(i64),
    Items(Vec<i64>),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
    },
    All,
    Filter(Filter),
    /// The step, from the value and all below it.
    Deep(Box<Step>),
}

impl Step {
    fn is_definite(&self, last: bool) -> bool {
        match self {
            Self::Member(_) | Self::Item(_) => true,
            Self::Members(_) => last,
            _ => false,
        }
    }
}

/// A condition on a value.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// The path finds something.
    Exists(Term),
    Compare {
        left: Term,
        operator: Operator,
        right: Term,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    /// Equal, and of one type.
    Same,
    NotSame,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Matches,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// A path from the value that is filtered.
    Current(Path),
    /// A path from the document's root.
    Root(Path),
    Literal(Literal),
    Pattern(Box<Regex>),
}

#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    List(Vec<Literal>),
}

/// What is computed from what a path found.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: FunctionName,
    pub(crate) arguments: Vec<Term>,
    pub(crate) offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FunctionName {
    Length,
    Keys,
    Min,
    Max,
    Average,
    Sum,
    Deviation,
    First,
    Last,
    Index,
    Concat,
}

impl FunctionName {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "keys" => Self::Keys,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Average,
            "sum" => Self::Sum,
            "stddev" => Self::Deviation,
            "first" => Self::First,
            "last" => Self::Last,
            "index" => Self::Index,
            "concat" => Self::Concat,
            _ => return None,
        })
    }
}
