//! Owns the variables that a rendering begins with. What a template sets stays in its rendering.

use std::borrow::Cow;

use crate::value::Value;

/// What a rendering begins with. It asks once for each variable that the template names, so that what
/// no template names need not be made.
///
/// ```
/// use vtl::{Options, Template, Value, Variables};
///
/// struct Environment;
///
/// impl<'d> Variables<'d> for Environment {
///     fn variable(&self, name: &str) -> Option<Value<'d>> {
///         std::env::var(name).ok().map(Value::from)
///     }
/// }
///
/// let template = Template::compile("$nowhere_to_be_found", &Options::velocity_1_7())?;
/// assert_eq!(template.render(&Environment)?, "$nowhere_to_be_found");
/// # Ok::<(), vtl::Error>(())
/// ```
pub trait Variables<'d> {
    /// The value of a variable; none where there is none.
    fn variable(&self, name: &str) -> Option<Value<'d>>;
}

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
}

impl<'d> Variables<'d> for Context<'d> {
    fn variable(&self, name: &str) -> Option<Value<'d>> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}
