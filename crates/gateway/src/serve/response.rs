//! What the caller gets: an answer of the integration chosen by its status, mapped.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use resources::rest_apis::IntegrationType;

use super::{
    call::{Call, Parameters, borrowed, cut},
    content::{Content, Conversion, converted, decoded, text_of},
    context::View,
    integrate::Incoming,
    plan::{AnswerPlan, ByMediaType, media_type},
    values::Sources,
    way::Way,
};
use crate::{
    headers::Headers,
    mapping::{Body, Context, Message, Overrides, Template},
    refusal::Refusal,
};

const JSON: &str = "application/json";
/// Headers of an answer to which mappings add one or two.
const HEADERS_EXPECTED: usize = 6;
/// Headers that reach the caller under another name.
const REMAPPED: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "trailer",
    "upgrade",
    "user-agent",
    "www-authenticate",
];
/// Headers of a proxied answer that say how its body was sent, not what it is.
const FRAMING: [&str; 4] = ["content-length", "transfer-encoding", "keep-alive", "te"];

/// What the caller gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers<'static>,
    pub(crate) body: Bytes,
}

/// Maps what the integration answered.
pub(crate) fn build<'a>(
    call: &Call<'_, 'a>,
    incoming: Incoming,
    overrides: Overrides,
    way: &mut Way<'a>,
) -> Result<Answer, Refusal> {
    if matches!(call.plan.integration.kind, IntegrationType::HttpProxy | IntegrationType::AwsProxy)
    {
        return Ok(proxied(incoming));
    }
    let plan = chosen(&call.plan.integration.answers, incoming.status)?;
    let rendered = body(call, plan, (&incoming, overrides), way)?;
    let mut answer = Answer {
        status: plan.status,
        headers: Headers::with_capacity(HEADERS_EXPECTED),
        body: rendered.body,
    };
    if let Some(value) = media_type_value(rendered.content_type) {
        answer.headers.append(header::CONTENT_TYPE, value);
    }
    map_headers(call, plan, &incoming, &mut answer.headers);
    for (name, value) in &rendered.overrides.response.header {
        set(&mut answer.headers, name, value);
    }
    if let Some(status) = rendered.overrides.status.as_deref().and_then(legal_status) {
        answer.status = status;
    }
    Ok(answer)
}

fn proxied(incoming: Incoming) -> Answer {
    let passed = |name: HeaderName| (!FRAMING.contains(&name.as_str())).then(|| remapped(name));
    let headers = incoming.headers.renamed(passed);
    Answer { status: incoming.status, headers, body: incoming.body }
}

/// A media type as a header's value; none of one that no header can carry. The one that nearly all
/// answers have is not copied.
fn media_type_value(media_type: &str) -> Option<HeaderValue> {
    match media_type {
        JSON => Some(HeaderValue::from_static(JSON)),
        other => HeaderValue::from_str(other).ok(),
    }
}

/// The first whose pattern matches the status, else the one without.
fn chosen(answers: &[AnswerPlan], status: u16) -> Result<&AnswerPlan, Refusal> {
    let fits = |answer: &&AnswerPlan| {
        answer.pattern.as_ref().is_none_or(|pattern| pattern.matches(status))
    };
    answers.iter().find(fits).ok_or_else(|| {
        Refusal::configuration(
            "Output mapping refers to an invalid method response: no integration response is for \
             this status",
        )
    })
}

/// A status as a template overrides it; what is none counts as nothing.
fn legal_status(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|status| (100..=599).contains(status))
}

struct Mapped<'c> {
    body: Bytes,
    content_type: &'c str,
    overrides: Overrides,
}

fn body<'a>(
    call: &Call<'_, 'a>,
    plan: &'a AnswerPlan,
    (incoming, before): (&Incoming, Overrides),
    way: &mut Way<'a>,
) -> Result<Mapped<'a>, Refusal> {
    let deployment = call.surroundings.deployment;
    let accept = call.parameters.header.last(&header::ACCEPT);
    let accept = accepted(accept.as_deref());
    let given = incoming.headers.text(&header::CONTENT_TYPE);
    let content = Content {
        is_binary: deployment.is_binary(media_type(given.unwrap_or_default())),
        wants_binary: deployment.is_binary(accept),
        handling: plan.content_handling,
    };
    let conversion = content.conversion();
    if let Some((content_type, template)) = template_for(&plan.templates, accept) {
        way.response_template = content_type;
        let mapped = render(call, template, incoming, (conversion, before))?;
        return Ok(Mapped { content_type, ..mapped });
    }
    let body = converted(incoming.body.clone(), conversion).ok_or_else(no_base64)?;
    Ok(Mapped { body, content_type: JSON, overrides: before })
}

/// The first media type that a caller accepts.
pub(crate) fn accepted(accept: Option<&str>) -> &str {
    media_type(cut(accept.unwrap_or_default(), b',').0)
}

/// The template for what is accepted, else for JSON, else the first.
fn template_for<'t>(
    templates: &'t ByMediaType<Template>,
    accept: &str,
) -> Option<(&'t str, &'t Template)> {
    let wanted = if accept.is_empty() { JSON } else { accept };
    templates.exact(wanted).or_else(|| templates.exact(JSON)).or_else(|| templates.first())
}

fn no_base64() -> Refusal {
    Refusal::configuration("The endpoint's answer should be base64 text and is not")
}

fn render(
    call: &Call<'_, '_>,
    template: &Template,
    incoming: &Incoming,
    (conversion, before): (Conversion, Overrides),
) -> Result<Mapped<'static>, Refusal> {
    let text = text_of(&incoming.body, conversion);
    let variables = borrowed(call.surroundings.variables);
    let view = View::of(call);
    let context = || view.json();
    let message = Message {
        body: Body::new(&text),
        parameters: call.shown(),
        stage_variables: &variables,
        context: Context::lazy(&context),
        overridden: before,
    };
    let rendered = template.render(&message).map_err(|error| {
        Refusal::configuration(format!("Unable to transform response: {error}"))
    })?;
    let body = match conversion {
        Conversion::Decode => decoded(rendered.body.as_bytes()).ok_or_else(no_base64)?,
        _ => Bytes::from(rendered.body),
    };
    Ok(Mapped {
        body,
        content_type: "",
        overrides: message.overridden.with_answer(rendered.overrides),
    })
}

fn map_headers(
    call: &Call<'_, '_>,
    plan: &AnswerPlan,
    incoming: &Incoming,
    into: &mut Headers<'_>,
) {
    if plan.mappings.is_empty() {
        return;
    }
    let parameters = Parameters::of_answer(&incoming.headers);
    let sources = Sources { view: View::of(call), parameters: &parameters, body: &incoming.body };
    for (name, source) in &plan.mappings {
        if let Some(value) = sources.value(source) {
            set(into, name, &value);
        }
    }
}

/// Sets a header of the answer, under the name that it may have.
fn set(headers: &mut Headers<'_>, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes()).ok();
    if let Some((name, value)) = name.zip(HeaderValue::from_str(value).ok()) {
        // The framing of the body is the server's, whatever a template says.
        if name != header::TRANSFER_ENCODING {
            headers.insert(remapped(name), value);
        }
    }
}

fn remapped(name: HeaderName) -> HeaderName {
    if !REMAPPED.contains(&name.as_str()) {
        return name;
    }
    let other = format!("x-amzn-remapped-{name}");
    HeaderName::from_bytes(other.as_bytes()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_out_of_bounds_are_no_overrides() {
        for (text, expect) in
            [("404", Some(404)), (" 200 ", Some(200)), ("99", None), ("600", None), ("x", None)]
        {
            assert_eq!(legal_status(text), expect, "{text}");
        }
    }

    #[test]
    fn headers_of_the_connection_get_another_name() {
        let mut headers = Headers::default();
        set(&mut headers, "Server", "backend");
        set(&mut headers, "X-Own", "1");
        set(&mut headers, "Transfer-Encoding", "chunked");
        let found: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(found, [("x-amzn-remapped-server", &b"backend"[..]), ("x-own", b"1")]);
    }
}
