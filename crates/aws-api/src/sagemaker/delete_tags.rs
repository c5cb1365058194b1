//! `DeleteTags`.

use resources::Error;
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    hosting::tags::delete(&cx.hosting, input.resource_arn, input.tag_keys).await?;
    Ok(Output {})
}
