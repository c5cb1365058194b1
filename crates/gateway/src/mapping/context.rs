//! Owns `$context`: what is known of a call besides its parameters, and the way to the overrides.

use std::cell::OnceCell;
use std::fmt;

use vtl::{Json, Object, Value};

use super::overrides::{Part, Recorder};

/// What `$context` holds, as a JSON object with AWS's names: `{"stage": …, "identity": {"sourceIp": …}}`.
pub struct Context<'b> {
    json: OnceCell<Json<'b>>,
    source: &'b dyn Fn() -> Json<'b>,
}

impl<'b> Context<'b> {
    /// Made when a template first asks, which most do not.
    pub fn lazy(source: &'b dyn Fn() -> Json<'b>) -> Self {
        Self { json: OnceCell::new(), source }
    }

    pub(super) fn json(&self) -> &Json<'b> {
        self.json.get_or_init(self.source)
    }
}

fn nothing<'b>() -> Json<'b> {
    Json::Object(Vec::new())
}

impl<'b> From<Json<'b>> for Context<'b> {
    fn from(json: Json<'b>) -> Self {
        Self { json: json.into(), source: &nothing }
    }
}

/// Nothing is known.
impl Default for Context<'_> {
    fn default() -> Self {
        Self::lazy(&nothing)
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").finish_non_exhaustive()
    }
}

/// `$context`
#[derive(Debug)]
pub(super) struct Surroundings<'d, 'b> {
    pub(super) context: &'d Context<'b>,
    pub(super) recorder: &'d Recorder<'d>,
}

impl<'d, 'b: 'd> Object<'d> for Surroundings<'d, 'b> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        match name {
            "requestOverride" => Some(self.recorder.object(Part::Request)),
            "responseOverride" => Some(self.recorder.object(Part::Response)),
            _ => self.context.json().get(name).map(Value::json),
        }
    }

    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, vtl::ObjectError> {
        Ok(match (method, arguments) {
            ("get", [Value::Text(name)]) => self.property(name.as_str()),
            _ => None,
        })
    }

    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(&Value::json(self.context.json()).written(vtl::JsonLists::Json))
    }
}
