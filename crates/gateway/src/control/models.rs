//! Models: JSON schemas by name.

use resources::{
    Error,
    rest_apis::{ApiModel, ApiResource, Kept},
};

use super::{
    access::Api,
    identifiers,
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::{conflict, invalid, missing},
    template_of_model,
};
use crate::{Gateway, schemas};

const RULES: &[Rule] = &[Rule::text("/description"), Rule::text("/schema")];

/// The models that every API has: name, description, schema.
const BUILT_IN: [(&str, &str, &str); 2] = [
    (
        "Empty",
        "This is a default empty schema model",
        "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \
         \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}",
    ),
    (
        "Error",
        "This is a default error schema model",
        "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \
         \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \
         \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}",
    ),
];

/// Adds the models that every API has.
pub(crate) fn add_built_in(api: &Api<'_>) -> Result<(), Error> {
    for (name, description, schema) in BUILT_IN {
        let model = ApiModel {
            id: identifiers::short(),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            schema: Some(schema.to_owned()),
            content_type: "application/json".to_owned(),
        };
        api.add(name, model)?;
    }
    Ok(())
}

/// Adds a model to an API.
pub async fn create(
    gateway: &Gateway,
    api: String,
    model: ApiModel,
) -> Result<Kept<ApiModel>, Error> {
    gateway
        .write(api, move |api| {
            api.must_exist()?;
            check_name(&model.name)?;
            check_schema(&model)?;
            if api.find::<ApiModel>(&model.name)?.is_some() {
                return Err(conflict("Model name already exists for this REST API"));
            }
            let name = model.name.clone();
            api.add(&name, ApiModel { id: identifiers::short(), ..model })
        })
        .await
}

/// One model.
pub async fn get(gateway: &Gateway, api: String, name: String) -> Result<Kept<ApiModel>, Error> {
    gateway.read(api, move |api| found(api, &name)).await
}

/// One page of an API's models, by name.
pub async fn list(
    gateway: &Gateway,
    api: String,
    query: PageQuery,
) -> Result<Page<Kept<ApiModel>>, Error> {
    let all = gateway.read(api, |api| {
        api.must_exist()?;
        api.all::<ApiModel>()
    });
    page(all.await?, &query, |model| model.definition.name.clone())
}

/// Changes a model.
pub async fn update(
    gateway: &Gateway,
    api: String,
    name: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<ApiModel>, Error> {
    gateway
        .write(api, move |api| {
            let mut model = found(api, &name)?;
            model.definition = patched(&model.definition, &operations, RULES, Manner::Lists)?;
            check_schema(&model.definition)?;
            api.put(model)
        })
        .await
}

/// Removes a model that no method refers to.
pub async fn delete(gateway: &Gateway, api: String, name: String) -> Result<(), Error> {
    gateway
        .write(api, move |api| {
            if !api.has::<ApiModel>(&name)? {
                return Err(no_model(&name));
            }
            if let Some(place) = user_of(&api.all::<ApiResource>()?, &name) {
                let text = format!("Cannot delete model '{name}', is referenced in method {place}");
                return Err(conflict(text));
            }
            api.remove::<ApiModel>(&name).map(drop)
        })
        .await
}

/// A mapping template that writes what the model describes.
pub async fn template(gateway: &Gateway, api: String, name: String) -> Result<String, Error> {
    let (model, all) =
        gateway.read(api, move |api| Ok((found(api, &name)?, api.all::<ApiModel>()?))).await?;
    let read = |model: &ApiModel| serde_json::from_str(model.schema.as_deref().unwrap_or("{}"));
    let schema = read(&model.definition).map_err(|error| invalid(error.to_string()))?;
    let models = all.iter().map(|kept| &kept.definition);
    let models = models.filter_map(|model| Some((model.name.clone(), read(model).ok()?)));
    Ok(template_of_model::write(&schema, &models.collect()))
}

fn found(api: &Api<'_>, name: &str) -> Result<Kept<ApiModel>, Error> {
    api.find(name)?.ok_or_else(|| no_model(name))
}

fn no_model(name: &str) -> Error {
    missing(format!("Invalid model name specified: {name}"))
}

fn user_of(resources: &[Kept<ApiResource>], model: &str) -> Option<String> {
    let uses = |models: &resources::rest_apis::TextMap| models.values().any(|name| name == model);
    resources.iter().map(|kept| &kept.definition).find_map(|resource| {
        resource.resource_methods.values().find_map(|method| {
            let answers = method.method_responses.values();
            let place = format!("{}/{}", resource.path, method.http_method);
            if uses(&method.request_models) {
                return Some(format!("request: {place}"));
            }
            let answer = answers.into_iter().find(|answer| uses(&answer.response_models))?;
            Some(format!("response: {place}/{}", answer.status_code))
        })
    })
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(invalid("Model name must be non-empty"));
    }
    if name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(invalid(format!("Model name must be alphanumeric: {name}")))
}

fn check_schema(model: &ApiModel) -> Result<(), Error> {
    const NOTHING: &str = "Model schema must have at least 1 property or array items defined";
    let schema = model.schema.as_deref().unwrap_or_default();
    if schema.trim().is_empty() {
        return Err(invalid(NOTHING));
    }
    if !model.content_type.contains("json") {
        return Ok(());
    }
    schemas::check(schema).map_err(|error| {
        invalid(format!(
            "Invalid model specified: Validation Result: warnings : [], errors : [{error}]"
        ))
    })
}
