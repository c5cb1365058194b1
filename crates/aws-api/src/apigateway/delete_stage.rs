//! `DeleteStage`.

use gateway::control::stages;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    stage_name: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    stages::delete(&cx.gateway, input.rest_api_id, input.stage_name).await
}
