//! `UpdateRequestValidator`.

use gateway::{PatchOperation, control::validators};
use resources::{Error, rest_apis::RequestValidator};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    request_validator_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<RequestValidator, Error> {
    let Input { rest_api_id, request_validator_id, patch_operations } = input;
    let changed =
        validators::update(&cx.gateway, rest_api_id, request_validator_id, patch_operations);
    Ok(changed.await?.definition)
}
