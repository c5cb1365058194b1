//! What several operations take and show.

use gateway::{
    PageQuery, PatchOperation,
    control::{Page, gateway_responses},
};
use resources::{
    Error, ErrorKind, Timestamp,
    rest_apis::{
        ApiDeployment, ApiResource, ApiSnapshot, ApiStage, GatewayResponse, Kept, RestApi,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::error::not_served;

/// An API's id and nothing else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiInput {
    pub(super) rest_api_id: String,
}

/// Which page of all APIs.
#[derive(Debug, Deserialize)]
pub(crate) struct PageInput {
    position: Option<String>,
    limit: Option<i64>,
}

/// Which page of an API's parts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiPage {
    rest_api_id: String,
    position: Option<String>,
    limit: Option<i64>,
}

/// A change of an API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiPatch {
    pub(super) rest_api_id: String,
    #[serde(default)]
    pub(super) patch_operations: Vec<PatchOperation>,
}

impl From<PageInput> for PageQuery {
    fn from(input: PageInput) -> Self {
        Self { position: input.position, limit: input.limit }
    }
}

impl ApiPage {
    pub(super) fn split(self) -> (String, PageQuery) {
        (self.rest_api_id, PageQuery { position: self.position, limit: self.limit })
    }
}

/// A definition with what the service adds to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<D> {
    id: Option<String>,
    created_date: f64,
    #[serde(flatten)]
    definition: D,
}

impl Shown<RestApi> {
    pub(super) fn named(kept: Kept<RestApi>) -> Self {
        let created_date = seconds(kept.created);
        Self { id: Some(kept.key), created_date, definition: kept.definition }
    }
}

impl Shown<ApiDeployment> {
    /// A deployment has its id among its own members.
    pub(super) fn created(kept: Kept<ApiDeployment>) -> Self {
        Self { id: None, created_date: seconds(kept.created), definition: kept.definition }
    }
}

/// A stage with what the service adds to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownStage {
    created_date: f64,
    last_updated_date: f64,
    cache_cluster_status: &'static str,
    #[serde(flatten)]
    definition: ApiStage,
}

impl From<Kept<ApiStage>> for ShownStage {
    fn from(kept: Kept<ApiStage>) -> Self {
        let enabled = kept.definition.cache_cluster_enabled;
        Self {
            created_date: seconds(kept.created),
            last_updated_date: seconds(kept.modified),
            cache_cluster_status: if enabled { "AVAILABLE" } else { "NOT_AVAILABLE" },
            definition: kept.definition,
        }
    }
}

/// A gateway response and whether it is the one that every API has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownResponse {
    default_response: bool,
    #[serde(flatten)]
    definition: GatewayResponse,
}

impl From<gateway_responses::Shown> for ShownResponse {
    fn from(shown: gateway_responses::Shown) -> Self {
        Self { default_response: shown.default, definition: shown.response }
    }
}

/// Some of a list.
#[derive(Debug, Serialize)]
pub(crate) struct ShownPage<T> {
    items: Vec<T>,
    position: Option<String>,
}

impl<T> ShownPage<T> {
    pub(super) fn of<D>(page: Page<D>, show: impl Fn(D) -> T) -> Self {
        Self { items: page.items.into_iter().map(show).collect(), position: page.position }
    }
}

/// Whole seconds, as API Gateway dates things.
fn seconds(at: Timestamp) -> f64 {
    at.epoch_seconds() as f64
}

/// The members as a definition.
pub(super) fn definition<D: DeserializeOwned>(members: Map<String, Value>) -> Result<D, Error> {
    serde_json::from_value(Value::Object(members))
        .map_err(|error| invalid(&format!("Invalid value specified: {error}")))
}

pub(super) fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// Says which of the members that are given are not served.
pub(super) fn refuse(members: &Map<String, Value>, unserved: &[&str]) -> Result<(), Error> {
    match unserved.iter().find(|name| members.contains_key(**name)) {
        Some(name) => Err(not_served(&format!("`{name}`"))),
        None => Ok(()),
    }
}

/// As [`refuse`], for the paths of a patch.
pub(super) fn refuse_paths(patch: &[PatchOperation], unserved: &[&str]) -> Result<(), Error> {
    let path = |operation: &PatchOperation| operation.path.clone().unwrap_or_default();
    match patch.iter().map(path).find(|path| unserved.contains(&path.as_str())) {
        Some(path) => Err(not_served(&format!("`{path}`"))),
        None => Ok(()),
    }
}

/// A resource; its methods by name alone unless `embed` asks for them.
pub(super) fn resource(kept: Kept<ApiResource>, embed: &[String]) -> Value {
    let resource = kept.definition;
    let mut shown = json!({
        "id": resource.id,
        "parentId": resource.parent_id,
        "pathPart": resource.path_part,
        "path": resource.path,
    });
    if !resource.resource_methods.is_empty() {
        let whole = embed.iter().any(|name| name == "methods");
        let methods = resource.resource_methods.into_iter().map(|(name, method)| {
            let shown =
                if whole { serde_json::to_value(method).unwrap_or_default() } else { json!({}) };
            (name, shown)
        });
        shown["resourceMethods"] = methods.collect::<Map<_, _>>().into();
    }
    shown
}

/// What a deployment serves, by path and method.
pub(super) fn api_summary(frozen: &ApiSnapshot) -> Value {
    let mut summary = Map::new();
    for resource in frozen.resources.iter().filter(|one| !one.resource_methods.is_empty()) {
        let methods = resource.resource_methods.iter().map(|(name, method)| {
            let shown = json!({
                "apiKeyRequired": method.api_key_required,
                "authorizationType": method.authorization_type,
            });
            (name.clone(), shown)
        });
        summary.insert(resource.path.clone(), methods.collect::<Map<_, _>>().into());
    }
    summary.into()
}
