//! `DeleteGatewayResponse`.

use gateway::control::gateway_responses;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    response_type: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    gateway_responses::delete(&cx.gateway, input.rest_api_id, input.response_type).await
}
