//! Whether a call has the parameters and the body that its method asks for.

use serde_json::Value;
use telemetry::Phase;

use super::{
    call::{Call, last, last_header},
    plan::{ParameterPlace, Required, media_type},
    way::Way,
};
use crate::refusal::{BAD_REQUEST_BODY, BAD_REQUEST_PARAMETERS, Refusal};

/// Faults of a body that the author is told of, at most.
const FAULTS_MAX: usize = 20;

/// Lets the call pass, or refuses it.
pub(crate) fn check(call: &Call<'_, '_>, way: &mut Way<'_>) -> Result<(), Refusal> {
    if call.plan.required.is_empty() && call.plan.bodies.is_none() {
        return Ok(());
    }
    way.enter(Phase::Validate);
    let missing: Vec<&str> = call
        .plan
        .required
        .iter()
        .filter(|required| !is_there(call, required))
        .map(|required| required.name.as_str())
        .collect();
    if !missing.is_empty() {
        let text = format!("Missing required request parameters: [{}]", missing.join(", "));
        return Err(Refusal::saying(&BAD_REQUEST_PARAMETERS, text));
    }
    check_body(call)
}

fn is_there(call: &Call<'_, '_>, required: &Required) -> bool {
    let (parameters, name) = (&call.parameters, required.name.as_str());
    let found = match required.place {
        ParameterPlace::Header => last_header(&parameters.header, name),
        ParameterPlace::Path => last(&parameters.path, name),
        ParameterPlace::Query => last(&parameters.query, name),
    };
    found.is_some_and(|value| !value.is_empty())
}

fn check_body(call: &Call<'_, '_>) -> Result<(), Refusal> {
    let Some(bodies) = &call.plan.bodies else { return Ok(()) };
    let given = last_header(&call.parameters.header, "content-type").unwrap_or("application/json");
    let Some((_, schema)) = bodies.get(media_type(given)) else { return Ok(()) };
    // A body of any schema at all is validated as an object when there is none.
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Err(bad_body("the body is no JSON".to_owned()));
    };
    if schema.is_valid(&body) {
        return Ok(());
    }
    let faults = schema.iter_errors(&body).take(FAULTS_MAX).map(|fault| fault.to_string());
    Err(bad_body(format!("[{}]", faults.collect::<Vec<_>>().join(", "))))
}

fn bad_body(why: String) -> Refusal {
    Refusal { validation_error: Some(why), ..Refusal::from(&BAD_REQUEST_BODY) }
}
