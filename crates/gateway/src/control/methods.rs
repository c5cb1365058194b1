//! Methods: put, get, update, delete.

use resources::{
    Error,
    rest_apis::{ApiResource, AuthorizationType, Method, RequestValidator},
};

use super::{
    access::{Api, MethodPlace},
    integration_rules::bad_parameter,
    patch::{Form, Manner, PatchOperation, Rule, patched},
    refusals::{conflict, invalid, no_method},
};
use crate::Gateway;

/// What a method can be called.
const METHODS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

const RULES: &[Rule] = &[
    Rule::text("/authorizationType"),
    Rule::text("/authorizerId"),
    Rule::flag("/apiKeyRequired"),
    Rule::text("/operationName"),
    Rule::text("/requestValidatorId"),
    Rule::entry("/requestParameters/*", "Invalid parameter name specified").form(Form::Flag),
    Rule::entry("/requestModels/*", "Content-Type specified was not found"),
    Rule::element("/authorizationScopes/*"),
    Rule::text("/authorizationScopes").form(Form::Elements).any_op(),
];

/// Adds a method to a resource.
pub async fn put(gateway: &Gateway, place: MethodPlace, method: Method) -> Result<Method, Error> {
    gateway
        .edit(place, move |api, place, resource| {
            if !METHODS.contains(&place.http_method.as_str()) {
                let methods = METHODS.join(",");
                let text = format!("Invalid HttpMethod specified. Valid options are {methods}");
                return Err(invalid(text));
            }
            if resource.resource_methods.contains_key(&place.http_method) {
                return Err(conflict("Method already exists for this resource"));
            }
            check(api, &method)?;
            let name = place.http_method.clone();
            let method = Method { http_method: name.clone(), ..method };
            resource.resource_methods.insert(name, method.clone());
            Ok(method)
        })
        .await
}

/// One method with all that it has.
pub async fn get(gateway: &Gateway, place: MethodPlace) -> Result<Method, Error> {
    gateway.look(place, |place, resource| place.method(resource).cloned()).await
}

/// Changes a method.
pub async fn update(
    gateway: &Gateway,
    place: MethodPlace,
    operations: Vec<PatchOperation>,
) -> Result<Method, Error> {
    gateway
        .edit(place, move |api, place, resource| {
            let method = place.method(resource)?;
            let after = patched_method(method, &operations)?;
            check(api, &after)?;
            *method = after.clone();
            Ok(after)
        })
        .await
}

fn patched_method(method: &Method, operations: &[PatchOperation]) -> Result<Method, Error> {
    // A media type holds a slash that some clients do not escape; AWS names the path then.
    let unescaped = operations
        .iter()
        .filter_map(|operation| operation.path.as_deref())
        .find(|path| path.starts_with("/requestModels/") && path.matches('/').count() > 2);
    if let Some(path) = unescaped {
        return Err(invalid(format!("Invalid patch path {path}")));
    }
    let mut after = patched(method, operations, RULES, Manner::Names)?;
    if matches!(after.authorization_type, AuthorizationType::None | AuthorizationType::AwsIam) {
        after.authorizer_id = None;
    }
    Ok(after)
}

/// Removes a method and what stands behind it.
pub async fn delete(gateway: &Gateway, place: MethodPlace) -> Result<(), Error> {
    let gone = |_: &Api<'_>, place: &MethodPlace, resource: &mut ApiResource| {
        resource.resource_methods.remove(&place.http_method).map(drop).ok_or_else(no_method)
    };
    gateway.edit(place, gone).await
}

fn check(api: &Api<'_>, method: &Method) -> Result<(), Error> {
    if matches!(
        method.authorization_type,
        AuthorizationType::Custom | AuthorizationType::CognitoUserPools
    ) {
        return Err(invalid(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
             COGNITO_USER_POOLS requires a valid authorizer.",
        ));
    }
    if let Some(id) = method.request_validator_id.as_deref().filter(|id| !id.is_empty())
        && api.find::<RequestValidator>(id)?.is_none()
    {
        return Err(invalid("Invalid Request Validator identifier specified"));
    }
    api.must_have_models(method.request_models.values())?;
    check_parameters(method)
}

fn check_parameters(method: &Method) -> Result<(), Error> {
    let mut names = Vec::new();
    for parameter in method.request_parameters.keys() {
        let named = parameter.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let Some((_, name)) = named.filter(|(place, name)| is_place(place) && is_name(name)) else {
            return Err(bad_parameter(parameter));
        };
        if names.contains(&name) {
            let text = "Parameter names must be unique across querystring, header and path";
            return Err(invalid(text));
        }
        names.push(name);
    }
    Ok(())
}

fn is_place(place: &str) -> bool {
    matches!(
        place,
        "header" | "querystring" | "path" | "multivalueheader" | "multivaluequerystring"
    )
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-$:[]".contains(c))
}
