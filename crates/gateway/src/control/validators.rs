//! Request validators: what of a request is checked before it goes on.

use resources::{
    Error,
    rest_apis::{Kept, RequestValidator},
};

use super::{
    identifiers,
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::{invalid, no_validator},
};
use crate::Gateway;

const RULES: &[Rule] = &[
    Rule::text("/name"),
    Rule::flag("/validateRequestParameters"),
    Rule::flag("/validateRequestBody"),
];

/// Adds a validator to an API.
pub async fn create(
    gateway: &Gateway,
    api: String,
    validator: RequestValidator,
) -> Result<Kept<RequestValidator>, Error> {
    gateway
        .write(api, move |api| {
            api.must_exist()?;
            let id = identifiers::short();
            api.add(&id, RequestValidator { id: id.clone(), ..validator })
        })
        .await
}

/// One validator.
pub async fn get(
    gateway: &Gateway,
    api: String,
    id: String,
) -> Result<Kept<RequestValidator>, Error> {
    gateway.read(api, move |api| api.find(&id)?.ok_or_else(no_validator)).await
}

/// One page of an API's validators.
pub async fn list(
    gateway: &Gateway,
    api: String,
    query: PageQuery,
) -> Result<Page<Kept<RequestValidator>>, Error> {
    let all = gateway.read(api, |api| {
        api.must_exist()?;
        api.all::<RequestValidator>()
    });
    page(all.await?, &query, |validator| validator.key.clone())
}

/// Changes a validator.
pub async fn update(
    gateway: &Gateway,
    api: String,
    id: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<RequestValidator>, Error> {
    gateway
        .write(api, move |api| {
            let mut validator = api.find::<RequestValidator>(&id)?.ok_or_else(no_validator)?;
            let after = patched(&validator.definition, &operations, RULES, Manner::Lists)?;
            if after.name.as_deref() == Some("") {
                return Err(invalid("Request Validator name cannot be blank"));
            }
            validator.definition = after;
            api.put(validator)
        })
        .await
}

/// Removes a validator; methods that named it check nothing any more.
pub async fn delete(gateway: &Gateway, api: String, id: String) -> Result<(), Error> {
    gateway
        .write(
            api,
            move |api| {
                if api.remove::<RequestValidator>(&id)? { Ok(()) } else { Err(no_validator()) }
            },
        )
        .await
}
