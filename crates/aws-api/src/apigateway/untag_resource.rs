//! `UntagResource`.

use gateway::control::tags;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    tags::remove(&cx.gateway, input.resource_arn, input.tag_keys).await
}
