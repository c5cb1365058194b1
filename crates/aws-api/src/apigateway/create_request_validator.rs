//! `CreateRequestValidator`.

use gateway::control::validators;
use resources::{Error, rest_apis::RequestValidator};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shapes::definition;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<RequestValidator, Error> {
    let validator = definition(input.members)?;
    Ok(validators::create(&cx.gateway, input.rest_api_id, validator).await?.definition)
}
