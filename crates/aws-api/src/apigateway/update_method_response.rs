//! `UpdateMethodResponse`.

use gateway::{
    PatchOperation,
    control::{MethodPlace, method_responses},
};
use resources::{Error, rest_apis::MethodResponse};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    status_code: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<MethodResponse, Error> {
    method_responses::update(&cx.gateway, input.place, input.status_code, input.patch_operations)
        .await
}
