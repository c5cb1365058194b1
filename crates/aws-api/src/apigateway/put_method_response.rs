//! `PutMethodResponse`.

use gateway::control::{MethodPlace, method_responses};
use resources::{Error, rest_apis::MethodResponse};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shapes::definition;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(flatten)]
    members: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<MethodResponse, Error> {
    method_responses::put(&cx.gateway, input.place, definition(input.members)?).await
}
