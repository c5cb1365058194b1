//! `GetMethodResponse`.

use gateway::control::{MethodPlace, method_responses};
use resources::{Error, rest_apis::MethodResponse};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    status_code: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<MethodResponse, Error> {
    method_responses::get(&cx.gateway, input.place, input.status_code).await
}
