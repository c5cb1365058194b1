//! `CreateResource`.

use gateway::control::resource_tree;
use resources::{Error, rest_apis::ApiResource};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    parent_id: String,
    path_part: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ApiResource, Error> {
    let Input { rest_api_id, parent_id, path_part } = input;
    let resource = resource_tree::create(&cx.gateway, rest_api_id, parent_id, path_part).await?;
    Ok(resource.definition)
}
