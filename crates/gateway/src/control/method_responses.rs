//! Method responses: what a method can answer.

use resources::{Error, rest_apis::MethodResponse};

use super::{
    access::{Api, MethodPlace},
    integration_rules::bad_parameter,
    patch::{Form, Manner, PatchOperation, Rule, patched},
    refusals::{conflict, no_response},
};
use crate::{
    Gateway,
    parameters::{self, Target},
};

const RULES: &[Rule] = &[
    Rule::entry("/responseParameters/*", "Invalid parameter name specified").form(Form::Flag),
    Rule::entry("/responseModels/*", "Content-Type specified was not found"),
];

/// Adds an answer to a method.
pub async fn put(
    gateway: &Gateway,
    place: MethodPlace,
    response: MethodResponse,
) -> Result<MethodResponse, Error> {
    gateway
        .edit(place, move |api, place, resource| {
            check(api, &response)?;
            let responses = &mut place.method(resource)?.method_responses;
            if responses.contains_key(&response.status_code) {
                return Err(conflict("Response already exists for this resource"));
            }
            responses.insert(response.status_code.clone(), response.clone());
            Ok(response)
        })
        .await
}

/// One answer of a method.
pub async fn get(
    gateway: &Gateway,
    place: MethodPlace,
    status: String,
) -> Result<MethodResponse, Error> {
    gateway
        .look(place, move |place, resource| {
            place.method(resource)?.method_responses.get(&status).cloned().ok_or_else(no_response)
        })
        .await
}

/// Changes an answer.
pub async fn update(
    gateway: &Gateway,
    place: MethodPlace,
    status: String,
    operations: Vec<PatchOperation>,
) -> Result<MethodResponse, Error> {
    gateway
        .edit(place, move |api, place, resource| {
            let responses = &mut place.method(resource)?.method_responses;
            let response = responses.get_mut(&status).ok_or_else(no_response)?;
            let after = patched(response, &operations, RULES, Manner::Names)?;
            check(api, &after)?;
            *response = after.clone();
            Ok(after)
        })
        .await
}

/// Removes an answer.
pub async fn delete(gateway: &Gateway, place: MethodPlace, status: String) -> Result<(), Error> {
    gateway
        .edit(place, move |_, place, resource| {
            let responses = &mut place.method(resource)?.method_responses;
            responses.remove(&status).map(drop).ok_or_else(no_response)
        })
        .await
}

/// Holds an answer to API Gateway's rules: its parameters are headers, its models exist.
fn check(api: &Api<'_>, response: &MethodResponse) -> Result<(), Error> {
    for parameter in response.response_parameters.keys() {
        if !matches!(parameters::target(parameter), Some(Target::Answer(_))) {
            return Err(bad_parameter(parameter));
        }
    }
    api.must_have_models(response.response_models.values())
}
