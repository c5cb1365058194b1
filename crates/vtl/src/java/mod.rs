//! Owns what Java gives templates: properties and methods of strings, numbers, lists, maps and what
//! directives make. A call that no method takes has no value; one that a method refuses is an error.
//! There is no reflection: `class` is a property of nothing.

mod collections;
mod lists;
mod maps;
mod numbers;
mod regex;
mod strings;
mod texts;

use std::rc::Rc;

pub(crate) use collections::{ItemsOf, items};
pub(crate) use numbers::{arithmetic, compare, int_value};
pub(crate) use regex::Regex;

use crate::error::ErrorKind;
use crate::eval::{Heap, LoopScope, Refusal};
use crate::program::LoopProperty;
use crate::value::{Budget, Entry, Inner, Items, Json, ListKind, ObjectError, Value, equal, hash};

/// A call's value; none where there is no such method.
pub(crate) type Called<'d> = Result<Option<Value<'d>>, Refusal>;

/// `$value.name`; null where there is no such property.
pub(crate) fn property<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    name: &str,
) -> Result<Value<'d>, Refusal> {
    // The commonest are answered at once: a value that is handed on from hand to hand is copied.
    match of {
        Value::Json(json) => {
            return Ok(match json.get(name) {
                Some(member) => Value::json(member),
                None => Value::Null,
            });
        }
        Value::Inner(Inner::Loop(scope)) => return Ok(loop_property(scope, name)),
        _ => {}
    }
    let found = match of {
        Value::Map(map) => {
            heap.spend(map.len() as u64 / 16)?;
            map.get(name)
        }
        Value::Object(object) => object.property(name),
        Value::Inner(Inner::Entry(entry)) => match name {
            "key" => Some(entry.key.clone()),
            "value" => Some(entry.value()),
            _ => None,
        },
        _ => bean_property(heap, of, name)?,
    };
    Ok(found.unwrap_or_default())
}

/// Properties that Java finds by a method's name.
fn bean_property<'d>(heap: &mut Heap<'d>, of: &Value<'d>, name: &str) -> Called<'d> {
    match (of, name) {
        (Value::Text(_) | Value::List(_), "empty") => call(heap, of, "isEmpty", &[]),
        (Value::Text(_), "blank") => call(heap, of, "isBlank", &[]),
        (Value::Double(_), "naN") => call(heap, of, "isNaN", &[]),
        (Value::Double(_), "infinite") => call(heap, of, "isInfinite", &[]),
        _ => Ok(None),
    }
}

/// A property of `$foreach`.
fn loop_property<'d>(scope: &Rc<LoopScope<'d>>, name: &str) -> Value<'d> {
    of_loop(scope, LoopProperty::of(name), name)
}

/// A property of `$foreach` whose name was looked at before.
pub(crate) fn of_loop<'d>(
    scope: &Rc<LoopScope<'d>>,
    property: LoopProperty,
    name: &str,
) -> Value<'d> {
    if let Some(holds) = scope.holds(property) {
        return Value::Bool(holds);
    }
    match property {
        LoopProperty::Index => Value::Int(scope.index.get()),
        LoopProperty::Count => Value::Int(scope.index.get() + 1),
        LoopProperty::Parent => match &scope.parent {
            Some(parent) => Value::Inner(Inner::Loop(Rc::clone(parent))),
            None => Value::Null,
        },
        LoopProperty::Topmost => Value::Inner(Inner::Loop(scope.topmost())),
        LoopProperty::Replaced => scope.topmost().replaced.clone(),
        _ => scope.stored(name).unwrap_or_default(),
    }
}

/// `$value[index]`
pub(crate) fn index<'d>(heap: &mut Heap<'d>, of: &Value<'d>, index: Value<'d>) -> Called<'d> {
    match (of, &index) {
        (Value::Json(Json::Array(items)), Value::Int(at @ 0..)) => {
            let at = lists::checked(*at, items.len())?;
            return Ok(Some(Value::json(&items[at])));
        }
        (Value::Json(json @ Json::Object(_)), Value::Text(name)) => {
            return property(heap, &Value::Json(json), name.as_str()).map(Some);
        }
        _ => {}
    }
    let index = from_end(heap, of, index)?;
    call(heap, of, "get", &[index])
}

/// A negative index counts from the end, which there must be.
fn from_end<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    index: Value<'d>,
) -> Result<Value<'d>, Refusal> {
    let Value::Int(at @ ..0) = index else {
        return Ok(index);
    };
    match call(heap, of, "size", &[])? {
        Some(Value::Int(size)) => Ok(Value::Int(size.saturating_add(at))),
        _ => {
            Err(Refusal::method(format!("the index {at} counts from the end of what has no size")))
        }
    }
}

/// `#set( $value.name = … )`
pub(crate) fn set_property<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    name: &str,
    value: Value<'d>,
) -> Result<(), Refusal> {
    match of {
        Value::Object(object) => {
            object.set_property(name, value).map_err(|error| of_object(&error))?;
        }
        Value::Inner(Inner::Entry(entry)) if name == "value" => {
            entry.set_value(value);
        }
        Value::Inner(Inner::Loop(scope)) => {
            scope.storage.insert(String::from(name).into(), value);
        }
        _ => {
            let name = String::from(name).into();
            call(heap, of, "put", &[name, value])?;
        }
    }
    Ok(())
}

/// `#set( $value[index] = … )`
pub(crate) fn set_index<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    index: Value<'d>,
    value: Value<'d>,
) -> Result<(), Refusal> {
    let arguments = [from_end(heap, of, index)?, value];
    if call(heap, of, "set", &arguments)?.is_none() {
        call(heap, of, "put", &arguments)?;
    }
    Ok(())
}

/// `$value.name( … )`
pub(crate) fn call<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    if let Value::Object(object) = of {
        return object.call(name, arguments).map_err(|error| of_object(&error));
    }
    if let Some(value) = of_any(heap, of, name, arguments)? {
        return Ok(Some(value));
    }
    match of {
        Value::Text(text) => strings::call(heap, text, name, arguments),
        Value::List(list) => lists::call(heap, list, name, arguments),
        Value::Map(map) => maps::call(heap, map, name, arguments),
        Value::Json(json) => on_json(heap, json, name, arguments),
        Value::Bool(value) => numbers::call_bool(heap, *value, name, arguments),
        Value::Int(_) | Value::Long(_) | Value::Big(_) | Value::Double(_) => {
            numbers::call(heap, of, name, arguments)
        }
        Value::Inner(inner) => on_inner(inner, name, arguments),
        Value::Null | Value::Object(_) => Ok(None),
    }
}

/// An object of the caller's failed.
fn of_object(error: &ObjectError) -> Refusal {
    Refusal { kind: ErrorKind::Object, message: error.to_string() }
}

/// Methods of every Java object, but for those of the caller's.
fn of_any<'d>(
    heap: &mut Heap<'d>,
    of: &Value<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    let budget = &mut Budget::default();
    Ok(Some(match (name, arguments) {
        ("toString", []) => heap.text(of)?.into(),
        ("equals", [other]) => Value::Bool(equal(of, other, budget)),
        ("hashCode", []) => Value::Int(hash(of, budget)),
        // What compares does so with its own class, and refuses any other.
        ("compareTo", [other]) if comparable(of) && !same_type(of, other) => {
            return Err(Refusal::method("only values of one class are compared"));
        }
        _ => return Ok(None),
    }))
}

/// Borrowed JSON: what is read is read in place; anything else is called on a copy that stands for
/// the original from now on.
fn on_json<'d>(
    heap: &mut Heap<'d>,
    json: &'d Json<'d>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    match (json, name, arguments) {
        (Json::Array(items), "size", []) => return Ok(Some(size(items.len()))),
        (Json::Array(items), "isEmpty", []) => return Ok(Some(Value::Bool(items.is_empty()))),
        (Json::Array(items), "get", [Value::Int(at)]) => {
            return lists::checked(*at, items.len()).map(|at| Some(Value::json(&items[at])));
        }
        (Json::Object(members), "size", []) => return Ok(Some(size(members.len()))),
        (Json::Object(members), "isEmpty", []) => return Ok(Some(Value::Bool(members.is_empty()))),
        (Json::Object(members), "get" | "containsKey", [Value::Text(key)]) => {
            heap.spend(members.len() as u64 / 16)?;
            let found = json.get(key.as_str());
            let contained = name == "containsKey";
            return Ok(if contained {
                Some(Value::Bool(found.is_some()))
            } else {
                found.map(Value::json)
            });
        }
        _ => {}
    }
    let count = match json {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len() * 2,
        _ => 0,
    };
    heap.build_items(count)?;
    match heap.overlay.own(json) {
        Value::List(list) => lists::call(heap, &list, name, arguments),
        Value::Map(map) => maps::call(heap, &map, name, arguments),
        _ => Ok(None),
    }
}

fn on_inner<'d>(inner: &Inner<'d>, name: &str, arguments: &[Value<'d>]) -> Called<'d> {
    Ok(match inner {
        Inner::Entry(entry) => on_entry(entry, name, arguments),
        Inner::Items(items) => return on_items(items, name, arguments),
        Inner::Loop(scope) => match (name, arguments) {
            ("hasNext", []) => Some(loop_property(scope, "hasNext")),
            ("isFirst", []) => Some(loop_property(scope, "first")),
            ("isLast", []) => Some(loop_property(scope, "last")),
            ("get", [Value::Text(key)]) => scope.stored(key.as_str()),
            ("put", [key, value]) => scope.storage.insert(key.clone(), value.clone()),
            (_, []) => getter(name).map(|name| loop_property(scope, &name)),
            _ => None,
        },
        Inner::Char(character) => on_char(*character, name, arguments),
        Inner::Block(_) => None,
    })
}

/// Methods of `Character`, of which Java finds those without an object, too.
fn on_char<'d>(character: char, name: &str, arguments: &[Value<'d>]) -> Option<Value<'d>> {
    let other = match arguments {
        [] if name == "charValue" => return Some(Value::Inner(Inner::Char(character))),
        [Value::Inner(Inner::Char(other))] => *other,
        _ => return None,
    };
    let only = |mapped: Option<char>| Value::Inner(Inner::Char(mapped.unwrap_or(other)));
    Some(match name {
        "compareTo" => Value::Int(character as i32 - other as i32),
        "isDigit" => Value::Bool(other.is_ascii_digit()),
        "isLetter" => Value::Bool(other.is_alphabetic()),
        "isLetterOrDigit" => Value::Bool(other.is_alphanumeric()),
        "isWhitespace" => Value::Bool(other.is_whitespace()),
        "isUpperCase" => Value::Bool(other.is_uppercase()),
        "isLowerCase" => Value::Bool(other.is_lowercase()),
        "toUpperCase" => only(other.to_uppercase().next()),
        "toLowerCase" => only(other.to_lowercase().next()),
        _ => return None,
    })
}

/// The property that `getName` gets.
fn getter(method: &str) -> Option<String> {
    let name = method.strip_prefix("get")?;
    let first = name.chars().next()?;
    Some(first.to_lowercase().chain(name.chars().skip(1)).collect())
}

fn on_entry<'d>(entry: &Entry<'d>, name: &str, arguments: &[Value<'d>]) -> Option<Value<'d>> {
    match (name, arguments) {
        ("getKey", []) => Some(entry.key.clone()),
        ("getValue", []) => Some(entry.value()),
        ("setValue", [value]) => Some(entry.set_value(value.clone())),
        _ => None,
    }
}

fn on_items<'d>(items: &Items<'d>, name: &str, arguments: &[Value<'d>]) -> Called<'d> {
    match (name, arguments) {
        ("hasNext", []) => Ok(Some(Value::Bool(items.has_next()))),
        ("next", []) => match items.next() {
            Some(item) => Ok(Some(item)),
            None => Err(Refusal::method("there is no next item: ask `hasNext()` first")),
        },
        _ => Ok(None),
    }
}

/// A size as Java has it.
fn size<'d>(length: usize) -> Value<'d> {
    Value::Int(i32::try_from(length).unwrap_or(i32::MAX))
}

/// Whether Java compares the two by `equals`, because one's class is the other's.
pub(crate) fn same_class(left: &Value<'_>, right: &Value<'_>) -> bool {
    class(left) == class(right)
}

fn comparable(value: &Value<'_>) -> bool {
    value.is_number()
        || matches!(value, Value::Text(_) | Value::Bool(_) | Value::Inner(Inner::Char(_)))
}

fn same_type<'d>(left: &Value<'d>, right: &Value<'d>) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}

fn class(value: &Value<'_>) -> u8 {
    match value {
        Value::List(list) if list.kind == ListKind::Array => 1,
        Value::List(list) if list.kind == ListKind::View => 9,
        Value::List(_) | Value::Json(Json::Array(_)) => 2,
        Value::Map(_) | Value::Json(_) => 3,
        Value::Text(_) => 4,
        Value::Bool(_) => 5,
        Value::Object(_) => 6,
        Value::Inner(_) => 7,
        _ => 8,
    }
}

/// Text among a method's arguments: null is refused, and what is no text finds no such method.
fn text_of<'v>(value: &'v Value<'_>) -> Result<Option<&'v str>, Refusal> {
    match value {
        Value::Text(text) => Ok(Some(text.as_str())),
        Value::Null => Err(null_argument()),
        _ => Ok(None),
    }
}

fn null_argument() -> Refusal {
    Refusal::method("an argument is null")
}
