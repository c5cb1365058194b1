//! `DeleteRequestValidator`.

use gateway::control::validators;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    request_validator_id: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    validators::delete(&cx.gateway, input.rest_api_id, input.request_validator_id).await
}
