//! `UpdateStage`.

use gateway::{PatchOperation, control::stages};
use resources::Error;
use serde::Deserialize;

use super::shapes::ShownStage;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    stage_name: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<ShownStage, Error> {
    let Input { rest_api_id, stage_name, patch_operations } = input;
    let changed = stages::update(&cx.gateway, rest_api_id, stage_name, patch_operations);
    changed.await.map(ShownStage::from)
}
