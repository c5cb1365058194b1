//! Owns going through what can be gone through: lists, maps' values, iterators, objects.

use std::rc::Rc;

use crate::value::{Inner, Items, Json, List, Map, Value};

/// What `#foreach` goes through. A collection that grows on the way ends where it ended before.
#[derive(Debug)]
pub(crate) struct ItemsOf<'d> {
    source: Source<'d>,
    at: usize,
    end: usize,
}

#[derive(Debug)]
enum Source<'d> {
    List(Rc<List<'d>>),
    Map(Rc<Map<'d>>),
    Json(&'d Json<'d>),
    Iterator(Rc<Items<'d>>),
    Values(Vec<Value<'d>>),
}

/// The items of a value; none where it is not gone through.
pub(crate) fn items<'d>(value: &Value<'d>) -> Option<ItemsOf<'d>> {
    let (source, end) = match value {
        Value::List(list) => (Source::List(Rc::clone(list)), list.len()),
        Value::Map(map) => (Source::Map(Rc::clone(map)), map.len()),
        Value::Json(Json::Array(items)) => (json_source(value)?, items.len()),
        Value::Json(Json::Object(members)) => (json_source(value)?, members.len()),
        Value::Object(object) => {
            let values = object.items()?;
            let end = values.len();
            (Source::Values(values), end)
        }
        Value::Inner(Inner::Items(items)) => (Source::Iterator(Rc::clone(items)), usize::MAX),
        Value::Inner(Inner::Loop(scope)) => {
            let values: Vec<_> = scope.storage.entries().into_iter().map(|entry| entry.1).collect();
            let end = values.len();
            (Source::Values(values), end)
        }
        _ => return None,
    };
    Some(ItemsOf { source, at: 0, end })
}

fn json_source<'d>(value: &Value<'d>) -> Option<Source<'d>> {
    match value {
        Value::Json(json) => Some(Source::Json(json)),
        _ => None,
    }
}

impl ItemsOf<'_> {
    /// Whether there is a next item.
    pub(crate) fn has_next(&self) -> bool {
        let length = match &self.source {
            Source::List(list) => list.len(),
            Source::Map(map) => map.len(),
            Source::Iterator(items) => return items.has_next(),
            Source::Json(_) | Source::Values(_) => self.end,
        };
        self.at < self.end.min(length)
    }
}

impl<'d> Iterator for ItemsOf<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Value<'d>> {
        if self.at >= self.end {
            return None;
        }
        let at = self.at;
        self.at += 1;
        match &self.source {
            Source::List(list) => list.get(at),
            Source::Map(map) => map.borrow().get(at).map(|entry| entry.1.clone()),
            Source::Json(Json::Array(items)) => items.get(at).map(Value::json),
            Source::Json(Json::Object(members)) => {
                members.get(at).map(|member| Value::json(&member.1))
            }
            Source::Json(_) => None,
            Source::Iterator(items) => items.next(),
            Source::Values(values) => values.get(at).cloned(),
        }
    }
}
