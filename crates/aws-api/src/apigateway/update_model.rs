//! `UpdateModel`.

use gateway::{PatchOperation, control::models};
use resources::{Error, rest_apis::ApiModel};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    model_name: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ApiModel, Error> {
    let Input { rest_api_id, model_name, patch_operations } = input;
    let changed = models::update(&cx.gateway, rest_api_id, model_name, patch_operations);
    Ok(changed.await?.definition)
}
