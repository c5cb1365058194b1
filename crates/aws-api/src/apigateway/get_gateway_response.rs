//! `GetGatewayResponse`.

use gateway::control::gateway_responses;
use resources::Error;
use serde::Deserialize;

use super::shapes::ShownResponse;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    response_type: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownResponse, Error> {
    let Input { rest_api_id, response_type } = input;
    let shown = gateway_responses::get(&cx.gateway, rest_api_id, response_type).await?;
    Ok(ShownResponse::from(shown))
}
