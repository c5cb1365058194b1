//! `GetResources`.

use gateway::control::{PageQuery, resource_tree};
use resources::Error;
use serde::Deserialize;
use serde_json::Value;

use super::shapes::{ShownPage, resource};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    #[serde(default)]
    embed: Vec<String>,
    position: Option<String>,
    limit: Option<i64>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownPage<Value>, Error> {
    let Input { rest_api_id, embed, position, limit } = input;
    let query = PageQuery { position, limit };
    let page = resource_tree::list(&cx.gateway, rest_api_id, query).await?;
    Ok(ShownPage::of(page, |kept| resource(kept, &embed)))
}
