//! What the doors refuse before a call is a call, in the words of the service that it was for.

use std::time::{Duration, Instant};

use aws_wire::{Fault, Protocol, SAGEMAKER_RUNTIME, Service};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Either;
use hyper::body::Incoming;
use telemetry::{Limit, Names, Phase, Trail};

use crate::{
    Aws, Context,
    body::{Body, BodyError, Reader, full},
    claims,
    front::{self, Destination},
    remembered,
    request_id::RequestId,
    s3,
};

impl Aws {
    /// Counts a call that was refused because its client calls too often.
    pub fn count_throttled(&self) {
        self.cx.metrics.server.enforce(Limit::CallsPerClient);
    }

    /// Answers a call that its client may only make in so long.
    pub async fn throttled(&self, request: Request<Incoming>, wait: Duration) -> Response<Body> {
        let id = RequestId::fresh();
        let text = format!(
            "Rate exceeded: your address may make its next call in {:.3} s; the server's `{}` says \
             so.",
            wait.as_secs_f64(),
            Limit::CallsPerClient.setting()
        );
        let service = service_of(&request);
        let fault = Fault::new(throttling_code(service), &*text);
        let mut response = match service {
            Some(service) => fault.response(service, id.as_str()).map(full),
            None => s3::slow_down(&text, id).map(Either::Right),
        };
        self.remember(&request, (id, service), response.status(), (Phase::Admit, &fault));
        retry_after(response.headers_mut(), wait);
        Reader::of_control(&self.cx.metrics, &self.cx.limits).discard(request.into_body()).await;
        response
    }

    /// Keeps what was refused before it was known which operation it is for.
    fn remember<B>(
        &self,
        request: &Request<B>,
        (id, service): (RequestId, Option<&'static Service>),
        status: StatusCode,
        (phase, fault): (Phase, &Fault),
    ) {
        let caller = claims::access_key(request.uri(), request.headers()).unwrap_or_default();
        let names = Names { caller: &caller, resource: request.uri().path(), ..Names::default() };
        let service = service.map_or("s3", |service| service.name);
        let call = remembered::Call { id, service, operation: "unknown", names };
        call.failed(&self.cx, status.as_u16(), Trail::begin(Instant::now(), phase), fault);
    }

    /// Answers a request that is not to be understood in one way only, and ends its connection.
    pub fn objected(&self, request: &Request<Incoming>, text: &str) -> Response<Body> {
        let id = RequestId::fresh();
        let fault = Fault::new("BadRequest", text);
        let service = service_of(request);
        self.remember(request, (id, service), StatusCode::BAD_REQUEST, (Phase::Head, &fault));
        let body = serde_json::json!({ "__type": "BadRequest", "message": text }).to_string();
        let mut response = Response::new(full(body));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert("x-amzn-requestid", id.header());
        response
    }
}

/// What the service calls a client that calls too often.
fn throttling_code(service: Option<&Service>) -> &'static str {
    match service.map(|service| service.protocol) {
        None => "SlowDown",
        Some(Protocol::Query { .. }) => "Throttling",
        Some(Protocol::Json { .. } | Protocol::RestJson) => "ThrottlingException",
    }
}

/// The service whose words the refusal has; none for S3, and for what has none.
fn service_of(request: &Request<Incoming>) -> Option<&'static Service> {
    if Aws::is_invocation(request) {
        return Some(SAGEMAKER_RUNTIME);
    }
    match front::destination(request) {
        Destination::Json(service, _) | Destination::Form(service) => Some(service),
        Destination::Rest(route) => Some(route.service),
        Destination::S3
        | Destination::BesideS3
        | Destination::NoRoute(_)
        | Destination::Elsewhere(_) => None,
    }
}

/// What a key is told that has no call left for so long.
pub(crate) fn key_text(wait: Duration) -> String {
    format!(
        "Rate exceeded: your access key may make its next call in {:.3} s; the server's `{}` says \
         so.",
        wait.as_secs_f64(),
        Limit::CallsPerKey.setting()
    )
}

/// Takes one call from what the key may have, whose signature was verified; if there is none left,
/// says in what time there will be.
pub(crate) fn take_call(cx: &Context, key: &str) -> Result<(), Duration> {
    let taken = cx.keys.take_call(key);
    taken.inspect_err(|_| cx.metrics.server.enforce(Limit::CallsPerKey))
}

/// As [`take_call`], with the error that the service has for it.
pub(crate) fn hold_to_rate(cx: &Context, key: &str, service: &Service) -> Result<(), Fault> {
    take_call(cx, key).map_err(|wait| Fault::new(throttling_code(Some(service)), key_text(wait)))
}

/// Says in how many whole seconds to come back.
pub fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

/// The error for a body that could not be had; `too_long` is the service's code for that.
pub(crate) fn of_body(error: &BodyError, too_long: &'static str) -> Fault {
    let code = match error {
        BodyError::TooLong { .. } => too_long,
        BodyError::TooSlow { .. } => "RequestTimeout",
        BodyError::NoRoom { .. } => "ServiceUnavailable",
        BodyError::Broken(_) => "SerializationException",
    };
    Fault::new(code, error.to_string())
}

/// Adds `Retry-After` to an answer that says to come back.
pub(crate) fn with_retry<B>(mut response: Response<B>) -> Response<B> {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        retry_after(response.headers_mut(), Duration::from_secs(1));
    }
    response
}
