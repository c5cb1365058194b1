//! Integrations: what stands behind a method.

use resources::{
    Error,
    rest_apis::{Integration, IntegrationType},
};

use super::{
    access::MethodPlace,
    integration_rules,
    patch::{Form, Manner, PatchOperation, Rule, patched},
    refusals::no_integration,
};
use crate::Gateway;

const RULES: &[Rule] = &[
    Rule::text("/type"),
    Rule::text("/httpMethod"),
    Rule::text("/uri"),
    Rule::text("/credentials").any_op(),
    Rule::text("/passthroughBehavior"),
    Rule::text("/contentHandling").any_op(),
    Rule::text("/connectionType"),
    Rule::text("/connectionId"),
    Rule::text("/cacheNamespace"),
    Rule::whole("/timeoutInMillis", integration_rules::TIMEOUT),
    Rule::flag("/tlsConfig/insecureSkipVerification").any_op(),
    Rule::entry("/requestParameters/*", "Invalid parameter name specified"),
    Rule::entry("/requestTemplates/*", "Content-Type specified was not found"),
    Rule::element("/cacheKeyParameters/*"),
    Rule::text("/cacheKeyParameters").form(Form::Elements),
];

/// Sets what stands behind a method. Answers that were defined for another one are gone.
pub async fn put(
    gateway: &Gateway,
    place: MethodPlace,
    integration: Integration,
) -> Result<Integration, Error> {
    gateway
        .edit(place, move |_, place, resource| {
            let resource_id = resource.id.clone();
            let mut after = integration;
            complete(&mut after, &resource_id);
            integration_rules::check(&after)?;
            place.method(resource)?.method_integration = Some(after.clone());
            Ok(after)
        })
        .await
}

/// What stands behind a method.
pub async fn get(gateway: &Gateway, place: MethodPlace) -> Result<Integration, Error> {
    gateway.look(place, |place, resource| place.integration(resource).cloned()).await
}

/// Changes what stands behind a method.
pub async fn update(
    gateway: &Gateway,
    place: MethodPlace,
    operations: Vec<PatchOperation>,
) -> Result<Integration, Error> {
    gateway
        .edit(place, move |_, place, resource| {
            let integration = place.integration(resource)?;
            let after = patched(integration, &operations, RULES, Manner::Names)?;
            integration_rules::check(&after)?;
            *integration = after.clone();
            Ok(after)
        })
        .await
}

/// Removes what stands behind a method.
pub async fn delete(gateway: &Gateway, place: MethodPlace) -> Result<(), Error> {
    gateway
        .edit(place, |_, place, resource| {
            let method = place.method(resource)?;
            method.method_integration.take().map(drop).ok_or_else(no_integration)
        })
        .await
}

/// Fills in what API Gateway decides.
fn complete(integration: &mut Integration, resource_id: &str) {
    integration.cache_namespace.get_or_insert_with(|| resource_id.to_owned());
    if matches!(integration.kind, IntegrationType::Http | IntegrationType::HttpProxy) {
        integration.connection_type.get_or_insert_with(|| "INTERNET".to_owned());
    }
    if integration.kind == IntegrationType::Mock {
        integration.uri = None;
    }
}
