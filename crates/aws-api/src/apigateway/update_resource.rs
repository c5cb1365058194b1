//! `UpdateResource`.

use gateway::{PatchOperation, control::resource_tree};
use resources::Error;
use serde::Deserialize;
use serde_json::Value;

use super::shapes::resource;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    resource_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Value, Error> {
    let Input { rest_api_id, resource_id, patch_operations } = input;
    let gateway = &cx.gateway;
    let found = resource_tree::update(gateway, rest_api_id, resource_id, patch_operations).await?;
    Ok(resource(found, &[]))
}
