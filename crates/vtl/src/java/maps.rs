//! Owns the methods of `LinkedHashMap`. Its views are copies: they do not follow what is put later.

use std::rc::Rc;

use super::{Called, null_argument, size};
use crate::eval::Heap;
use crate::value::{Budget, Json, List, ListKind, Map, Value, equal};

/// Calls a method of a map.
pub(super) fn call<'d>(
    heap: &mut Heap<'d>,
    map: &Rc<Map<'d>>,
    name: &str,
    arguments: &[Value<'d>],
) -> Called<'d> {
    // Whatever it is, it looks at every entry at worst.
    heap.spend(map.len() as u64 / 16)?;
    match arguments {
        [] => without_arguments(heap, map, name),
        [key] => with_key(heap, map, name, key),
        [key, value] => with_entry(heap, map, name, (key, value)),
        _ => Ok(None),
    }
}

fn without_arguments<'d>(heap: &mut Heap<'d>, map: &Rc<Map<'d>>, name: &str) -> Called<'d> {
    match name {
        "size" => return Ok(Some(size(map.len()))),
        "isEmpty" => return Ok(Some(Value::Bool(map.is_empty()))),
        "clear" => {
            map.clear();
            return Ok(Some(Value::text("")));
        }
        _ => {}
    }
    let entries = map.entries().into_iter();
    let view = match name {
        "keySet" => entries.map(|entry| entry.0).collect(),
        "values" => entries.map(|entry| entry.1).collect(),
        "entrySet" => {
            entries.map(|(key, value)| Value::entry(key, value, Some(Rc::clone(map)))).collect()
        }
        _ => return Ok(None),
    };
    heap.build_items(map.len())?;
    Ok(Some(Value::List(Rc::new(List::new(ListKind::View, view)))))
}

fn with_key<'d>(heap: &mut Heap<'d>, map: &Rc<Map<'d>>, name: &str, key: &Value<'d>) -> Called<'d> {
    Ok(match name {
        "get" => map.get_value(key),
        "containsKey" => Some(Value::Bool(map.get_value(key).is_some())),
        "containsValue" => {
            let entries = map.borrow();
            let mut values = entries.iter().map(|entry| &entry.1);
            Some(Value::Bool(values.any(|value| equal(value, key, &mut Budget::default()))))
        }
        "remove" => map.remove(key),
        "putAll" => return put_all(heap, map, key),
        _ => None,
    })
}

fn with_entry<'d>(
    heap: &mut Heap<'d>,
    map: &Map<'d>,
    name: &str,
    (key, value): (&Value<'d>, &Value<'d>),
) -> Called<'d> {
    Ok(match name {
        "put" => {
            heap.build_items(2)?;
            map.insert(key.clone(), value.clone())
        }
        "getOrDefault" => map.get_value(key).or_else(|| Some(value.clone())),
        "putIfAbsent" => match map.get_value(key) {
            Some(known) if !known.is_null() => Some(known),
            _ => {
                heap.build_items(2)?;
                map.insert(key.clone(), value.clone());
                None
            }
        },
        "replace" => map.get_value(key).and_then(|_| map.insert(key.clone(), value.clone())),
        _ => None,
    })
}

fn put_all<'d>(heap: &mut Heap<'d>, map: &Map<'d>, other: &Value<'d>) -> Called<'d> {
    let entries: Vec<_> = match other {
        Value::Map(other) => other.entries(),
        Value::Json(Json::Object(members)) => {
            members.iter().map(|(name, value)| (Value::text(name), Value::json(value))).collect()
        }
        Value::Null => return Err(null_argument()),
        _ => return Ok(None),
    };
    heap.build_items(entries.len() * 2)?;
    for (key, value) in entries {
        heap.spend(map.len() as u64 / 16)?;
        map.insert(key, value);
    }
    Ok(Some(Value::text("")))
}
