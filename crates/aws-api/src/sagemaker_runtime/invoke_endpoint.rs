//! `InvokeEndpoint`, the hot path: decoded by hand, on the listener's thread. A test holds the
//! header names and bounds used here against the shape tables.

use std::{borrow::Cow, time::Instant};

use aws_wire::{Fault, SAGEMAKER_RUNTIME};
use bytes::Bytes;
use gateway::{aws::AwsAnswer, headers::Headers};
use hosting::{Invocation, Invoked, ModelRequest, Reply, Routed};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, request::Parts,
};
use hyper::body::Incoming;
use telemetry::{Limit, Names, Phase, ServerCounter, Trail};

use super::errors::{self, validation};
use crate::{
    Context, authenticate,
    body::{self, Body, BodyError, Reader, full},
    claims, error, refusals, remembered,
    request_id::RequestId,
};

// Shape.

const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");
const INVOKED_VARIANT: HeaderName = HeaderName::from_static("x-amzn-invoked-production-variant");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What the names of all other request headers of this operation begin with.
const HEADER_PREFIX: &str = "x-amzn-sagemaker-";

/// Of the content types and the custom attributes.
const HEADER_BYTES_MAX: usize = 1024;
const ID_BYTES_MAX: usize = 64;
const VARIANT_BYTES_MAX: usize = 63;
const EXPRESSION_BYTES_MAX: usize = 64;

/// The endpoint that a path invokes: `/endpoints/{EndpointName}/invocations`.
pub(crate) fn endpoint_of(path: &str) -> Option<&str> {
    path.strip_prefix("/endpoints/")?
        .strip_suffix("/invocations")
        .filter(|name| !name.contains('/'))
}

#[derive(Clone, Copy, Debug, Default)]
struct Input<'a> {
    content_type: Option<&'a str>,
    accept: Option<&'a str>,
    custom_attributes: Option<&'a str>,
    target_variant: Option<&'a str>,
    enable_explanations: Option<&'a str>,
}

impl<'a> Input<'a> {
    fn of(headers: impl Iterator<Item = (&'a HeaderName, &'a [u8])>) -> Result<Self, Fault> {
        let mut input = Self::default();
        for (name, value) in headers {
            if let Some(member) = name.as_str().strip_prefix(HEADER_PREFIX) {
                input.set(member, text(name, value)?)?;
            } else if name == header::CONTENT_TYPE {
                input.content_type = Some(header_text("contentType", text(name, value)?)?);
            } else if name == header::ACCEPT {
                input.accept = Some(header_text("accept", text(name, value)?)?);
            }
        }
        Ok(input)
    }

    // Rules.

    /// Takes the member that the header `x-amzn-sagemaker-{member}` stands for.
    fn set(&mut self, member: &str, value: &'a str) -> Result<(), Fault> {
        match member {
            "custom-attributes" => {
                self.custom_attributes = Some(header_text("customAttributes", value)?);
            }
            "target-variant" => self.target_variant = Some(variant_name(value)?),
            "inference-id" => check_id("inferenceId", value)?,
            // It only helps to choose among copies of a model, and all of ours are one.
            "prefix-aware-id" => check_id("prefixAwareId", value)?,
            "target-model" => return Err(not_served("TargetModel")),
            "target-container-hostname" => return Err(not_served("TargetContainerHostname")),
            "enable-explanations" => self.enable_explanations = Some(expression(value)?),
            "inference-component" => return Err(not_served("InferenceComponentName")),
            "session-id" => return Err(not_served("SessionId")),
            _ => {}
        }
        Ok(())
    }
}

// Call.

/// Answers one invocation.
pub(crate) async fn answer(
    cx: &Context,
    request: Request<Incoming>,
    arrived: Instant,
) -> Response<Body> {
    let id = RequestId::fresh();
    let (parts, body) = request.into_parts();
    // A path that names none would not have come here, and nothing is called "".
    let endpoint = endpoint_of(parts.uri.path()).unwrap_or_default();
    let mut way = Way::begin(arrived, Phase::Body);
    let outcome = call(cx, &parts, body, endpoint, &mut way).await;
    if way.caller.is_empty() {
        // Nobody has verified it, but it says who it is.
        way.caller = claims::access_key(&parts.uri, &parts.headers).unwrap_or_default();
    }
    let outcome = told(cx, id, (endpoint, way), outcome);
    // The HTTP library hands the map of an answer to the connection's next request: one that goes
    // round is never made anew.
    let mut headers = parts.headers;
    headers.clear();
    response(outcome, id, headers).map(full)
}

/// An invocation that the server itself makes: there is no signature to verify.
#[derive(Clone, Copy)]
pub(crate) struct Inside<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) headers: &'a Headers<'a>,
    pub(crate) body: &'a Bytes,
    pub(crate) made: Instant,
}

impl<'a> Inside<'a> {
    /// The answer, if the model has one at once; else none, and nothing has happened.
    pub(crate) fn answer_at_once(self, cx: &Context) -> Option<AwsAnswer> {
        cx.hosting.expect_call(self.endpoint);
        let mut way = Way::begin(self.made, Phase::Route);
        let outcome = match self.read(cx) {
            Ok(input) => {
                let call = invocation(input, self.body, (self.endpoint, &way));
                invoke_at_once(cx, call, &mut way)?
            }
            Err(fault) => Err(fault),
        };
        Some(self.told(cx, way, outcome))
    }

    /// The answer of a model that has to be waited for.
    pub(crate) async fn answer(self, cx: &Context) -> AwsAnswer {
        let mut way = Way::begin(self.made, Phase::Route);
        let outcome = match self.read(cx) {
            Ok(input) => {
                let call = invocation(input, self.body, (self.endpoint, &way));
                invoke(cx, call, &mut way).await
            }
            Err(fault) => Err(fault),
        };
        self.told(cx, way, outcome)
    }

    fn read(self, cx: &Context) -> Result<Input<'a>, Fault> {
        let bytes_max = cx.limits.payload_bytes_max;
        if self.body.len() > bytes_max {
            return Err(body_error(&BodyError::TooLong { limit: Limit::PayloadBytes, bytes_max }));
        }
        Input::of(self.headers.iter())
    }

    fn told(self, cx: &Context, way: Way<'_>, outcome: Result<Invoked, Fault>) -> AwsAnswer {
        let id = RequestId::fresh();
        answer_of(told(cx, id, (self.endpoint, way), outcome), id)
    }
}

/// What came of a call, once it is kept how it came to that.
fn told(
    cx: &Context,
    id: RequestId,
    (endpoint, way): (&str, Way<'_>),
    outcome: Result<Invoked, Fault>,
) -> Result<Invoked, Fault> {
    let outcome = outcome.and_then(|invoked| kept(cx, endpoint, invoked));
    let asked = remembered::Call {
        id,
        service: SAGEMAKER_RUNTIME.name,
        operation: "InvokeEndpoint",
        names: way.names(endpoint),
    };
    match &outcome {
        Ok(invoked) => asked.answered(cx, invoked.reply.status, &way.trail),
        Err(fault) => {
            let status = fault.status(SAGEMAKER_RUNTIME).as_u16();
            asked.failed(cx, status, way.trail.clone(), fault);
            tracing::debug!(
                request_id = %id, endpoint, code = fault.code(), message = fault.message(),
                "an invocation was not answered",
            );
        }
    }
    outcome
}

/// What is known of a call so far.
struct Way<'a> {
    trail: Trail,
    caller: Cow<'a, str>,
    routed: Option<Routed>,
}

impl Way<'_> {
    fn begin(arrived: Instant, first: Phase) -> Self {
        Self { trail: Trail::begin(arrived, first), caller: Cow::Borrowed(""), routed: None }
    }

    fn names<'n>(&'n self, endpoint: &'n str) -> Names<'n> {
        let routed = self.routed.as_ref();
        Names {
            caller: &self.caller,
            resource: endpoint,
            variant: routed.map_or("", Routed::variant),
            model: routed.map_or("", Routed::model),
            fleet: routed.and_then(Routed::fleet),
        }
    }
}

async fn call<'p>(
    cx: &Context,
    parts: &'p Parts,
    body: Incoming,
    endpoint: &str,
    way: &mut Way<'p>,
) -> Result<Invoked, Fault> {
    cx.hosting.expect_call(endpoint);
    let read = Reader::of_payloads(&cx.metrics, &cx.limits).read(body).await;
    let body = read.map_err(|error| body_error(&error))?;
    cx.hosting.expect_record(endpoint);
    way.trail.enter(Phase::Signature);
    way.caller =
        authenticate::verify(cx, parts, &body, "sagemaker").map_err(|error| refused(cx, &error))?;
    refusals::hold_to_rate(cx, &way.caller, SAGEMAKER_RUNTIME)?;
    way.trail.enter(Phase::Route);
    let input = Input::of(parts.headers.iter().map(|(name, value)| (name, value.as_bytes())))?;
    let call = invocation(input, &body, (endpoint, way));
    invoke(cx, call, way).await
}

fn invocation<'c>(
    input: Input<'c>,
    body: &'c Bytes,
    (endpoint, way): (&'c str, &Way<'_>),
) -> Invocation<'c> {
    Invocation {
        endpoint,
        target_variant: input.target_variant,
        request: ModelRequest {
            body,
            content_type: input.content_type,
            accept: input.accept,
            custom_attributes: input.custom_attributes,
            enable_explanations: input.enable_explanations,
        },
        arrived: way.trail.arrived(),
    }
}

async fn invoke(cx: &Context, call: Invocation<'_>, way: &mut Way<'_>) -> Result<Invoked, Fault> {
    let of_fault = |fault| errors::of_fault(&cx.account, call.endpoint, fault);
    let routed = cx.hosting.route(&call).map_err(|refusal| of_fault(refusal.into()))?;
    let routed = way.routed.insert(routed);
    cx.hosting.invoke_at(routed, call, &mut way.trail).await.map_err(of_fault)
}

/// As [`invoke`], of a model that answers at once.
fn invoke_at_once(
    cx: &Context,
    call: Invocation<'_>,
    way: &mut Way<'_>,
) -> Option<Result<Invoked, Fault>> {
    let of_fault = |fault| errors::of_fault(&cx.account, call.endpoint, fault);
    let routed = match cx.hosting.route(&call) {
        Ok(routed) => way.routed.insert(routed),
        Err(refusal) => return Some(Err(of_fault(refusal.into()))),
    };
    let invoked = cx.hosting.invoke_at_once(routed, call, &mut way.trail)?;
    Some(invoked.map_err(of_fault))
}

fn refused(cx: &Context, error: &sigv4::Error) -> Fault {
    cx.metrics.server.count(ServerCounter::SignatureRefused);
    Fault::from(error)
}

/// The answer, if there is room for it until the client has taken it.
fn kept(cx: &Context, endpoint: &str, mut invoked: Invoked) -> Result<Invoked, Fault> {
    let body = std::mem::take(&mut invoked.reply.body);
    match body::charged_answer(body, &cx.metrics, &cx.limits) {
        Ok(body) => invoked.reply.body = body,
        Err(BodyError::TooLong { bytes_max, .. }) => {
            return Err(errors::long_answer(&cx.account, endpoint, bytes_max));
        }
        Err(error) => return Err(body_error(&error)),
    }
    Ok(invoked)
}

// Reply.

/// The answer to a client, in a map that has nothing in it yet.
fn response(
    outcome: Result<Invoked, Fault>,
    id: RequestId,
    mut headers: HeaderMap,
) -> Response<Bytes> {
    let invoked = match outcome {
        Ok(invoked) => invoked,
        Err(fault) => return refusal(&fault, id),
    };
    let status = invoked.reply.status;
    let put = |name, value| {
        headers.insert(name, value);
    };
    let mut response = Response::new(take_apart(invoked, id, put));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = headers;
    response
}

/// The answer to the server itself.
fn answer_of(outcome: Result<Invoked, Fault>, id: RequestId) -> AwsAnswer {
    match outcome {
        Ok(invoked) => {
            let status = invoked.reply.status;
            let mut headers = Headers::with_capacity(4);
            let body = take_apart(invoked, id, |name, value| headers.append(name, value));
            AwsAnswer { status, headers, body }
        }
        Err(fault) => {
            let (head, body) = refusal(&fault, id).into_parts();
            AwsAnswer { status: head.status.as_u16(), headers: head.headers.into(), body }
        }
    }
}

fn refusal(fault: &Fault, id: RequestId) -> Response<Bytes> {
    refusals::with_retry(fault.response(SAGEMAKER_RUNTIME, id.as_str()))
}

/// The body of a good answer; `put` gets its headers.
fn take_apart(
    invoked: Invoked,
    id: RequestId,
    mut put: impl FnMut(HeaderName, HeaderValue),
) -> Bytes {
    let Reply { content_type, body, custom_attributes, .. } = invoked.reply;
    if !content_type.is_empty() {
        put(header::CONTENT_TYPE, content_type_value(content_type));
    }
    if let Ok(variant) = HeaderValue::from_maybe_shared(invoked.variant) {
        put(INVOKED_VARIANT, variant);
    }
    put(REQUEST_ID, id.header());
    if let Some(value) = custom_attributes.and_then(|text| HeaderValue::try_from(text).ok()) {
        put(CUSTOM_ATTRIBUTES, value);
    }
    body
}

/// A content type that the model made up and no header can carry is only bytes.
fn content_type_value(content_type: Cow<'static, str>) -> HeaderValue {
    let value = match content_type {
        Cow::Borrowed(text) => return HeaderValue::from_static(text),
        Cow::Owned(text) => HeaderValue::from_maybe_shared(Bytes::from(text)),
    };
    value.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// The value of a header as text, or the error that it is none.
fn text<'a>(name: &HeaderName, value: &'a [u8]) -> Result<&'a str, Fault> {
    gateway::headers::visible_text(value)
        .ok_or_else(|| validation(format!("The value of header `{name}` is not visible ASCII.")))
}

fn check_length(member: &str, value: &str, bytes_max: usize) -> Result<(), Fault> {
    if value.len() <= bytes_max {
        return Ok(());
    }
    Err(constraint(
        member,
        value,
        &format!("Member must have length less than or equal to {bytes_max}"),
    ))
}

fn header_text<'a>(member: &str, value: &'a str) -> Result<&'a str, Fault> {
    check_length(member, value, HEADER_BYTES_MAX).map(|()| value)
}

/// 1 to 64 characters; whether they are an expression is the explainer's to say.
fn expression(value: &str) -> Result<&str, Fault> {
    check_length("enableExplanations", value, EXPRESSION_BYTES_MAX)?;
    if value.is_empty() {
        let rule = "Member must have length greater than or equal to 1";
        return Err(constraint("enableExplanations", value, rule));
    }
    Ok(value)
}

/// Letters, digits and hyphens, the hyphens inside: `^[a-zA-Z0-9](-*[a-zA-Z0-9])*`.
fn variant_name(value: &str) -> Result<&str, Fault> {
    check_length("targetVariant", value, VARIANT_BYTES_MAX)?;
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    let named = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    if named && ends(bytes.first()) && ends(bytes.last()) {
        return Ok(value);
    }
    let rule = "Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9])*";
    Err(constraint("targetVariant", value, rule))
}

/// 1 to 64 printable characters, the first of them no space: `\A\S[\p{Print}]*\z`.
fn check_id(member: &str, id: &str) -> Result<(), Fault> {
    check_length(member, id, ID_BYTES_MAX)?;
    if id.is_empty() {
        let rule = "Member must have length greater than or equal to 1";
        return Err(constraint(member, id, rule));
    }
    if id.starts_with(char::is_whitespace) || id.bytes().any(|byte| byte.is_ascii_control()) {
        let rule = r"Member must satisfy regular expression pattern: \A\S[\p{Print}]*\z";
        return Err(constraint(member, id, rule));
    }
    Ok(())
}

fn constraint(member: &str, value: &str, rule: &str) -> Fault {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
         constraint: {rule}"
    ))
}

fn not_served(member: &str) -> Fault {
    error::fault(&error::not_served(&format!("`{member}`")), error::sagemaker)
}

/// Beside a body that is too long, one that broke off is the caller's fault in AWS's words, too.
fn body_error(error: &BodyError) -> Fault {
    match error {
        BodyError::Broken(_) => validation(error.to_string()),
        _ => refusals::of_body(error, "ValidationError"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_invocation_paths_name_an_endpoint() {
        assert_eq!(endpoint_of("/endpoints/forest/invocations"), Some("forest"));
        for path in ["/endpoints/a/b/invocations", "/endpoints/a/async-invocations", "/endpoints/"]
        {
            assert_eq!(endpoint_of(path), None, "{path}");
        }
    }
}
