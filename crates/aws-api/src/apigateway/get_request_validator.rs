//! `GetRequestValidator`.

use gateway::control::validators;
use resources::{Error, rest_apis::RequestValidator};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    request_validator_id: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<RequestValidator, Error> {
    let Input { rest_api_id, request_validator_id } = input;
    Ok(validators::get(&cx.gateway, rest_api_id, request_validator_id).await?.definition)
}
