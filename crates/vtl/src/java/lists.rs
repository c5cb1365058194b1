//! Owns the methods of `ArrayList`, and of arrays, whose length is fixed.

use std::rc::Rc;

use super::{Called, null_argument, size};
use crate::eval::{Heap, Refusal};
use crate::value::{Budget, Inner, Items, List, ListKind, Value, equal};

/// Calls a method of a list.
pub(super) fn call<'d>(
    heap: &mut Heap<'d>,
    list: &Rc<List<'d>>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    let indexed = matches!(name, "get" | "set" | "indexOf" | "lastIndexOf" | "subList");
    if list.kind == ListKind::View && indexed {
        return Ok(None);
    }
    if let Some(value) = read(heap, list, name, arguments)? {
        return Ok(Some(value));
    }
    match list.kind {
        ListKind::Array => return Ok(None),
        ListKind::View => return change_view(heap, list, name, arguments),
        ListKind::List | ListKind::Json => {}
    }
    match arguments {
        [] if name == "clear" => {
            list.borrow_mut().clear();
            Ok(Some(void()))
        }
        [one] => change(heap, list, name, one),
        [Value::Int(at), item] if name == "add" => insert(heap, list, *at, item),
        _ => Ok(None),
    }
}

/// A view of ours is a copy: what would change the map through it must not seem to.
fn change_view<'d>(
    heap: &mut Heap<'d>,
    list: &List<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    match (name, arguments) {
        ("remove", [item]) if position(heap, list, item)?.is_none() => Ok(Some(Value::Bool(false))),
        ("add" | "addAll" | "clear" | "remove" | "removeAll" | "retainAll", _) => {
            let message = "a map is not changed through its keys, values or entries: call the map";
            Err(Refusal::method(message))
        }
        _ => Ok(None),
    }
}

/// What a method returns that returns nothing.
fn void<'d>() -> Value<'d> {
    Value::text("")
}

fn read<'d>(
    heap: &mut Heap<'d>,
    list: &Rc<List<'d>>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    Ok(Some(match (name, arguments) {
        ("size", []) => size(list.len()),
        ("isEmpty", []) => Value::Bool(list.is_empty()),
        ("get", [Value::Int(at)]) => {
            let items = list.borrow();
            items[checked(*at, items.len())?].clone()
        }
        ("set", [Value::Int(at), item]) => {
            let mut items = list.borrow_mut();
            let at = checked(*at, items.len())?;
            std::mem::replace(&mut items[at], item.clone())
        }
        ("contains", [item]) => Value::Bool(position(heap, list, item)?.is_some()),
        ("indexOf", [item]) => found(position(heap, list, item)?),
        ("lastIndexOf", [item]) => found(last_position(heap, list, item)?),
        ("containsAll" | "addAll" | "removeAll" | "retainAll", [Value::Null]) => {
            return Err(null_argument());
        }
        ("containsAll", [other]) => return contains_all(heap, list, other),
        ("subList", [Value::Int(from), Value::Int(to)]) => sub_list(heap, list, *from, *to)?,
        ("iterator", []) => {
            heap.build_items(list.len())?;
            Value::Inner(Inner::Items(Rc::new(Items::new(list.items()))))
        }
        ("toArray", []) => {
            heap.build_items(list.len())?;
            Value::List(Rc::new(List::new(ListKind::Array, list.items())))
        }
        _ => return Ok(None),
    }))
}

/// Methods that change the list and take one argument.
fn change<'d>(
    heap: &mut Heap<'d>,
    list: &List<'d>,
    name: &str,
    argument: &Value<'d>,
) -> Called<'d> {
    Ok(Some(match (name, argument) {
        ("add", item) => {
            heap.build_items(1)?;
            list.borrow_mut().push(item.clone());
            Value::Bool(true)
        }
        ("remove", Value::Int(at)) => {
            let at = checked(*at, list.len())?;
            heap.spend(list.len() as u64 / 64)?;
            list.borrow_mut().remove(at)
        }
        ("remove", item) => {
            let at = position(heap, list, item)?;
            Value::Bool(at.map(|at| list.borrow_mut().remove(at)).is_some())
        }
        ("addAll", other) => return add_all(heap, list, other),
        ("removeAll", other) => return retain(heap, list, other, false),
        ("retainAll", other) => return retain(heap, list, other, true),
        _ => return Ok(None),
    }))
}

/// An index that is within bounds.
pub(super) fn checked(at: i32, length: usize) -> Result<usize, Refusal> {
    usize::try_from(at)
        .ok()
        .filter(|at| *at < length)
        .ok_or_else(|| Refusal::method(format!("index {at} is out of bounds for length {length}")))
}

fn found<'d>(position: Option<usize>) -> Value<'d> {
    Value::Int(position.map_or(-1, |at| i32::try_from(at).unwrap_or(i32::MAX)))
}

fn position<'d>(
    heap: &mut Heap<'d>,
    list: &List<'d>,
    item: &Value<'d>,
) -> Result<Option<usize>, Refusal> {
    compared(heap, list)?;
    let items = list.borrow();
    Ok(items.iter().position(|other| equal(other, item, &mut Budget::default())))
}

fn last_position<'d>(
    heap: &mut Heap<'d>,
    list: &List<'d>,
    item: &Value<'d>,
) -> Result<Option<usize>, Refusal> {
    compared(heap, list)?;
    let items = list.borrow();
    Ok(items.iter().rposition(|other| equal(other, item, &mut Budget::default())))
}

/// Counts the work of comparing a list's items: more where those hold items of their own.
fn compared<'d>(heap: &mut Heap<'d>, list: &List<'d>) -> Result<(), Refusal> {
    let nested = |item: &Value<'d>| matches!(item, Value::List(_) | Value::Map(_) | Value::Json(_));
    let weight = if list.borrow().iter().any(nested) { 256 } else { 1 };
    heap.spend(list.len() as u64 * weight / 4)
}

/// The items of what Java has for a `Collection`: neither a map nor an array.
fn collection<'d>(value: &Value<'d>) -> Option<Vec<Value<'d>>> {
    match value {
        Value::List(list) if list.kind == ListKind::Array => None,
        other => other.items(),
    }
}

fn contains_all<'d>(heap: &mut Heap<'d>, list: &List<'d>, other: &Value<'d>) -> Called<'d> {
    let Some(others) = collection(other) else { return Ok(None) };
    for item in others {
        if position(heap, list, &item)?.is_none() {
            return Ok(Some(Value::Bool(false)));
        }
    }
    Ok(Some(Value::Bool(true)))
}

fn add_all<'d>(heap: &mut Heap<'d>, list: &List<'d>, other: &Value<'d>) -> Called<'d> {
    let Some(others) = collection(other) else { return Ok(None) };
    heap.build_items(others.len())?;
    let changed = !others.is_empty();
    list.borrow_mut().extend(others);
    Ok(Some(Value::Bool(changed)))
}

/// Keeps the items that `other` holds, or those it does not.
fn retain<'d>(heap: &mut Heap<'d>, list: &List<'d>, other: &Value<'d>, held: bool) -> Called<'d> {
    let Some(others) = collection(other) else { return Ok(None) };
    let others = List::new(ListKind::List, others);
    let mut kept = Vec::new();
    let before = list.items();
    for item in &before {
        if position(heap, &others, item)?.is_some() == held {
            kept.push(item.clone());
        }
    }
    let changed = kept.len() != before.len();
    *list.borrow_mut() = kept;
    Ok(Some(Value::Bool(changed)))
}

fn insert<'d>(heap: &mut Heap<'d>, list: &List<'d>, at: i32, item: &Value<'d>) -> Called<'d> {
    let length = list.len();
    let at = checked(at, length + 1)?;
    heap.build_items(1)?;
    heap.spend(length as u64 / 64)?;
    list.borrow_mut().insert(at, item.clone());
    Ok(Some(void()))
}

fn sub_list<'d>(
    heap: &mut Heap<'d>,
    list: &List<'d>,
    from: i32,
    to: i32,
) -> Result<Value<'d>, Refusal> {
    let items = list.borrow();
    let bounds = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let part = bounds.and_then(|(from, to)| items.get(from..to));
    let Some(part) = part else {
        let message = format!("{from} to {to} is out of bounds for length {}", items.len());
        return Err(Refusal::method(message));
    };
    heap.build_items(part.len())?;
    Ok(Value::list(part.iter().cloned()))
}
