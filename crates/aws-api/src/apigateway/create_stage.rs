//! `CreateStage`.

use gateway::control::stages;
use resources::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shapes::{ShownStage, definition};
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownStage, Error> {
    let stage = definition(input.members)?;
    stages::create(&cx.gateway, input.rest_api_id, stage).await.map(ShownStage::from)
}
