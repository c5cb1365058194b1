//! `GetStages`.

use gateway::control::stages;
use resources::Error;
use serde::{Deserialize, Serialize};

use super::shapes::ShownStage;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    deployment_id: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    item: Vec<ShownStage>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let all = stages::list(&cx.gateway, input.rest_api_id, input.deployment_id).await?;
    Ok(Output { item: all.into_iter().map(ShownStage::from).collect() })
}
