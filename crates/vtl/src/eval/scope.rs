//! Owns the values that directives make: a loop's scope and a block. Entering and leaving them is
//! `blocks`' business.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::program::{BlockId, LoopProperty, Program};
use crate::value::{Inner, Map, Value};

/// `$foreach`: where a loop is, and a map for the template's own use.
#[derive(Debug)]
#[doc(hidden)]
pub struct LoopScope<'d> {
    pub(crate) index: Cell<i32>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) storage: Map<'d>,
    pub(crate) parent: Option<Rc<LoopScope<'d>>>,
    /// What `$foreach` was before, if that was no loop.
    pub(crate) replaced: Value<'d>,
}

impl<'d> LoopScope<'d> {
    pub(crate) fn new(before: Value<'d>) -> Self {
        let (parent, replaced) = match before {
            Value::Inner(Inner::Loop(parent)) => (Some(parent), Value::Null),
            other => (None, other),
        };
        Self {
            index: Cell::new(-1),
            has_next: Cell::new(false),
            storage: Map::default(),
            parent,
            replaced,
        }
    }

    /// A property that is true or false.
    #[inline]
    pub(crate) fn holds(&self, property: LoopProperty) -> Option<bool> {
        match property {
            LoopProperty::HasNext => Some(self.has_next.get()),
            LoopProperty::First => Some(self.index.get() < 1),
            LoopProperty::Last => Some(!self.has_next.get()),
            _ => None,
        }
    }

    /// What `$foreach` is again when the loop is over.
    pub(crate) fn before(&self) -> Value<'d> {
        match &self.parent {
            Some(parent) => Value::Inner(Inner::Loop(Rc::clone(parent))),
            None => self.replaced.clone(),
        }
    }

    pub(crate) fn topmost(self: &Rc<Self>) -> Rc<Self> {
        let mut top = self;
        while let Some(parent) = &top.parent {
            top = parent;
        }
        Rc::clone(top)
    }

    /// What the template stored in this loop's scope or one around it.
    pub(crate) fn stored(&self, name: &str) -> Option<Value<'d>> {
        let mut scope = Some(self);
        while let Some(current) = scope {
            if let Some(value) = current.storage.get(name) {
                return Some(value);
            }
            scope = current.parent.as_deref();
        }
        None
    }

    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// What `#define` names, and `$bodyContent` of a macro: rendered anew wherever it is written.
#[derive(Debug)]
#[doc(hidden)]
pub struct BlockValue {
    pub(crate) program: Arc<Program>,
    pub(crate) body: BlockId,
    /// How deep it is in itself, and may be: deeper it has no value.
    pub(crate) depth: Cell<usize>,
    pub(crate) depth_max: usize,
}
