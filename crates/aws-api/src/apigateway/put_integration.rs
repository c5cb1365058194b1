//! `PutIntegration`.

use gateway::control::{MethodPlace, integrations};
use resources::{Error, rest_apis::Integration};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shapes::{definition, refuse};
use crate::{Context, error::not_served};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(flatten)]
    members: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Integration, Error> {
    refuse(&input.members, &["connectionId", "integrationTarget"])?;
    if input.members.get("responseTransferMode").and_then(Value::as_str) == Some("STREAM") {
        return Err(not_served("`responseTransferMode` `STREAM`"));
    }
    // The place has taken the method's own name; the integration's comes under another.
    let mut members = input.members;
    if let Some(method) = members.remove("integrationHttpMethod") {
        members.insert("httpMethod".to_owned(), method);
    }
    integrations::put(&cx.gateway, input.place, definition(members)?).await
}
