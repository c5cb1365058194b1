//! Owns Java's `equals` and `hashCode`: an Integer never equals a Long, collections compare by what
//! is in them. `==` of the language, which is more lenient, is the evaluator's.

use std::rc::Rc;

use super::{Inner, Json, ListKind, Value};

/// How much a comparison may look at; collections can hold themselves.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) left: u32,
    depth: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: 100_000, depth: 64 }
    }
}

impl Budget {
    fn step(&mut self) -> bool {
        let more = self.left > 0 && self.depth > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    fn deeper<T>(&mut self, compute: impl FnOnce(&mut Self) -> T) -> T {
        self.depth = self.depth.saturating_sub(1);
        let computed = compute(self);
        self.depth += 1;
        computed
    }
}

/// Whether Java's `a.equals(b)`; what the budget does not reach is not equal.
pub(crate) fn equal<'d>(a: &Value<'d>, b: &Value<'d>, budget: &mut Budget) -> bool {
    if !budget.step() {
        return false;
    }
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Long(a), Value::Long(b)) => a == b,
        (Value::Big(a), Value::Big(b)) => a == b,
        (Value::Double(a), Value::Double(b)) => {
            a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
        }
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Object(a), Value::Object(b)) => std::ptr::addr_eq(&raw const **a, &raw const **b),
        (Value::List(a), Value::List(b)) if Rc::ptr_eq(a, b) => true,
        (Value::Map(a), Value::Map(b)) if Rc::ptr_eq(a, b) => true,
        (Value::Inner(a), Value::Inner(b)) => inner_equal(a, b, budget),
        _ => collections_equal(a, b, budget),
    }
}

fn inner_equal<'d>(a: &Inner<'d>, b: &Inner<'d>, budget: &mut Budget) -> bool {
    match (a, b) {
        (Inner::Loop(a), Inner::Loop(b)) => Rc::ptr_eq(a, b),
        (Inner::Block(a), Inner::Block(b)) => Rc::ptr_eq(a, b),
        (Inner::Items(a), Inner::Items(b)) => Rc::ptr_eq(a, b),
        (Inner::Char(a), Inner::Char(b)) => a == b,
        (Inner::Entry(a), Inner::Entry(b)) => {
            equal(&a.key, &b.key, budget)
                && budget.deeper(|budget| equal(&a.value(), &b.value(), budget))
        }
        _ => false,
    }
}

fn collections_equal<'d>(a: &Value<'d>, b: &Value<'d>, budget: &mut Budget) -> bool {
    if is_view(a) != is_view(b) {
        return false;
    }
    if let (Some(a), Some(b)) = (items(a), items(b)) {
        return a.len() == b.len()
            && budget.deeper(|budget| a.iter().zip(&b).all(|(a, b)| equal(a, b, budget)));
    }
    if let (Some(a), Some(b)) = (entries(a), entries(b)) {
        return a.len() == b.len()
            && budget.deeper(|budget| {
                a.iter().all(|(key, value)| {
                    b.iter().any(|(other, found)| {
                        equal(key, other, budget) && equal(value, found, budget)
                    })
                })
            });
    }
    false
}

fn is_view(value: &Value<'_>) -> bool {
    matches!(value, Value::List(list) if list.kind == ListKind::View)
}

/// A copy of a list's items, whatever it is kept in.
fn items<'d>(value: &Value<'d>) -> Option<Vec<Value<'d>>> {
    match value {
        Value::List(list) => Some(list.items()),
        Value::Json(Json::Array(items)) => Some(items.iter().map(Value::json).collect()),
        _ => None,
    }
}

fn entries<'d>(value: &Value<'d>) -> Option<Vec<(Value<'d>, Value<'d>)>> {
    match value {
        Value::Map(map) => Some(map.entries()),
        Value::Json(Json::Object(members)) => Some(
            members.iter().map(|(name, value)| (Value::text(name), Value::json(value))).collect(),
        ),
        _ => None,
    }
}

/// Java's `hashCode` of text.
fn hash_text(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Java's `hashCode`; 0 for what has none that would be the same twice.
pub(crate) fn hash(value: &Value<'_>, budget: &mut Budget) -> i32 {
    if !budget.step() {
        return 0;
    }
    match value {
        Value::Bool(value) => {
            if *value {
                1231
            } else {
                1237
            }
        }
        Value::Int(value) => *value,
        Value::Long(value) => (value ^ (value >> 32)) as i32,
        Value::Double(value) => {
            let bits = value.to_bits();
            (bits ^ (bits >> 32)) as i32
        }
        Value::Text(text) => hash_text(text.as_str()),
        Value::Inner(Inner::Char(character)) => *character as i32,
        Value::Inner(Inner::Entry(entry)) => {
            let value = budget.deeper(|budget| hash(&entry.value(), budget));
            hash(&entry.key, budget) ^ value
        }
        _ => budget.deeper(|budget| hash_collection(value, budget)),
    }
}

fn hash_collection(value: &Value<'_>, budget: &mut Budget) -> i32 {
    if let Some(items) = items(value) {
        if is_view(value) {
            return items.iter().fold(0i32, |sum, item| sum.wrapping_add(hash(item, budget)));
        }
        return items
            .iter()
            .fold(1i32, |sum, item| sum.wrapping_mul(31).wrapping_add(hash(item, budget)));
    }
    let entries = entries(value).unwrap_or_default();
    entries
        .iter()
        .fold(0i32, |sum, (key, value)| sum.wrapping_add(hash(key, budget) ^ hash(value, budget)))
}
