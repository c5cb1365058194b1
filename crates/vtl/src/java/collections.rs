//! Owns going through what can be gone through: lists, maps' values, iterators, objects.

use std::borrow::Cow;
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
    Array(&'d [Json<'d>]),
    Members(&'d [(Cow<'d, str>, Json<'d>)]),
    Iterator(Rc<Items<'d>>),
    /// Values of its own, from `at` on.
    Values(std::vec::IntoIter<Value<'d>>),
}

/// The items of a value; none where it is not gone through.
pub(crate) fn items(value: Value<'_>) -> Option<ItemsOf<'_>> {
    let (source, end) = match value {
        Value::List(list) => {
            let end = list.len();
            (of_list(list), end)
        }
        Value::Map(map) => {
            let end = map.len();
            (Source::Map(map), end)
        }
        Value::Json(Json::Array(items)) => (Source::Array(items), items.len()),
        Value::Json(Json::Object(members)) => (Source::Members(members), members.len()),
        Value::Object(object) => {
            let values = object.items()?;
            let end = values.len();
            (Source::Values(values.into_iter()), end)
        }
        Value::Inner(Inner::Items(items)) => (Source::Iterator(items), usize::MAX),
        Value::Inner(Inner::Loop(scope)) => {
            let values: Vec<_> = scope.storage.entries().into_iter().map(|entry| entry.1).collect();
            let end = values.len();
            (Source::Values(values.into_iter()), end)
        }
        _ => return None,
    };
    Some(ItemsOf { source, at: 0, end })
}

/// A list that nobody else has, such as what `split` returned, cannot change on the way.
fn of_list(list: Rc<List<'_>>) -> Source<'_> {
    match Rc::try_unwrap(list) {
        Ok(list) => Source::Values(list.into_items().into_iter()),
        Err(list) => Source::List(list),
    }
}

impl ItemsOf<'_> {
    /// Whether there is a next item.
    pub(crate) fn has_next(&self) -> bool {
        let length = match &self.source {
            Source::List(list) => list.len(),
            Source::Map(map) => map.len(),
            Source::Iterator(items) => return items.has_next(),
            Source::Array(_) | Source::Members(_) | Source::Values(_) => self.end,
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
        match &mut self.source {
            Source::List(list) => list.get(at),
            Source::Map(map) => map.borrow().get(at).map(|entry| entry.1.clone()),
            Source::Array(items) => items.get(at).map(Value::json),
            Source::Members(members) => members.get(at).map(|member| Value::json(&member.1)),
            Source::Iterator(items) => items.next(),
            Source::Values(values) => values.next(),
        }
    }
}
