//! What a parameter mapping's source is worth in a call.

use std::borrow::Cow;

use jsonpath::{Found, Options, Path};
use serde_json::Value;

use super::{
    call::{Pairs, Parameters, last},
    context::View,
};
use crate::parameters::Source;

/// Where the values of a call's request come from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) view: View<'a>,
    /// Of the request, or with the headers of the answer instead.
    pub(crate) parameters: &'a Parameters<'a>,
    pub(crate) body: &'a [u8],
}

impl Sources<'_> {
    /// The value; none if it is not there.
    pub(crate) fn value(&self, source: &Source) -> Option<String> {
        let Parameters { path, query, header } = self.parameters;
        match source {
            Source::Static(text) => Some(text.clone()),
            Source::Path(name) => last(path, name).map(str::to_owned),
            Source::Query(name) => last(query, name).map(str::to_owned),
            Source::Queries(name) => all(query, |known| known == name),
            Source::Header(name) => header.last_named(name).map(Cow::into_owned),
            Source::Headers(name) => all(&header.all(), |known| known.eq_ignore_ascii_case(name)),
            Source::Body(None) => {
                let text = String::from_utf8_lossy(self.body).into_owned();
                (!text.is_empty()).then_some(text)
            }
            Source::Body(Some(path)) => of_body(self.body, path),
            Source::StageVariable(name) => {
                last(self.view.surroundings.variables, name).map(str::to_owned)
            }
            Source::Context(name) => self.view.text(name),
        }
    }
}

fn all(pairs: &Pairs<'_>, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let found: Vec<&str> =
        pairs.iter().filter(|(name, _)| wanted(name)).map(|(_, value)| &**value).collect();
    (!found.is_empty()).then(|| found.join(","))
}

fn of_body(body: &[u8], path: &str) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let path = Path::parse(path, &Options::jayway()).ok()?;
    match path.find(&json).ok()? {
        Found::One(Value::String(text)) => Some(text.clone()),
        Found::One(Value::Null) => None,
        Found::One(value) => Some(value.to_string()),
        Found::Many(values) => serde_json::to_string(&values).ok(),
        Found::Int(number) => Some(number.to_string()),
        _ => None,
    }
}
