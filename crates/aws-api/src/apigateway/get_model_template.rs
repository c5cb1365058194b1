//! `GetModelTemplate`.

use gateway::control::models;
use resources::Error;
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    model_name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Output {
    value: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let value = models::template(&cx.gateway, input.rest_api_id, input.model_name).await?;
    Ok(Output { value })
}
