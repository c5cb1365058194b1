//! `AddTags`.

use resources::Error;
use serde::{Deserialize, Serialize};

use super::tags::{self, Tag};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    tags: Vec<Tag>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let added = tags::into_record(input.tags);
    let all = hosting::tags::add(&cx.hosting, input.resource_arn, added).await?;
    Ok(Output { tags: tags::from_record(all) })
}
