//! `DeleteMethodResponse`.

use gateway::control::{MethodPlace, method_responses};
use resources::Error;
use serde::Deserialize;

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    status_code: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<(), Error> {
    method_responses::delete(&cx.gateway, input.place, input.status_code).await
}
