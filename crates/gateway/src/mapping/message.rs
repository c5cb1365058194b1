//! Owns what a caller hands to a template: borrowed, and read only where the template asks.

use std::fmt;

use super::body::Body;
use super::context::Context;
use super::overrides::Overrides;

/// Names and values in their order.
pub type Pairs<'b> = &'b [(&'b str, &'b str)];

/// Headers, read when a template first asks for one, which most do not. Their names are found
/// whatever their case.
pub trait HeaderSource: fmt::Debug {
    /// The last value of a name.
    fn last(&self, name: &str) -> Option<&str>;

    /// All of them in their order.
    fn all(&self) -> Vec<(&str, &str)>;
}

impl<const COUNT: usize> HeaderSource for [(&str, &str); COUNT] {
    fn last(&self, name: &str) -> Option<&str> {
        last_header(self, name)
    }

    fn all(&self) -> Vec<(&str, &str)> {
        self.to_vec()
    }
}

impl HeaderSource for Vec<(&str, &str)> {
    fn last(&self, name: &str) -> Option<&str> {
        last_header(self, name)
    }

    fn all(&self) -> Vec<(&str, &str)> {
        self.clone()
    }
}

fn last_header<'b>(headers: Pairs<'b>, name: &str) -> Option<&'b str> {
    let found = headers.iter().rfind(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| *value)
}

/// A request, or an integration's answer to it, as a template sees it.
#[derive(Debug, Default)]
pub struct Message<'b> {
    /// `$input.body`, `$input.json` and `$input.path`
    pub body: Body<'b>,
    /// `$input.params` and `$method.request`: of the request, for its answer as well.
    pub parameters: Parameters<'b>,
    /// `$stageVariables`
    pub stage_variables: Pairs<'b>,
    /// `$context`, but for the overrides.
    pub context: Context<'b>,
    /// What the template before this one has overridden, which `$context` shows.
    pub overridden: Overrides,
}

/// A request's parameters, decoded. Of a name that comes more than once the last value counts.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'b> {
    /// From the path, by the names that the resource gives them.
    pub path: Pairs<'b>,
    /// From the query string.
    pub query: Pairs<'b>,
    /// Headers.
    pub header: &'b dyn HeaderSource,
}

/// There are none.
impl Default for Parameters<'_> {
    fn default() -> Self {
        Self { path: &[], query: &[], header: &[] }
    }
}

impl<'b> Parameters<'b> {
    /// A parameter by its name alone: from the path, else the query, else the headers.
    pub(super) fn find(&self, name: &str) -> Option<&'b str> {
        let exact = |pairs: Pairs<'b>| pairs.iter().rfind(|(known, _)| *known == name);
        let found = exact(self.path).or_else(|| exact(self.query));
        found.map(|(_, value)| *value).or_else(|| self.header.last(name))
    }
}
