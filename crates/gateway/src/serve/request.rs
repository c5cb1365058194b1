//! What is sent to the integration: mapped parameters, mapped body, overrides on top.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use resources::rest_apis::{IntegrationType, Passthrough};

use super::{
    call::{Call, Pairs, borrowed},
    content::{Content, Conversion, converted, decoded, text_of},
    context::View,
    plan::{IntegrationPlan, media_type},
    values::Sources,
    way::Way,
};
use crate::{
    headers::Headers,
    mapping::{self, Body, Context, Message, Overrides, Rendered, Template},
    parameters::Target,
    refusal::{BAD_REQUEST_BODY, Refusal, UNSUPPORTED_MEDIA_TYPE},
};

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");
const JSON: &[u8] = b"application/json";
/// Headers that are sent where mappings add one or two.
const HEADERS_EXPECTED: usize = 6;
/// Headers that belong to the connection, not to what is sent.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that no mapping may set.
const ILLEGAL: [&str; 4] =
    ["content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"];
/// Nor these, for AWS services.
const ILLEGAL_FOR_AWS: [&str; 5] =
    ["authorization", "connection", "expect", "proxy-authenticate", "te"];

/// What is sent to the integration.
#[derive(Debug, Default)]
pub(crate) struct Outgoing<'c> {
    /// Values of the address's placeholders.
    pub(crate) path: Pairs<'c>,
    pub(crate) query: Pairs<'c>,
    pub(crate) headers: Headers<'c>,
    pub(crate) body: Bytes,
    /// What the template changed, for the answer's template to see.
    pub(crate) overrides: Overrides,
}

/// Builds what is sent.
pub(crate) fn build<'c, 'a>(
    call: &'c Call<'_, 'a>,
    way: &mut Way<'a>,
) -> Result<Outgoing<'c>, Refusal> {
    let mut outgoing = Outgoing { headers: headers(call), ..Outgoing::default() };
    if is_proxy(call) {
        outgoing.query.clone_from(&call.parameters.query);
        outgoing.path.clone_from(&call.parameters.path);
    }
    map_parameters(call, &mut outgoing)?;
    let rendered = body(call, way)?;
    outgoing.body = rendered.body;
    outgoing.overrides = rendered.overrides;
    override_parts(call, &mut outgoing)?;
    Ok(outgoing)
}

fn is_proxy(call: &Call<'_, '_>) -> bool {
    matches!(call.plan.integration.kind, IntegrationType::HttpProxy | IntegrationType::AwsProxy)
}

/// The headers that go out before any mapping.
fn headers<'c>(call: &'c Call<'_, '_>) -> Headers<'c> {
    let on = call.surroundings;
    let mut headers = Headers::with_capacity(HEADERS_EXPECTED);
    if is_proxy(call) {
        copy_headers(&on.head.headers, &mut headers);
        if call.is_unpacked {
            headers.remove(&header::CONTENT_ENCODING);
        }
        headers.remove(&TRACE_ID);
    } else {
        headers.append_borrowed(header::ACCEPT, JSON);
        headers.append_borrowed(header::USER_AGENT, on.agent.as_bytes());
        let without_body = [Method::GET, Method::HEAD, Method::OPTIONS];
        if !without_body.contains(&on.head.method) {
            let given = on.head.headers.get_all(header::CONTENT_TYPE).iter().next_back();
            let given = given.map_or(JSON, HeaderValue::as_bytes);
            headers.append_borrowed(header::CONTENT_TYPE, given);
        }
    }
    headers.append_borrowed(TRACE_ID, on.ids.trace.as_bytes());
    if matches!(call.plan.integration.kind, IntegrationType::Http | IntegrationType::HttpProxy) {
        headers.remove(&API_ID);
        headers.append_borrowed(API_ID, on.api.as_bytes());
    }
    headers
}

fn copy_headers<'h>(from: &'h HeaderMap, to: &mut Headers<'h>) {
    for (name, value) in from {
        let own = name == header::HOST || name == header::CONTENT_LENGTH || name == header::EXPECT;
        if !own && !HOP_BY_HOP.contains(&name.as_str()) {
            to.append_borrowed(name.clone(), value.as_bytes());
        }
    }
}

fn map_parameters<'c>(call: &'c Call<'_, '_>, outgoing: &mut Outgoing<'c>) -> Result<(), Refusal> {
    if call.plan.integration.mappings.is_empty() {
        return Ok(());
    }
    let sources = Sources { view: View::of(call), parameters: call.parameters, body: &call.body };
    for (target, source) in &call.plan.integration.mappings {
        let Some(value) = sources.value(source) else { continue };
        match target {
            Target::Path(name) => set(&mut outgoing.path, name.into(), value),
            Target::Query(name) => set(&mut outgoing.query, name.into(), value),
            Target::Header(name) => set_header(call, &mut outgoing.headers, name, &value)?,
            Target::Answer(_) => {}
        }
    }
    Ok(())
}

fn set<'c>(pairs: &mut Pairs<'c>, name: Cow<'c, str>, value: String) {
    pairs.retain(|(known, _)| *known != name);
    pairs.push((name, value.into()));
}

fn set_header(
    call: &Call<'_, '_>,
    headers: &mut Headers<'_>,
    name: &str,
    value: &str,
) -> Result<(), Refusal> {
    let lower = name.to_ascii_lowercase();
    let for_aws =
        matches!(call.plan.integration.kind, IntegrationType::Aws | IntegrationType::AwsProxy);
    if ILLEGAL.contains(&lower.as_str()) || for_aws && ILLEGAL_FOR_AWS.contains(&lower.as_str()) {
        return Err(Refusal::configuration(format!(
            "Header {name} is part of the request to the integration and cannot be mapped"
        )));
    }
    // The address says which host is meant, unless the author of an HTTP integration says otherwise.
    let parsed =
        HeaderName::from_bytes(lower.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
    let (name, value) = parsed.ok_or_else(|| {
        Refusal::configuration(format!("Header {name} has no value it can carry"))
    })?;
    headers.insert(name, value);
    Ok(())
}

/// A body and what its template changed.
struct Mapped {
    body: Bytes,
    overrides: Overrides,
}

fn body<'a>(call: &Call<'_, 'a>, way: &mut Way<'a>) -> Result<Mapped, Refusal> {
    let plan: &'a IntegrationPlan = &call.plan.integration;
    let given = call.parameters.header.last(&header::CONTENT_TYPE);
    let given = media_type(given.as_deref().unwrap_or_default());
    let is_binary = call.surroundings.deployment.is_binary(given);
    let content = Content { is_binary, wants_binary: is_binary, handling: plan.content_handling };
    let conversion = content.conversion();
    if is_proxy(call) {
        return Ok(Mapped { body: call.body.clone(), overrides: Overrides::default() });
    }
    let wanted = if given.is_empty() { "application/json" } else { given };
    match plan.templates.get(wanted) {
        Some((media_type, template)) => {
            way.request_template = media_type;
            render(call, template, conversion)
        }
        None => passed(call, conversion),
    }
}

/// The body that no template is for.
fn passed(call: &Call<'_, '_>, conversion: Conversion) -> Result<Mapped, Refusal> {
    let plan = &call.plan.integration;
    let passes = match plan.passthrough {
        Passthrough::WhenNoMatch => true,
        Passthrough::WhenNoTemplates => plan.templates.is_empty(),
        Passthrough::Never => false,
    };
    if !passes {
        return Err(Refusal::from(&UNSUPPORTED_MEDIA_TYPE));
    }
    let body = converted(call.body.clone(), conversion).ok_or_else(no_base64)?;
    Ok(Mapped { body, overrides: Overrides::default() })
}

fn no_base64() -> Refusal {
    Refusal::configuration("The body should be base64 text and is not")
}

fn render(
    call: &Call<'_, '_>,
    template: &Template,
    conversion: Conversion,
) -> Result<Mapped, Refusal> {
    let text = text_of(&call.body, conversion);
    let variables = borrowed(call.surroundings.variables);
    let view = View::of(call);
    let context = || view.json();
    let message = Message {
        body: Body::new(&text),
        parameters: call.shown(),
        stage_variables: &variables,
        context: Context::lazy(&context),
        overridden: Overrides::default(),
    };
    let Rendered { body, overrides } =
        template.render(&message).map_err(|error| template_failed(&error))?;
    let body = match conversion {
        Conversion::Decode => decoded(body.as_bytes()).ok_or_else(no_base64)?,
        _ => Bytes::from(body),
    };
    Ok(Mapped { body, overrides })
}

/// A template that fails is its author's fault, unless the body is not what it says it is.
fn template_failed(error: &mapping::Error) -> Refusal {
    match error {
        mapping::Error::Body(message) => Refusal::saying(&BAD_REQUEST_BODY, message.clone()),
        mapping::Error::Template(error) => {
            Refusal::configuration(format!("Unable to transform request: {error}"))
        }
    }
}

fn override_parts(call: &Call<'_, '_>, outgoing: &mut Outgoing<'_>) -> Result<(), Refusal> {
    let Outgoing { path, query, headers, overrides, .. } = outgoing;
    for (name, value) in &overrides.request.path {
        set(path, name.clone().into(), value.clone());
    }
    for (name, value) in &overrides.request.query {
        set(query, name.clone().into(), value.clone());
    }
    for (name, value) in &overrides.request.header {
        set_header(call, headers, name, value)?;
    }
    Ok(())
}
