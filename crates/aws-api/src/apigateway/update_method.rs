//! `UpdateMethod`.

use gateway::{
    PatchOperation,
    control::{MethodPlace, methods},
};
use resources::{Error, rest_apis::Method};
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

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Method, Error> {
    methods::update(&cx.gateway, input.place, input.patch_operations).await
}
