//! Owns the compiled form of a template: nodes in flat arenas that name each other by index, names
//! resolved to numbered symbols, text in one buffer. The parser builds it; the evaluator walks it.
//! Nothing in it borrows from the template, so that a program can be kept and shared.

mod builder;
mod symbols;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use builder::{Builder, OpenBlock};
use num_bigint::BigInt;
pub(crate) use symbols::{Symbol, Symbols};

/// A range of the program's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A block of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockId(u32);

/// An expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExprId(u32);

/// A reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefId(u32);

/// A compiled template, or a compiled string of one.
#[derive(Debug)]
pub(crate) struct Program {
    text: String,
    /// The nodes of all blocks, those of a block together.
    nodes: Vec<Node>,
    blocks: Vec<Range<u32>>,
    exprs: Vec<Expr>,
    references: Vec<Reference>,
    /// What each macro is, in the order of their definition.
    pub(crate) macros: Vec<Macro>,
    /// The block that is the whole.
    pub(crate) root: BlockId,
}

impl Program {
    pub(crate) fn text(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    pub(crate) fn block(&self, id: BlockId) -> &[Node] {
        let Range { start, end } = self.blocks[id.0 as usize];
        &self.nodes[start as usize..end as usize]
    }

    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// Whether text is evaluated anywhere.
    pub(crate) fn evaluates(&self) -> bool {
        let evaluates = |node: &Node| matches!(node, Node::Directive(Directive::Evaluate { .. }));
        self.nodes.iter().any(evaluates)
    }

    /// The constants that are text.
    pub(crate) fn strings(&self) -> impl Iterator<Item = &str> {
        self.exprs.iter().filter_map(|expr| match expr {
            Expr::Constant(Constant::Text(text)) => Some(&**text),
            _ => None,
        })
    }

    pub(crate) fn reference(&self, id: RefId) -> &Reference {
        &self.references[id.0 as usize]
    }
}

/// Something that renders.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Span),
    /// A reference, and the variable's name if there is nothing else to it, as in most.
    Reference {
        name: Option<Symbol>,
        reference: RefId,
    },
    /// `name` is what a target without steps is stored as.
    Set {
        target: RefId,
        name: Symbol,
        value: ExprId,
    },
    If(Box<If>),
    Foreach(Box<Foreach>),
    Call(Box<Call>),
    Directive(Directive),
}

/// A directive that templates seldom have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Directive {
    Define {
        name: Symbol,
        body: BlockId,
        at: u32,
    },
    /// `#break`, of the loop or scope that the expression names.
    Break {
        scope: Option<ExprId>,
        at: u32,
    },
    Stop {
        at: u32,
    },
    Evaluate {
        source: ExprId,
        at: u32,
    },
    /// `#include` and `#parse`, with what they name.
    Include {
        resource: ExprId,
        at: u32,
    },
}

#[derive(Debug)]
pub(crate) struct If {
    /// Conditions and what they guard, `#if` first.
    pub(crate) branches: Box<[Branch]>,
    pub(crate) otherwise: Option<BlockId>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub(crate) condition: ExprId,
    /// What the condition asks `$foreach`, if that is all that it asks.
    pub(crate) of_loop: Option<LoopProperty>,
    pub(crate) body: BlockId,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) variable: Symbol,
    pub(crate) items: ExprId,
    pub(crate) body: BlockId,
    pub(crate) at: u32,
}

/// `#name(…)`: a macro's call, or text where there is no such macro when it is rendered.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Symbol,
    pub(crate) arguments: Box<[Argument]>,
    /// What stands in the template.
    pub(crate) literal: Span,
    /// What stands between `#@name(…)` and its `#end`.
    pub(crate) body: Option<BlockId>,
    /// A bare word among the arguments, which no macro takes.
    pub(crate) bad_argument: bool,
    pub(crate) at: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument {
    pub(crate) value: ExprId,
    pub(crate) literal: Span,
}

/// `#macro(name $parameter …) body #end`
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    pub(crate) name: Symbol,
    pub(crate) parameters: Arc<[Symbol]>,
    pub(crate) body: BlockId,
}

/// `$root.step.step`
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) kind: ReferenceKind,
    pub(crate) root: Symbol,
    pub(crate) steps: Box<[RefStep]>,
    /// What is written where there is no value: the reference as it stands, or nothing.
    pub(crate) literal: Span,
    /// Half of the backslashes in front of it.
    pub(crate) escapes: Span,
    /// A `$` or `#` in front that belongs to the text.
    pub(crate) prefix: Span,
    /// An odd number of backslashes stands in front: it is not evaluated.
    pub(crate) escaped: bool,
    /// Nothing stands in front of its `$`.
    pub(crate) bare: bool,
    /// It has a value, which is found without calling anything.
    pub(crate) seen: bool,
    pub(crate) at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReferenceKind {
    /// `$name`, whose text a macro's argument may replace.
    Plain,
    /// `${name}` and `$!name`.
    Other,
    /// `$\!name`, which is no reference but is written with one backslash less.
    Text,
    /// A name that the grammar takes for a reference, without a `$`: behind `$a#*…*#`.
    Runt,
}

#[derive(Debug)]
pub(crate) enum RefStep {
    Property { name: Span, of_loop: LoopProperty, at: u32 },
    Method { name: Span, arguments: Box<[ExprId]>, at: u32 },
    Index { index: ExprId, at: u32 },
}

/// What a property's name means to a loop's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopProperty {
    Index,
    Count,
    HasNext,
    First,
    Last,
    Parent,
    Topmost,
    Replaced,
    /// What the template stored there itself.
    Stored,
}

impl LoopProperty {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "index" => Self::Index,
            "count" => Self::Count,
            "hasNext" => Self::HasNext,
            "first" => Self::First,
            "last" => Self::Last,
            "parent" => Self::Parent,
            "topmost" => Self::Topmost,
            "replaced" => Self::Replaced,
            _ => Self::Stored,
        }
    }
}

/// Something that has a value.
#[derive(Debug)]
pub(crate) enum Expr {
    Constant(Constant),
    /// A string with references or directives; `chop` drops the last character, as Velocity puts a
    /// blank behind such a string before it reads it.
    Interpolated {
        body: BlockId,
        chop: bool,
    },
    Reference(RefId),
    Range {
        from: ExprId,
        to: ExprId,
        at: u32,
    },
    List(Box<[ExprId]>),
    Map(Box<[(ExprId, ExprId)]>),
    Not(ExprId),
    And(Box<[ExprId]>),
    Or(Box<[ExprId]>),
    /// Operators of one precedence, from left to right: a chain instead of a tree, so that a long
    /// sum is not deep.
    Chain {
        first: Operand,
        rest: Box<[Link]>,
    },
    /// A bare word among a directive's arguments.
    Word,
}

/// An operand and its text, which stands for a null one that is added to a string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    pub(crate) value: ExprId,
    pub(crate) literal: Span,
}

/// An operator and what stands to its right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
    /// The operand with the blanks around it: the text that Velocity takes for that of the whole
    /// chain up to here.
    pub(crate) spaced: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

impl Operator {
    /// Whether it makes a boolean.
    pub(crate) fn compares(self) -> bool {
        matches!(
            self,
            Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
                | Self::Equal
                | Self::NotEqual
        )
    }
}

/// A literal's value.
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    Bool(bool),
    Int(i32),
    Long(i64),
    Big(Arc<BigInt>),
    Double(f64),
    Text(Arc<str>),
}
