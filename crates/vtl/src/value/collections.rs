//! Owns lists, maps, their entries and iterators, as Java's `ArrayList` and `LinkedHashMap` behave.
//! Their methods are in `java`.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use super::{Budget, Value, equal};

/// What Java would have here; it shows in what can be called and in how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// `[ … ]`, ranges, and what methods return.
    List,
    /// An array, as `split` returns it: its length is fixed.
    Array,
    /// A list of parsed JSON that was changed.
    Json,
    /// A map's keys, values or entries, which have an order but no indexes.
    View,
}

/// A list that a template may change.
#[derive(Debug)]
pub struct List<'d> {
    pub(crate) kind: ListKind,
    items: RefCell<Vec<Value<'d>>>,
}

impl<'d> List<'d> {
    pub(crate) fn new(kind: ListKind, items: Vec<Value<'d>>) -> Self {
        Self { kind, items: RefCell::new(items) }
    }

    /// A copy of the items.
    pub fn items(&self) -> Vec<Value<'d>> {
        self.items.borrow().clone()
    }

    /// The items, and the list no more.
    pub(crate) fn into_items(self) -> Vec<Value<'d>> {
        self.items.into_inner()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }

    /// One of the items.
    pub fn get(&self, index: usize) -> Option<Value<'d>> {
        self.items.borrow().get(index).cloned()
    }

    pub(crate) fn borrow(&self) -> Ref<'_, Vec<Value<'d>>> {
        self.items.borrow()
    }

    pub(crate) fn borrow_mut(&self) -> RefMut<'_, Vec<Value<'d>>> {
        self.items.borrow_mut()
    }
}

/// A map that a template may change, in the order of insertion. Lookups compare keys one by one:
/// templates have small maps, and the steps of large ones are counted.
#[derive(Debug, Default)]
pub struct Map<'d> {
    entries: RefCell<Vec<(Value<'d>, Value<'d>)>>,
    /// Whether keys that differ in the case of ASCII letters are one.
    ignores_case: bool,
}

impl<'d> Map<'d> {
    pub(crate) fn ignoring_case() -> Self {
        Self { ignores_case: true, ..Self::default() }
    }

    /// The value of a key that is text.
    pub fn get(&self, key: &str) -> Option<Value<'d>> {
        let entries = self.entries.borrow();
        let same = |name: &str| name == key || self.ignores_case && name.eq_ignore_ascii_case(key);
        let found = entries.iter().find(|(name, _)| name.as_text().is_some_and(same));
        found.map(|(_, value)| value.clone())
    }

    /// The value of any key.
    pub(crate) fn get_value(&self, key: &Value<'d>) -> Option<Value<'d>> {
        let at = self.position(key)?;
        Some(self.entries.borrow()[at].1.clone())
    }

    /// Puts a value, and returns the one that was there.
    pub fn insert(&self, key: Value<'d>, value: Value<'d>) -> Option<Value<'d>> {
        if let Some(at) = self.position(&key) {
            let mut entries = self.entries.borrow_mut();
            return Some(std::mem::replace(&mut entries[at].1, value));
        }
        self.entries.borrow_mut().push((key, value));
        None
    }

    pub(crate) fn remove(&self, key: &Value<'d>) -> Option<Value<'d>> {
        let at = self.position(key)?;
        Some(self.entries.borrow_mut().remove(at).1)
    }

    fn position(&self, key: &Value<'d>) -> Option<usize> {
        let entries = self.entries.borrow();
        let same = |name: &Value<'d>| match (name.as_text(), key.as_text()) {
            (Some(name), Some(key)) if self.ignores_case => name.eq_ignore_ascii_case(key),
            _ => equal(name, key, &mut Budget::default()),
        };
        entries.iter().position(|(name, _)| same(name))
    }

    /// A copy of the entries.
    pub fn entries(&self) -> Vec<(Value<'d>, Value<'d>)> {
        self.entries.borrow().clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    pub(crate) fn clear(&self) {
        self.entries.borrow_mut().clear();
    }

    pub(crate) fn borrow(&self) -> Ref<'_, Vec<(Value<'d>, Value<'d>)>> {
        self.entries.borrow()
    }
}

/// An entry of a map: what it was when it was taken, and the map to write to.
#[derive(Debug)]
#[doc(hidden)]
pub struct Entry<'d> {
    pub(crate) key: Value<'d>,
    value: RefCell<Value<'d>>,
    map: Option<Rc<Map<'d>>>,
}

impl<'d> Entry<'d> {
    pub(crate) fn new(key: Value<'d>, value: Value<'d>, map: Option<Rc<Map<'d>>>) -> Self {
        Self { key, value: RefCell::new(value), map }
    }

    pub(crate) fn value(&self) -> Value<'d> {
        self.value.borrow().clone()
    }

    /// Writes the entry and its map; returns the value that was there.
    pub(crate) fn set_value(&self, value: Value<'d>) -> Value<'d> {
        if let Some(map) = &self.map {
            map.insert(self.key.clone(), value.clone());
        }
        self.value.replace(value)
    }
}

/// An iterator, over what a collection held when it was made.
#[derive(Debug)]
#[doc(hidden)]
pub struct Items<'d> {
    items: Vec<Value<'d>>,
    next: Cell<usize>,
}

impl<'d> Items<'d> {
    pub(crate) fn new(items: Vec<Value<'d>>) -> Self {
        Self { items, next: Cell::new(0) }
    }

    pub(crate) fn has_next(&self) -> bool {
        self.next.get() < self.items.len()
    }

    pub(crate) fn next(&self) -> Option<Value<'d>> {
        let at = self.next.get();
        let item = self.items.get(at).cloned();
        self.next.set(at + 1);
        item
    }
}
