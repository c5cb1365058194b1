//! `GetModel`.

use gateway::control::models;
use resources::{Error, rest_apis::ApiModel};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    model_name: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ApiModel, Error> {
    Ok(models::get(&cx.gateway, input.rest_api_id, input.model_name).await?.definition)
}
