//! `GetMethod`.

use gateway::control::{MethodPlace, methods};
use resources::{Error, rest_apis::Method};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Method, Error> {
    methods::get(&cx.gateway, input.place).await
}
