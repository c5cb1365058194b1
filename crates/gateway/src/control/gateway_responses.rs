//! Gateway responses: what callers see of each kind of refusal.
//!
//! Every kind has an answer of its own until the author gives another; one without falls back to
//! the author's `DEFAULT_4XX` or `DEFAULT_5XX`.

use resources::{
    Error,
    rest_apis::{GatewayResponse, Kept},
};

use super::{
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::{invalid, missing},
};
use crate::{
    Gateway,
    parameters::{self, Source},
    refusal::{DEFAULT_TEMPLATE, Kind},
};

const RULES: &[Rule] = &[
    Rule::text("/statusCode"),
    Rule::entry("/responseParameters/*", "Invalid parameter name specified"),
    Rule::entry("/responseTemplates/*", "Content-Type specified was not found"),
];

/// An answer and whether it is the one that every API has.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The answer.
    pub response: GatewayResponse,
    /// Whether nobody changed it.
    pub default: bool,
}

/// Sets the answer for a kind of refusal.
pub async fn put(
    gateway: &Gateway,
    api: String,
    response: GatewayResponse,
) -> Result<Shown, Error> {
    gateway
        .write(api, move |api| {
            api.must_exist()?;
            let mut response = response;
            if response.response_templates.is_empty() {
                response.response_templates = default_templates();
            }
            let default = default_of(&response.response_type);
            response.status_code = response.status_code.or(default.status_code);
            check(&response)?;
            let kind = response.response_type.clone();
            api.add(&kind, response.clone())?;
            Ok(Shown { response, default: false })
        })
        .await
}

/// The answer for a kind of refusal.
pub async fn get(gateway: &Gateway, api: String, kind: String) -> Result<Shown, Error> {
    gateway
        .read(api, move |api| {
            api.must_exist()?;
            let own = api.find::<GatewayResponse>(&kind)?;
            Ok(own.map_or_else(|| as_default(&kind), shown))
        })
        .await
}

/// One page of the answers for all kinds.
pub async fn list(gateway: &Gateway, api: String, query: PageQuery) -> Result<Page<Shown>, Error> {
    let all = gateway.read(api, |api| {
        api.must_exist()?;
        let own = api.all::<GatewayResponse>()?;
        let of_kind = |kind: &Kind| {
            let found = own.iter().find(|response| response.id() == kind.name);
            found.cloned().map_or_else(|| as_default(kind.name), shown)
        };
        Ok(Kind::all().map(of_kind).collect())
    });
    page(all.await?, &query, |shown: &Shown| shown.response.response_type.clone())
}

/// Changes the answer for a kind of refusal, from the default if nobody gave one.
pub async fn update(
    gateway: &Gateway,
    api: String,
    kind: String,
    operations: Vec<PatchOperation>,
) -> Result<Shown, Error> {
    gateway
        .write(api, move |api| {
            api.must_exist()?;
            if let Some(refusal) = nothing_given(&operations) {
                return Err(refusal);
            }
            let own = api.find::<GatewayResponse>(&kind)?;
            let before = own.map_or_else(|| default_of(&kind), |own| own.definition);
            let response = patched(&before, &operations, RULES, Manner::Names)
                .map_err(|error| as_path(error, &operations))?;
            check(&response)?;
            api.add(&kind, response.clone())?;
            Ok(Shown { response, default: false })
        })
        .await
}

/// Takes the author's answer away.
pub async fn delete(gateway: &Gateway, api: String, kind: String) -> Result<(), Error> {
    gateway
        .write(api, move |api| {
            api.must_exist()?;
            if api.remove::<GatewayResponse>(&kind)? {
                return Ok(());
            }
            Err(missing("Gateway response type not defined on api"))
        })
        .await
}

/// Entries of maps cannot be set to nothing.
fn nothing_given(operations: &[PatchOperation]) -> Option<Error> {
    operations.iter().find_map(|operation| {
        let map = operation.path.as_deref()?.split('/').nth(1)?;
        let sets = operation.op.as_deref() != Some("remove");
        let empty = operation.value.as_deref().is_none_or(str::is_empty);
        let named = matches!(map, "responseTemplates" | "responseParameters");
        (sets && empty && named).then(|| invalid(format!("Invalid null or empty value in {map}")))
    })
}

/// Here AWS names the path, not the operations that it has.
fn as_path(error: Error, operations: &[PatchOperation]) -> Error {
    if !error.message().starts_with("Invalid patch operation") {
        return error;
    }
    let path = operations.iter().find_map(|operation| operation.path.as_deref());
    invalid(format!("Invalid patch path {}", path.unwrap_or_default()))
}

fn check(response: &GatewayResponse) -> Result<(), Error> {
    for (target, source) in &response.response_parameters {
        if parameters::gateway_header(target).is_none() || Source::of_request(source).is_none() {
            return Err(super::integration_rules::bad_expression(source));
        }
    }
    let status = response.status_code.as_deref().unwrap_or("400");
    let legal = status.len() == 3 && status.starts_with(['1', '2', '3', '4', '5']);
    if legal && status.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(());
    }
    Err(invalid(format!("Invalid status code `{status}` specified; give one from 100 to 599")))
}

fn shown(own: Kept<GatewayResponse>) -> Shown {
    Shown { response: own.definition, default: false }
}

fn as_default(kind: &str) -> Shown {
    Shown { response: default_of(kind), default: true }
}

fn default_of(kind: &str) -> GatewayResponse {
    let status = Kind::named(kind).and_then(|kind| kind.status);
    GatewayResponse {
        response_type: kind.to_owned(),
        status_code: status.map(|status| status.to_string()),
        response_parameters: resources::rest_apis::TextMap::new(),
        response_templates: default_templates(),
    }
}

fn default_templates() -> resources::rest_apis::TextMap {
    [("application/json".to_owned(), DEFAULT_TEMPLATE.to_owned())].into()
}
