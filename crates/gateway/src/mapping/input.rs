//! Owns `$input`, the body and the parameters, and `$method`, the parameters by their older name.

use std::fmt;

use vtl::{Json, JsonLists, Object, ObjectError, Value};

use super::allowance::Allowance;
use super::message::{Message, Pairs, Parameters};
use super::queries::{self, Paths};

/// `$input`
#[derive(Debug)]
pub(super) struct Input<'d, 'b> {
    pub(super) message: &'d Message<'b>,
    pub(super) paths: &'d Paths,
    pub(super) allowance: &'d Allowance,
}

impl<'d, 'b: 'd> Input<'d, 'b> {
    fn json(&self) -> Result<&'d Json<'d>, ObjectError> {
        self.message.body.json().map_err(ObjectError::new)
    }

    fn path(&self, path: &Value<'_>) -> Result<Option<Value<'d>>, ObjectError> {
        let text = path.written(JsonLists::Json);
        Ok(queries::value(self.paths.find(&text, self.json()?, self.allowance)?))
    }

    fn json_of(&self, path: &Value<'_>) -> Result<Option<Value<'d>>, ObjectError> {
        let text = path.written(JsonLists::Json);
        let found = self.paths.find(&text, self.json()?, self.allowance)?;
        let text = queries::json_text(found);
        self.allowance.spend(text.len())?;
        Ok(Some(text.into()))
    }
}

impl<'d, 'b: 'd> Object<'d> for Input<'d, 'b> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        let text = self.message.body.text();
        (name == "body").then(|| Value::text(if text.is_empty() { "{}" } else { text }))
    }

    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        match (method, arguments) {
            ("path", [path]) => self.path(path),
            ("json", [path]) => self.json_of(path),
            ("params", []) => Ok(Some(parameters(&self.message.parameters))),
            ("params", [name]) => {
                let name = name.written(JsonLists::Json);
                Ok(self.message.parameters.find(&name).map(Value::text))
            }
            _ => Ok(None),
        }
    }
}

/// `$input.params()`
pub(super) fn parameters<'d>(parameters: &Parameters<'d>) -> Value<'d> {
    Value::map([
        ("path".into(), map(parameters.path)),
        ("querystring".into(), map(parameters.query)),
        ("header".into(), Value::map_ignoring_case(entries(parameters.header.all()))),
    ])
}

/// Pairs as a map.
pub(super) fn map(pairs: Pairs<'_>) -> Value<'_> {
    Value::map(entries(pairs.iter().copied()))
}

fn entries<'d>(
    pairs: impl IntoIterator<Item = (&'d str, &'d str)>,
) -> impl Iterator<Item = (Value<'d>, Value<'d>)> {
    pairs.into_iter().map(|(name, value)| (Value::text(name), Value::text(value)))
}

/// `$method`
#[derive(Debug)]
pub(super) struct Method<'d, 'b>(pub(super) &'d Message<'b>);

impl<'d, 'b: 'd> Object<'d> for Method<'d, 'b> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        match name {
            "request" => Some(parameters(&self.0.parameters)),
            "httpMethod" => self.0.context.json().get("httpMethod").map(Value::json),
            _ => None,
        }
    }

    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self.property("httpMethod") {
            Some(method) => out.write_str(&method.written(JsonLists::Json)),
            None => Ok(()),
        }
    }
}
