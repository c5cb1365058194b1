//! `GetResource`.

use gateway::control::resource_tree;
use resources::Error;
use serde::Deserialize;
use serde_json::Value;

use super::shapes::resource;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    resource_id: String,
    #[serde(default)]
    embed: Vec<String>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Value, Error> {
    let Input { rest_api_id, resource_id, embed } = input;
    let found = resource_tree::get(&cx.gateway, rest_api_id, resource_id).await?;
    Ok(resource(found, &embed))
}
