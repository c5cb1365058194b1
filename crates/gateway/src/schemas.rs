//! JSON schemas of draft 4: models, and the bodies held to them.
//!
//! A schema refers to another model by an address that only looks like one on the network; nothing
//! is ever fetched.

use std::collections::HashMap;

use jsonschema::{Draft, Retrieve, Uri, Validator};
use resources::rest_apis::ApiModel;
use serde_json::Value;

/// What the address of a model begins with; the API's id and `/models/NAME` follow.
const MODELS: &str = "https://apigateway.amazonaws.com/restapis/";

/// Holds a schema to its form. Other models that it refers to may come later.
pub(crate) fn check(schema: &str) -> Result<(), String> {
    let schema: Value = serde_json::from_str(schema)
        .map_err(|error| format!("Unable to parse model schema: {error}"))?;
    if !schema.is_object() {
        return Err("Unable to parse model schema: it is no JSON object".to_owned());
    }
    if jsonschema::draft4::meta::is_valid(&schema) {
        return Ok(());
    }
    let problem = jsonschema::draft4::meta::validate(&schema).err();
    Err(problem.map_or_else(String::new, |problem| problem.to_string()))
}

/// Compiles the schema of one model; `all` are those it may refer to.
pub(crate) fn compile(model: &ApiModel, all: &[ApiModel]) -> Result<Validator, String> {
    let schema = parsed(model).map_err(|error| error.to_string())?;
    let models: HashMap<String, Value> =
        all.iter().filter_map(|model| Some((model.name.clone(), parsed(model).ok()?))).collect();
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .with_retriever(Models(models))
        .build(&schema)
        .map_err(|error| error.to_string())
}

fn parsed(model: &ApiModel) -> serde_json::Result<Value> {
    let text = model.schema.as_deref().unwrap_or("{}");
    let mut schema: Value = serde_json::from_str(text)?;
    // The schema's own idea of its draft would make it another language than API Gateway's.
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    Ok(schema)
}

/// Models by name, found by the address of one.
struct Models(HashMap<String, Value>);

impl Retrieve for Models {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().strip_prefix(MODELS).and_then(|rest| rest.split_once("/models/"));
        let found = name.and_then(|(_, name)| self.0.get(name));
        found.cloned().ok_or_else(|| format!("`{uri}` is no model of this API").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, schema: &str) -> ApiModel {
        ApiModel {
            id: name.to_owned(),
            name: name.to_owned(),
            description: None,
            schema: Some(schema.to_owned()),
            content_type: "application/json".to_owned(),
        }
    }

    #[test]
    fn models_refer_to_each_other_and_to_nothing_else() {
        let pet = model("Pet", r#"{"type": "object", "required": ["id"]}"#);
        let of = |target: &str| {
            model("Pets", &format!(r#"{{"type": "array", "items": {{"$ref": "{target}"}}}}"#))
        };
        let pets = of("https://apigateway.amazonaws.com/restapis/a1/models/Pet");
        let validator = compile(&pets, std::slice::from_ref(&pet)).expect("it compiles");
        assert!(validator.is_valid(&serde_json::json!([{"id": 1}])));
        assert!(!validator.is_valid(&serde_json::json!([{"name": "x"}])));
        for target in ["https://example.com/schema", "file:///etc/passwd"] {
            assert!(compile(&of(target), std::slice::from_ref(&pet)).is_err(), "{target}");
        }
    }

    #[test]
    fn schemas_are_held_to_draft_4() {
        assert_eq!(check(r#"{"type": "object"}"#), Ok(()));
        for wrong in ["", "[]", "{", r#"{"type": "thing"}"#, r#"{"required": true}"#] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
