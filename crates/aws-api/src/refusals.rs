//! What the doors refuse before a call is a call, in the words of the service that it was for.

use std::time::Duration;

use aws_wire::{Fault, Protocol, SAGEMAKER_RUNTIME, Service};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Either;
use hyper::body::Incoming;
use telemetry::Limit;

use crate::{
    Aws,
    body::{Body, BodyError, Reader, full},
    front::{self, Destination},
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
        let mut response = match service_of(&request) {
            Some(service) => {
                let code = match service.protocol {
                    Protocol::Query { .. } => "Throttling",
                    Protocol::Json { .. } | Protocol::RestJson => "ThrottlingException",
                };
                Fault::new(code, text).response(service, id.as_str()).map(full)
            }
            None => s3::slow_down(&text, id).map(Either::Right),
        };
        retry_after(response.headers_mut(), wait);
        Reader::of_control(&self.cx.metrics, &self.cx.limits).discard(request.into_body()).await;
        response
    }

    /// Answers a request that is not to be understood in one way only, and ends its connection.
    pub fn objected(&self, text: &str) -> Response<Body> {
        let body = serde_json::json!({ "__type": "BadRequest", "message": text }).to_string();
        let mut response = Response::new(full(body));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert("x-amzn-requestid", RequestId::fresh().header());
        response
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
        Destination::S3 | Destination::NoRoute(_) | Destination::Elsewhere(_) => None,
    }
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
