//! `CreateRestApi`.

use gateway::control::rest_apis;
use resources::{Error, rest_apis::RestApi};
use serde_json::{Map, Value};

use super::shapes::{self, Shown, definition, refuse};
use crate::Context;

/// All members.
pub(crate) type Input = Map<String, Value>;

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Shown<RestApi>, Error> {
    refuse(&input, &["cloneFrom", "policy", "endpointAccessMode", "securityPolicy"])?;
    if input.get("description").and_then(Value::as_str) == Some("") {
        return Err(shapes::invalid("Description cannot be an empty string"));
    }
    let api = rest_apis::create(&cx.gateway, definition(input)?).await?;
    Ok(Shown::named(api))
}
