//! A stand-in for API Gateway's objects, as much of them as the recorded cases use. The real ones are
//! the gateway's own.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use vtl::{Context, Json, Object, ObjectError, Options, Template, Value};

type Called<'d> = Result<Option<Value<'d>>, ObjectError>;

/// `$input`
#[derive(Debug)]
struct Input<'d> {
    body: &'d str,
    json: &'d Json<'d>,
    parameters: Option<&'d Json<'d>>,
}

impl<'d> Object<'d> for Input<'d> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        (name == "body").then(|| Value::text(if self.body.is_empty() { "{}" } else { self.body }))
    }

    fn call(&self, method: &str, arguments: &[Value<'d>]) -> Called<'d> {
        Ok(match (method, arguments) {
            ("path", [path]) => query(self.json, &path.to_string()).map(Value::json),
            ("json", [path]) => {
                let found = query(self.json, &path.to_string());
                Some(found.map_or_else(|| "\"\"".to_owned(), Json::to_string).into())
            }
            ("params", []) => self.parameters.map(Value::json),
            _ => None,
        })
    }
}

/// A path of names and indexes.
fn query<'j>(json: &'j Json<'j>, path: &str) -> Option<&'j Json<'j>> {
    let mut node = json;
    for step in path.strip_prefix('$')?.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
        node = match step.parse::<usize>() {
            Ok(index) => node.at(index)?,
            Err(_) => node.get(step)?,
        };
    }
    Some(node)
}

/// `$util`
#[derive(Debug)]
struct Tools;

impl<'d> Object<'d> for Tools {
    fn call(&self, method: &str, arguments: &[Value<'d>]) -> Called<'d> {
        let [argument] = arguments else { return Ok(None) };
        let text = argument.to_string();
        Ok(match method {
            "base64Encode" => Some(BASE64_STANDARD.encode(text).into()),
            "base64Decode" => {
                let bytes = BASE64_STANDARD.decode(text);
                let bytes = bytes.map_err(|error| ObjectError::new(error.to_string()))?;
                Some(String::from_utf8_lossy(&bytes).into_owned().into())
            }
            _ => None,
        })
    }

    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("")
    }
}

/// What API Gateway makes of a body: JSON if that is what it is, else text; what only begins like
/// JSON is an error, in the words of the parser that API Gateway used when it was recorded.
fn body(payload: &str) -> Result<Json<'_>, String> {
    if payload.is_empty() {
        return Ok(Json::Object(Vec::new()));
    }
    match Json::parse(payload) {
        Ok(json) => Ok(json),
        Err(_) if payload.starts_with('{') => Err(truncated(payload, "null")),
        Err(_) if payload.starts_with('[') => Err(truncated(payload, "EOF")),
        Err(_) => Ok(Json::Text(payload.into())),
    }
}

fn truncated(payload: &str, token: &str) -> String {
    let last = payload.len() - 1;
    let message = format!(
        "Could not process payloadnet.minidev.json.parser.ParseException: Unexpected End Of File position {last}: {token}"
    );
    format!(r#"{{"message": "{message}"}}"#)
}

/// Renders a template for a request's payload.
pub(crate) fn render_payload(template: &str, payload: &str) -> Result<String, String> {
    let json = body(payload)?;
    let mut context = Context::new();
    let input = Input { body: payload, json: &json, parameters: None };
    context.set("input", Value::object(input));
    context.set("util", Value::object(Tools));
    render(template, &context)
}

/// Renders a template for a case of `LocalStack`'s tests, whose context names the variables.
pub(crate) fn render_case(template: &str, case: &Json<'_>) -> Result<String, String> {
    let empty = Json::Object(Vec::new());
    let variables = case.get("variables").unwrap_or(&empty);
    let input = variables.get("input").unwrap_or(&empty);
    let text = match input.get("body") {
        Some(Json::Text(text)) => text.to_string(),
        Some(json) => json.to_string(),
        None => String::new(),
    };
    let overrides = case.get("context_overrides").unwrap_or(&empty);
    let json = body(&text)?;
    let mut context = Context::new();
    let input = Input { body: &text, json: &json, parameters: input.get("params") };
    context.set("input", Value::object(input));
    context.set("util", Value::object(Tools));
    if let Json::Object(members) = variables {
        for (name, value) in members.iter().filter(|(name, _)| name != "input") {
            context.set(name.as_ref(), Value::json(value));
        }
    }
    if let Some(Json::Object(members)) = variables.get("context") {
        let overridden = match overrides {
            Json::Object(members) => members.as_slice(),
            _ => &[],
        };
        let entries = members.iter().chain(overridden);
        context.set(
            "context",
            Value::map(entries.map(|(name, value)| (Value::text(name), Value::json(value)))),
        );
    }
    render(template, &context)
}

fn render(template: &str, context: &Context<'_>) -> Result<String, String> {
    let template =
        Template::compile(template, &Options::api_gateway()).map_err(|error| error.to_string())?;
    template.render(context).map_err(|error| error.to_string())
}

/// `LocalStack`'s tests compare leniently: as JSON, without the blanks around; of a list the first is
/// the text.
pub(crate) fn as_localstack(got: &str, wanted: &Json<'_>) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match wanted {
        Json::Text(text) => {
            got.trim() == text.trim() || json(got).is_some() && json(got) == json(text)
        }
        Json::Array(all) => all.first().is_some_and(|first| as_localstack(got, first)),
        other => json(got) == json(&other.to_string()),
    }
}
