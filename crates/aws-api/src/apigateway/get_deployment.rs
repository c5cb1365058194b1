//! `GetDeployment`.

use gateway::control::deployments;
use resources::Error;
use serde::Deserialize;
use serde_json::Value;

use super::shapes::{Shown, api_summary};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    deployment_id: String,
    #[serde(default)]
    embed: Vec<String>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Value, Error> {
    let Input { rest_api_id: api, deployment_id: id, embed } = input;
    let deployment = deployments::get(&cx.gateway, api.clone(), id.clone()).await?;
    let mut shown = serde_json::to_value(Shown::created(deployment)).map_err(Error::internal)?;
    if embed.iter().any(|name| name == "apisummary") {
        let frozen = deployments::frozen(&cx.gateway, api, id).await?;
        shown["apiSummary"] = api_summary(&frozen);
    }
    Ok(shown)
}
