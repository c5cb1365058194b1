//! Gateway responses: what a caller sees of a refusal.
//!
//! Templates here are no Velocity: `$context.…` and `$stageVariables.…` are replaced, nothing else.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use resources::rest_apis::GatewayResponse;

use super::{
    call::Parameters,
    context::View,
    references,
    response::{Answer, accepted},
    values::Sources,
};
use crate::{
    headers::Headers,
    parameters::{Source, gateway_header},
    refusal::{DEFAULT_4XX, DEFAULT_5XX, DEFAULT_TEMPLATE, REQUEST_TOO_LARGE, Refusal},
};

/// The answer that a refusal becomes.
pub(crate) fn build(view: View<'_>, parameters: &Parameters<'_>, refusal: &Refusal) -> Answer {
    let view = View { refusal: Some(refusal), ..view };
    let default_status = refusal.kind.status.unwrap_or(500);
    let own = own(view, refusal, default_status);
    let status = own.and_then(|own| own.status_code.as_deref()?.parse().ok());
    let (content_type, template) = template(own, parameters);
    let mut headers = Headers::with_capacity(6);
    put(&mut headers, "content-type", content_type);
    let error_type = refusal.error_type.unwrap_or(refusal.kind.error_type);
    put(&mut headers, "x-amzn-errortype", error_type);
    if status.unwrap_or(default_status) == 503 {
        put(&mut headers, "retry-after", "1");
    }
    let sources = Sources { view, parameters, body: b"" };
    for (target, source) in own.into_iter().flat_map(|own| &own.response_parameters) {
        let value = Source::of_request(source).and_then(|source| sources.value(&source));
        if let Some((name, value)) = gateway_header(target).zip(value) {
            put(&mut headers, name, &value);
        }
    }
    let body = Bytes::from(references::filled(template, |name| value(name, view)));
    Answer { status: status.unwrap_or(default_status), headers, body }
}

/// What the author said for this kind, else for all of its class.
fn own<'a>(view: View<'a>, refusal: &Refusal, status: u16) -> Option<&'a GatewayResponse> {
    if refusal.kind.name == REQUEST_TOO_LARGE.name {
        return None;
    }
    let own = &view.surroundings.deployment.gateway_responses;
    let class = if status < 500 { &DEFAULT_4XX } else { &DEFAULT_5XX };
    own.get(refusal.kind.name).or_else(|| own.get(class.name))
}

/// The template for what the caller accepts, else for JSON, else the first.
fn template<'a>(
    own: Option<&'a GatewayResponse>,
    parameters: &Parameters<'_>,
) -> (&'a str, &'a str) {
    const JSON: &str = "application/json";
    let Some(templates) = own.map(|own| &own.response_templates) else {
        return (JSON, DEFAULT_TEMPLATE);
    };
    let accept = parameters.header.last(&header::ACCEPT);
    let accept = accepted(accept.as_deref());
    let named = |wanted: &str| templates.iter().find(|(name, _)| *name == wanted);
    let found = named(accept).or_else(|| named(JSON)).or_else(|| templates.iter().next());
    found.map_or((JSON, DEFAULT_TEMPLATE), |(name, text)| (name.as_str(), text.as_str()))
}

fn put(headers: &mut Headers<'_>, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes()).ok();
    if let Some((name, value)) = name.zip(HeaderValue::from_str(value).ok())
        && name != header::CONTENT_LENGTH
        && name != header::TRANSFER_ENCODING
    {
        headers.insert(name, value);
    }
}

/// What a reference stands for; none if it is no reference.
fn value(name: &str, view: View<'_>) -> Option<String> {
    if let Some(name) = name.strip_prefix("context.") {
        return Some(view.text(name).unwrap_or_default());
    }
    let name = name.strip_prefix("stageVariables.")?;
    let found = super::call::last(view.surroundings.variables, name);
    Some(found.unwrap_or_default().to_owned())
}
