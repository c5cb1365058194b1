//! `GetIntegration`.

use gateway::control::{MethodPlace, integrations};
use resources::{Error, rest_apis::Integration};
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Integration, Error> {
    integrations::get(&cx.gateway, input.place).await
}
