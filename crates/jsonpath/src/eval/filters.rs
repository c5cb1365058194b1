//! Owns conditions: what filters compare, and how. Numbers compare by value, and with text that reads
//! as one; other types that differ are not equal and have no order.

use std::cmp::Ordering;

use super::{Found, Walk};
use crate::error::Error;
use crate::node::{Kind, Node};
use crate::path::{Filter, Literal, Operator, Term};

/// A side of a comparison, evaluated.
enum Operand<'p, 'j, N> {
    /// A path that leads nowhere.
    Missing,
    Node(N),
    Scalar(Kind<'j>),
    Literal(&'p Literal),
    Nodes(Vec<N>),
    Pattern(&'p regex_lite::Regex),
}

impl<'j, N: Node<'j>> Walk<'_, N> {
    pub(super) fn holds(&mut self, filter: &Filter, node: N) -> Result<bool, Error> {
        match filter {
            Filter::And(parts) => {
                for part in parts {
                    if !self.holds(part, node)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Or(parts) => {
                for part in parts {
                    if self.holds(part, node)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::Not(inner) => Ok(!self.holds(inner, node)?),
            Filter::Exists(term) => self.exists(term, node),
            Filter::Compare { left, operator, right } => {
                let left = self.operand(left, node)?;
                let right = self.operand(right, node)?;
                // Lists are compared item by item with each other at worst.
                self.visits(1 + left.length().saturating_mul(right.length()))?;
                Ok(compare(&left, *operator, &right))
            }
        }
    }

    fn exists(&mut self, term: &Term, node: N) -> Result<bool, Error> {
        let operand = self.operand(term, node)?;
        Ok(match operand {
            Operand::Missing => false,
            Operand::Nodes(nodes) => !nodes.is_empty(),
            Operand::Literal(literal) => matches!(literal, Literal::Bool(true)),
            Operand::Node(_) | Operand::Scalar(_) | Operand::Pattern(_) => true,
        })
    }

    fn operand<'p>(&mut self, term: &'p Term, node: N) -> Result<Operand<'p, 'j, N>, Error> {
        let found = match term {
            Term::Literal(literal) => return Ok(Operand::Literal(literal)),
            Term::Pattern(regex) => return Ok(Operand::Pattern(regex)),
            Term::Current(path) => self.find(path, node)?,
            Term::Root(path) => self.find(path, self.root)?,
        };
        Ok(match found {
            Found::One(node) => Operand::Node(node),
            Found::Many(nodes) => Operand::Nodes(nodes),
            Found::Int(value) => Operand::Scalar(Kind::Int(value)),
            Found::Double(value) => Operand::Scalar(Kind::Double(value)),
            _ => Operand::Missing,
        })
    }
}

impl<'j, N: Node<'j>> Operand<'_, 'j, N> {
    fn kind(&self) -> Option<Kind<'_>> {
        match self {
            Self::Node(node) => Some(node.kind()),
            Self::Scalar(kind) => Some(*kind),
            Self::Literal(literal) => Some(literal_kind(literal)),
            Self::Nodes(nodes) => Some(Kind::Array(nodes.len())),
            Self::Missing | Self::Pattern(_) => None,
        }
    }

    /// How many items a list has; one for what is none.
    fn length(&self) -> u64 {
        match self.kind() {
            Some(Kind::Array(length)) => length as u64,
            _ => 1,
        }
    }

    /// The items of a list; none where it is no list.
    fn items(&self) -> Option<Vec<Item<'_, N>>> {
        match self {
            Self::Literal(Literal::List(items)) => Some(items.iter().map(Item::Literal).collect()),
            Self::Nodes(nodes) => Some(nodes.iter().map(|node| Item::Node(*node)).collect()),
            Self::Node(node) => match node.kind() {
                Kind::Array(length) => {
                    Some((0..length).filter_map(|at| node.item(at)).map(Item::Node).collect())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// An item of a list, wherever that is kept.
#[derive(Clone, Copy)]
enum Item<'p, N> {
    Node(N),
    Literal(&'p Literal),
}

fn literal_kind(literal: &Literal) -> Kind<'_> {
    match literal {
        Literal::Null => Kind::Null,
        Literal::Bool(value) => Kind::Bool(*value),
        Literal::Int(value) => Kind::Int(*value),
        Literal::Double(value) => Kind::Double(*value),
        Literal::Text(text) => Kind::Text(text),
        Literal::List(items) => Kind::Array(items.len()),
    }
}

fn compare<'j, N: Node<'j>>(
    left: &Operand<'_, 'j, N>,
    operator: Operator,
    right: &Operand<'_, 'j, N>,
) -> bool {
    match operator {
        Operator::Equal => equal(left, right, false),
        Operator::NotEqual => !equal(left, right, false),
        Operator::Same => equal(left, right, true),
        Operator::NotSame => !equal(left, right, true),
        Operator::Less => ordered(left, right, Ordering::is_lt),
        Operator::LessEqual => ordered(left, right, Ordering::is_le),
        Operator::Greater => ordered(left, right, Ordering::is_gt),
        Operator::GreaterEqual => ordered(left, right, Ordering::is_ge),
        Operator::Matches => matches(left, right) || matches(right, left),
        Operator::In => within(left, right) == Some(true),
        Operator::NotIn => within(left, right) != Some(true),
        Operator::Contains => contains(left, right),
        Operator::Size => {
            size(left).is_some_and(|size| right.kind().and_then(number) == Some(size as f64))
        }
        Operator::Empty => {
            size(left).is_some_and(|size| right.kind() == Some(Kind::Bool(size == 0)))
        }
        Operator::SubsetOf => all_in(left, right, |found, count| found == count),
        Operator::AnyOf => all_in(left, right, |found, _| found > 0),
        Operator::NoneOf => all_in(left, right, |found, _| found == 0),
    }
}

fn equal<'j, N: Node<'j>>(
    left: &Operand<'_, 'j, N>,
    right: &Operand<'_, 'j, N>,
    same_type: bool,
) -> bool {
    if let (Some(left), Some(right)) = (left.items(), right.items()) {
        return left.len() == right.len()
            && left.iter().zip(&right).all(|(left, right)| items_equal(*left, *right));
    }
    if let (Operand::Node(left), Operand::Node(right)) = (left, right) {
        return nodes_equal(*left, *right);
    }
    match (left.kind(), right.kind()) {
        (Some(left), Some(right)) => kinds_equal(left, right, same_type),
        (None, None) => true,
        _ => false,
    }
}

fn kinds_equal(left: Kind<'_>, right: Kind<'_>, same_type: bool) -> bool {
    match (left, right) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Bool(left), Kind::Bool(right)) => left == right,
        (Kind::Int(left), Kind::Int(right)) => left == right,
        (Kind::Text(left), Kind::Text(right)) => left == right,
        (Kind::Text(text), other) | (other, Kind::Text(text)) if !same_type => {
            number(other).is_some_and(|number| text.trim().parse() == Ok(number))
        }
        (left, right) => number(left).is_some() && number(left) == number(right),
    }
}

fn number(kind: Kind<'_>) -> Option<f64> {
    match kind {
        Kind::Int(value) => Some(value as f64),
        Kind::Double(value) => Some(value),
        _ => None,
    }
}

fn nodes_equal<'j, N: Node<'j>>(left: N, right: N) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Array(left_length), Kind::Array(right_length)) => {
            left_length == right_length
                && (0..left_length).all(|at| match (left.item(at), right.item(at)) {
                    (Some(left), Some(right)) => nodes_equal(left, right),
                    _ => false,
                })
        }
        (Kind::Object(left_length), Kind::Object(right_length)) => {
            left_length == right_length
                && left.members().all(|(name, value)| {
                    right.member(name).is_some_and(|other| nodes_equal(value, other))
                })
        }
        (left, right) => kinds_equal(left, right, false),
    }
}

fn items_equal<'j, N: Node<'j>>(left: Item<'_, N>, right: Item<'_, N>) -> bool {
    match (left, right) {
        (Item::Node(left), Item::Node(right)) => nodes_equal(left, right),
        (Item::Node(node), Item::Literal(literal)) | (Item::Literal(literal), Item::Node(node)) => {
            equal::<N>(&Operand::Node(node), &Operand::Literal(literal), false)
        }
        (Item::Literal(left), Item::Literal(right)) => {
            equal::<N>(&Operand::Literal(left), &Operand::Literal(right), false)
        }
    }
}

fn ordered<'j, N: Node<'j>>(
    left: &Operand<'_, 'j, N>,
    right: &Operand<'_, 'j, N>,
    wanted: fn(Ordering) -> bool,
) -> bool {
    let order = match (left.kind(), right.kind()) {
        (Some(Kind::Int(left)), Some(Kind::Int(right))) => Some(left.cmp(&right)),
        (Some(Kind::Text(left)), Some(Kind::Text(right))) => Some(left.cmp(right)),
        (Some(left), Some(right)) => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => None,
        },
        _ => None,
    };
    order.is_some_and(wanted)
}

fn matches<'j, N: Node<'j>>(text: &Operand<'_, 'j, N>, pattern: &Operand<'_, 'j, N>) -> bool {
    match (text.kind(), pattern) {
        (Some(Kind::Text(text)), Operand::Pattern(regex)) => regex.is_match(text),
        (Some(Kind::Int(value)), Operand::Pattern(regex)) => regex.is_match(&value.to_string()),
        (Some(Kind::Double(value)), Operand::Pattern(regex)) => regex.is_match(&value.to_string()),
        _ => false,
    }
}

fn as_item<'p, 'j, N: Node<'j>>(operand: &'p Operand<'p, 'j, N>) -> Option<Item<'p, N>> {
    match operand {
        Operand::Node(node) => Some(Item::Node(*node)),
        Operand::Literal(literal) => Some(Item::Literal(literal)),
        _ => None,
    }
}

/// Whether a list holds the value; none where there is no list or no value.
fn within<'j, N: Node<'j>>(value: &Operand<'_, 'j, N>, list: &Operand<'_, 'j, N>) -> Option<bool> {
    let value = as_item(value)?;
    let items = list.items()?;
    Some(items.into_iter().any(|item| items_equal(item, value)))
}

fn contains<'j, N: Node<'j>>(left: &Operand<'_, 'j, N>, right: &Operand<'_, 'j, N>) -> bool {
    if let (Some(Kind::Text(text)), Some(Kind::Text(part))) = (left.kind(), right.kind()) {
        return text.contains(part);
    }
    within(right, left) == Some(true)
}

fn size<'j, N: Node<'j>>(operand: &Operand<'_, 'j, N>) -> Option<usize> {
    match operand.kind()? {
        Kind::Array(length) | Kind::Object(length) => Some(length),
        Kind::Text(text) => Some(text.encode_utf16().count()),
        _ => None,
    }
}

/// Asks how many of a list's items another list holds.
fn all_in<'j, N: Node<'j>>(
    left: &Operand<'_, 'j, N>,
    right: &Operand<'_, 'j, N>,
    wanted: fn(usize, usize) -> bool,
) -> bool {
    let (Some(left), Some(right)) = (left.items(), right.items()) else {
        return false;
    };
    let held = left.iter().filter(|item| right.iter().any(|other| items_equal(**item, *other)));
    wanted(held.count(), left.len())
}
