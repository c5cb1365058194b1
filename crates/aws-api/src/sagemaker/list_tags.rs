//! `ListTags`.

use resources::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::tags::{self, Tag};
use crate::Context;

/// `MaxResults` is at least 50, and no resource has more tags: there is one page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_arn: String,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    tags: Vec<Tag>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    if input.next_token.is_some() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "The NextToken was not given out by this list; start again without it",
        ));
    }
    let all = hosting::tags::get(&cx.hosting, input.resource_arn).await?;
    Ok(Output { tags: tags::from_record(all) })
}
