//! `CreateModel`.

use gateway::control::models;
use resources::{Error, rest_apis::ApiModel};
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

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ApiModel, Error> {
    let model = definition(input.members)?;
    Ok(models::create(&cx.gateway, input.rest_api_id, model).await?.definition)
}
