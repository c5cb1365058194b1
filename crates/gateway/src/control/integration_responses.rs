//! Integration responses: what becomes of what the backend answers.

use resources::{
    Error,
    rest_apis::{IntegrationResponse, Method},
};

use super::{
    access::MethodPlace,
    integration_rules::{bad_expression, check_templates},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::{invalid, no_response},
};
use crate::{
    Gateway,
    parameters::{self, Source, Target},
    patterns,
};

const RULES: &[Rule] = &[
    Rule::text("/selectionPattern"),
    Rule::text("/contentHandling").any_op(),
    Rule::entry("/responseParameters/*", "Invalid parameter name specified"),
    Rule::entry("/responseTemplates/*", "Content-Type specified was not found"),
];

/// Sets an answer of an integration.
pub async fn put(
    gateway: &Gateway,
    place: MethodPlace,
    response: IntegrationResponse,
) -> Result<IntegrationResponse, Error> {
    gateway
        .edit(place, move |_, place, resource| {
            place.integration(resource)?;
            let method = place.method(resource)?;
            check(method, &response)?;
            let integration = place.integration(resource)?;
            integration
                .integration_responses
                .insert(response.status_code.clone(), response.clone());
            Ok(response)
        })
        .await
}

/// One answer of an integration.
pub async fn get(
    gateway: &Gateway,
    place: MethodPlace,
    status: String,
) -> Result<IntegrationResponse, Error> {
    gateway
        .look(place, move |place, resource| {
            let responses = &place.integration(resource)?.integration_responses;
            responses.get(&status).cloned().ok_or_else(no_response)
        })
        .await
}

/// Changes an answer.
pub async fn update(
    gateway: &Gateway,
    place: MethodPlace,
    status: String,
    operations: Vec<PatchOperation>,
) -> Result<IntegrationResponse, Error> {
    gateway
        .edit(place, move |_, place, resource| {
            let responses = &place.integration(resource)?.integration_responses;
            let response = responses.get(&status).ok_or_else(no_response)?;
            let after = patched(response, &operations, RULES, Manner::Names)?;
            check(place.method(resource)?, &after)?;
            let responses = &mut place.integration(resource)?.integration_responses;
            responses.insert(status, after.clone());
            Ok(after)
        })
        .await
}

/// Removes an answer.
pub async fn delete(gateway: &Gateway, place: MethodPlace, status: String) -> Result<(), Error> {
    gateway
        .edit(place, move |_, place, resource| {
            let responses = &mut place.integration(resource)?.integration_responses;
            responses.remove(&status).map(drop).ok_or_else(no_response)
        })
        .await
}

fn check(method: &Method, response: &IntegrationResponse) -> Result<(), Error> {
    if !response.response_parameters.is_empty()
        && !method.method_responses.contains_key(&response.status_code)
    {
        return Err(invalid(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [No \
             method response exists for method.]",
        ));
    }
    for (target, source) in &response.response_parameters {
        if !matches!(parameters::target(target), Some(Target::Answer(_)))
            || Source::of_response(source).is_none()
        {
            return Err(bad_expression(source));
        }
    }
    if let Some(pattern) = &response.selection_pattern {
        patterns::whole(pattern).map_err(|error| {
            invalid(format!("Invalid selection pattern `{pattern}` specified: {error}"))
        })?;
    }
    check_templates(response.response_templates.as_ref())
}
