//! `UpdateIntegration`.

use gateway::{
    PatchOperation,
    control::{MethodPlace, integrations},
};
use resources::{Error, rest_apis::Integration};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Integration, Error> {
    integrations::update(&cx.gateway, input.place, input.patch_operations).await
}
