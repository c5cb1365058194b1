//! The mapping template that a model stands for: it writes each property of the schema from the
//! one of its name in the body.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Levels of a schema that are written out.
const DEPTH_MAX: usize = 16;

/// The template for what `schema` describes.
pub(crate) fn write(schema: &Value) -> String {
    let mut out = String::from("#set($inputRoot = $input.path('$'))\n");
    value(&mut out, schema, "$inputRoot", 0);
    out
}

fn value(out: &mut String, schema: &Value, at: &str, depth: usize) {
    if depth > DEPTH_MAX {
        out.push_str("{}");
        return;
    }
    match kind_of(schema) {
        "object" => object(out, schema["properties"].as_object(), at, depth),
        "array" => array(out, &schema["items"], at, depth),
        "string" => {
            out.push('"');
            out.push_str(at);
            out.push('"');
        }
        _ => out.push_str(at),
    }
}

/// A schema without a type is what its keywords are for.
fn kind_of(schema: &Value) -> &str {
    match schema["type"].as_str() {
        Some(kind) => kind,
        None if schema["properties"].is_object() => "object",
        None if schema["items"].is_object() => "array",
        None => "any",
    }
}

fn object(out: &mut String, properties: Option<&Map<String, Value>>, at: &str, depth: usize) {
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
        out.push_str("{ }");
        return;
    };
    let indent = "  ".repeat(depth + 1);
    out.push('{');
    for (number, (name, schema)) in properties.iter().enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        let _ = write!(out, "{indent}\"{name}\" : ");
        value(out, schema, &format!("{at}.{name}"), depth + 1);
    }
    let _ = write!(out, "\n{}}}", "  ".repeat(depth));
}

fn array(out: &mut String, items: &Value, at: &str, depth: usize) {
    let element = if depth == 0 { "$elem".to_owned() } else { format!("$elem{depth}") };
    let _ = write!(out, "[\n#foreach({element} in {at})\n{}", "  ".repeat(depth + 1));
    value(out, items, &element, depth + 1);
    let _ = write!(out, "#if($foreach.hasNext),#end\n\n#end\n{}]", "  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::{Body, Message, Template};

    /// The template is legal, and writes the body again.
    #[test]
    fn a_template_writes_what_its_model_describes() {
        let schema = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        }});
        let body = r#"{"name": "Ada", "age": 36, "tags": ["a", "b"], "home": {"city": "London"}}"#;
        let template = Template::compile(&write(&schema)).expect("a legal template");
        let message = Message { body: Body::new(body), ..Message::default() };
        let rendered = template.render(&message).expect("it renders").body;
        let expect: Value = serde_json::from_str(body).expect("JSON");
        let found: Value = serde_json::from_str(&rendered).expect(&rendered);
        assert_eq!(found, expect);
    }
}
