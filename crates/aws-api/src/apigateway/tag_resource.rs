//! `TagResource`.

use gateway::control::tags;
use resources::{Error, Tags};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: String,
    tags: Tags,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    tags::add(&cx.gateway, input.resource_arn, input.tags).await
}
