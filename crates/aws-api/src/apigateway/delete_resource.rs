//! `DeleteResource`.

use gateway::control::resource_tree;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    resource_id: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    resource_tree::delete(&cx.gateway, input.rest_api_id, input.resource_id).await
}
