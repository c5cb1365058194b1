//! `PutMethod`.

use gateway::control::{MethodPlace, methods};
use resources::{Error, rest_apis::Method};
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

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Method, Error> {
    methods::put(&cx.gateway, input.place, definition(input.members)?).await
}
