//! `UpdateGatewayResponse`.

use gateway::{PatchOperation, control::gateway_responses};
use resources::Error;
use serde::Deserialize;

use super::shapes::ShownResponse;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    response_type: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownResponse, Error> {
    let Input { rest_api_id, response_type, patch_operations } = input;
    let gateway = &cx.gateway;
    let shown =
        gateway_responses::update(gateway, rest_api_id, response_type, patch_operations).await?;
    Ok(ShownResponse::from(shown))
}
