//! `DeleteDeployment`.

use gateway::control::deployments;
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    deployment_id: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    deployments::delete(&cx.gateway, input.rest_api_id, input.deployment_id).await
}
