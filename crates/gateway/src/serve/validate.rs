//! Whether a call has the parameters and the body that its method asks for.

use http::header::CONTENT_TYPE;
use jsonschema::Validator;
use serde_json::Value;
use telemetry::Phase;

use super::{
    call::{Call, last},
    plan::{ByMediaType, ParameterPlace, Required, media_type},
    way::Way,
};
use crate::refusal::{BAD_REQUEST_BODY, BAD_REQUEST_PARAMETERS, Refusal};

/// Faults of a body that the author is told of, at most.
const FAULTS_MAX: usize = 20;

/// Lets the call pass, or refuses it.
pub(crate) fn check(call: &Call<'_, '_>, way: &mut Way<'_>) -> Result<(), Refusal> {
    let missing = |required: &&Required| !is_there(call, required);
    if let Some(first) = call.plan.required.iter().position(|required| missing(&required)) {
        way.enter(Phase::Validate);
        let missing = call.plan.required[first..].iter().filter(missing);
        let names: Vec<&str> = missing.map(|required| required.name.as_str()).collect();
        let text = format!("Missing required request parameters: [{}]", names.join(", "));
        return Err(Refusal::saying(&BAD_REQUEST_PARAMETERS, text));
    }
    // To see that parameters are there takes less time than to say how long it took.
    let Some(bodies) = &call.plan.bodies else { return Ok(()) };
    way.enter(Phase::Validate);
    check_body(call, bodies)
}

fn is_there(call: &Call<'_, '_>, required: &Required) -> bool {
    let (parameters, name) = (&call.parameters, required.name.as_str());
    let is_given = |value: &str| !value.is_empty();
    match required.place {
        ParameterPlace::Header => parameters.header.last_named(name).is_some_and(|v| is_given(&v)),
        ParameterPlace::Path => last(&parameters.path, name).is_some_and(is_given),
        ParameterPlace::Query => last(&parameters.query, name).is_some_and(is_given),
    }
}

fn check_body(call: &Call<'_, '_>, bodies: &ByMediaType<Validator>) -> Result<(), Refusal> {
    let given = call.parameters.header.last(&CONTENT_TYPE);
    let given = given.as_deref().unwrap_or("application/json");
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
