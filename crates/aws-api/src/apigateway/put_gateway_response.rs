//! `PutGatewayResponse`.

use gateway::control::gateway_responses;
use resources::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shapes::{ShownResponse, definition};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownResponse, Error> {
    let response = definition(input.members)?;
    let shown = gateway_responses::put(&cx.gateway, input.rest_api_id, response).await?;
    Ok(ShownResponse::from(shown))
}
