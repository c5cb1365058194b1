//! `UpdateDeployment`.

use gateway::{PatchOperation, control::deployments};
use resources::{Error, rest_apis::ApiDeployment};
use serde::Deserialize;

use super::shapes::Shown;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    deployment_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Shown<ApiDeployment>, Error> {
    let Input { rest_api_id, deployment_id, patch_operations } = input;
    let gateway = &cx.gateway;
    let changed = deployments::update(gateway, rest_api_id, deployment_id, patch_operations);
    changed.await.map(Shown::created)
}
