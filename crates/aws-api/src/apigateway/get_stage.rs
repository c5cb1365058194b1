//! `GetStage`.

use gateway::control::stages;
use resources::Error;
use serde::Deserialize;

use super::shapes::ShownStage;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    stage_name: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownStage, Error> {
    let Input { rest_api_id, stage_name } = input;
    stages::get(&cx.gateway, rest_api_id, stage_name).await.map(ShownStage::from)
}
