//! Owns looking: following a reference through values that stay where they are. Most references end
//! so, at a variable, at a member of parsed JSON or at a loop's `hasNext`, and are written or asked
//! for their truth without a copy. What takes more than looking is `references`' business.

use std::cell::OnceCell;

use crate::java;
use crate::program::{Constant, Expr, Program, RefStep};
use crate::value::{Inner, Json, Value};

/// A value, seen where it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'v, 'd> {
    /// It has a place among the variables, or in the hand of whoever looks.
    Value(&'v Value<'d>),
    /// It is a node of parsed JSON.
    Json(&'d Json<'d>),
    Nothing,
}

/// Holds a value that was made while looking, such as an object's property.
pub(super) type Hand<'d> = OnceCell<Value<'d>>;

/// Follows `steps` from `root` as far as looking goes; returns the steps that are left.
#[inline]
pub(super) fn look<'v, 'p, 'd>(
    program: &Program,
    root: &'v Value<'d>,
    steps: &'p [RefStep],
    hand: &'v Hand<'d>,
) -> (Seen<'v, 'd>, &'p [RefStep]) {
    let seen = Seen::of(root);
    if steps.is_empty() { (seen, steps) } else { follow(program, seen, steps, hand) }
}

fn follow<'v, 'p, 'd>(
    program: &Program,
    mut seen: Seen<'v, 'd>,
    steps: &'p [RefStep],
    hand: &'v Hand<'d>,
) -> (Seen<'v, 'd>, &'p [RefStep]) {
    let mut rest = steps;
    while let [step, behind @ ..] = rest {
        let next = match seen {
            Seen::Json(json) => in_json(program, json, step),
            Seen::Value(value) => in_value(program, value, step, hand),
            Seen::Nothing => return (seen, &[]),
        };
        let Some(next) = next else { break };
        seen = next;
        rest = behind;
    }
    (seen, rest)
}

impl<'v, 'd> Seen<'v, 'd> {
    #[inline]
    fn of(value: &'v Value<'d>) -> Self {
        match value {
            Value::Json(json) => Self::Json(json),
            Value::Null => Self::Nothing,
            value => Self::Value(value),
        }
    }

    #[inline]
    fn of_json(json: Option<&'d Json<'d>>) -> Self {
        match json {
            None | Some(Json::Null) => Self::Nothing,
            Some(json) => Self::Json(json),
        }
    }

    /// A copy that can be kept.
    #[inline]
    pub(super) fn to_value(self) -> Value<'d> {
        match self {
            Self::Value(value) => value.clone(),
            Self::Json(json) => Value::json(json),
            Self::Nothing => Value::Null,
        }
    }
}

#[inline]
fn in_json<'v, 'd>(program: &Program, json: &'d Json<'d>, step: &RefStep) -> Option<Seen<'v, 'd>> {
    match (json, step) {
        (Json::Object(_), RefStep::Property { name, .. }) => {
            Some(Seen::of_json(json.get(program.text(*name))))
        }
        (Json::Array(items), RefStep::Index { index, .. }) => {
            let Expr::Constant(Constant::Int(at)) = program.expr(*index) else { return None };
            // What is out of bounds is refused where it is called.
            items.get(usize::try_from(*at).ok()?).map(|item| Seen::of_json(Some(item)))
        }
        _ => None,
    }
}

#[inline]
fn in_value<'v, 'd>(
    program: &Program,
    value: &Value<'d>,
    step: &RefStep,
    hand: &'v Hand<'d>,
) -> Option<Seen<'v, 'd>> {
    let RefStep::Property { name, of_loop, .. } = step else { return None };
    let name = program.text(*name);
    if hand.get().is_some() {
        return None;
    }
    let property = match value {
        Value::Inner(Inner::Loop(scope)) => java::of_loop(scope, *of_loop, name),
        Value::Object(object) => object.property(name).unwrap_or_default(),
        _ => return None,
    };
    Some(Seen::of(hand.get_or_init(|| property)))
}
