//! Owns the variables that a rendering begins with. What a template sets stays in its rendering.

use std::borrow::Cow;

use crate::value::Value;

/// Variables by name. There are few, so they are kept in a list.
#[derive(Clone, Debug, Default)]
pub struct Context<'d> {
    variables: Vec<(Cow<'d, str>, Value<'d>)>,
}

impl<'d> Context<'d> {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable, which templates write with a `$` in front.
    pub fn set(&mut self, name: impl Into<Cow<'d, str>>, value: Value<'d>) {
        let name = name.into();
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.variables.push((name, value)),
        }
    }

    /// The value of a variable; null where there is none.
    pub(crate) fn value(&self, name: &str) -> Value<'d> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}
