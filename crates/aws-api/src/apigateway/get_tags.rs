//! `GetTags`.

use gateway::control::tags;
use resources::{Error, Tags};
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    tags: Tags,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    Ok(Output { tags: tags::get(&cx.gateway, input.resource_arn).await? })
}
