//! The mapping template that a model stands for: it writes each property of the schema from the
//! one of its name in the body.

use std::{collections::HashMap, fmt::Write as _};

use serde_json::{Map, Value};

/// Levels of a schema that are written out.
const DEPTH_MAX: usize = 16;
/// Bytes from which on nothing more is written out: models that refer to each other have no end.
const BYTES_MAX: usize = 64 * 1024;

/// The template for what `schema` describes; `models` are those that it may refer to, by name.
pub(crate) fn write(schema: &Value, models: &HashMap<String, Value>) -> String {
    let out = String::from("#set($inputRoot = $input.path('$'))\n");
    let mut writer = Writer { out, models };
    writer.value(schema, "$inputRoot", 0);
    writer.out
}

/// A template while it is written.
struct Writer<'m> {
    out: String,
    models: &'m HashMap<String, Value>,
}

impl Writer<'_> {
    fn value(&mut self, schema: &Value, at: &str, depth: usize) {
        if depth > DEPTH_MAX || self.out.len() > BYTES_MAX {
            self.out.push_str("{}");
            return;
        }
        if let Some(model) = referred(schema).and_then(|name| self.models.get(name)) {
            return self.value(model, at, depth + 1);
        }
        match kind_of(schema) {
            "object" => self.object(schema["properties"].as_object(), at, depth),
            "array" => self.array(&schema["items"], at, depth),
            "string" => {
                let _ = write!(self.out, "\"{at}\"");
            }
            _ => self.out.push_str(at),
        }
    }

    fn object(&mut self, properties: Option<&Map<String, Value>>, at: &str, depth: usize) {
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
            self.out.push_str("{ }");
            return;
        };
        let indent = "  ".repeat(depth + 1);
        self.out.push('{');
        for (number, (name, schema)) in properties.iter().enumerate() {
            self.out.push_str(if number == 0 { "\n" } else { ",\n" });
            let _ = write!(self.out, "{indent}\"{name}\" : ");
            self.value(schema, &format!("{at}.{name}"), depth + 1);
        }
        let _ = write!(self.out, "\n{}}}", "  ".repeat(depth));
    }

    fn array(&mut self, items: &Value, at: &str, depth: usize) {
        let element = if depth == 0 { "$elem".to_owned() } else { format!("$elem{depth}") };
        let indent = "  ".repeat(depth + 1);
        let _ = write!(self.out, "[\n#foreach({element} in {at})\n{indent}");
        self.value(items, &element, depth + 1);
        let end = "  ".repeat(depth);
        let _ = write!(self.out, "#if($foreach.hasNext),#end\n\n#end\n{end}]");
    }
}

/// The model that a schema refers to, as in
/// `https://apigateway.amazonaws.com/restapis/{api}/models/{name}`.
fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit_once("/models/").map(|(_, name)| name)
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
        let template =
            Template::compile(&write(&schema, &HashMap::new())).expect("a legal template");
        let message = Message { body: Body::new(body), ..Message::default() };
        let rendered = template.render(&message).expect("it renders").body;
        let expect: Value = serde_json::from_str(body).expect("JSON");
        let found: Value = serde_json::from_str(&rendered).expect(&rendered);
        assert_eq!(found, expect);
    }
    /// Models without end are cut off, and the template is legal all the same.
    #[test]
    fn a_model_may_refer_to_others_and_to_itself() {
        let to = |name: &str| json!({ "$ref": format!("https://x/restapis/a/models/{name}") });
        let leaf = json!({"type": "object", "properties": {"id": {"type": "string"}}});
        let endless = json!({"type": "object", "properties": {
            "Leaf": to("Leaf"), "a": to("Endless"), "b": to("Endless"), "c": to("Endless"),
        }});
        let models =
            HashMap::from([("Leaf".to_owned(), leaf), ("Endless".to_owned(), endless.clone())]);
        let text = write(&json!({"type": "array", "items": to("Leaf")}), &models);
        assert!(text.contains(r#""id" : "$elem.id""#), "{text}");
        let text = write(&endless, &models);
        assert!(text.contains(r#""id" : "$inputRoot.Leaf.id""#), "{text}");
        assert!(text.len() < 4 * BYTES_MAX, "{}", text.len());
        Template::compile(&text).expect("a legal template");
    }
}
