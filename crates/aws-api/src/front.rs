//! The front door of the AWS face: which service a request is for.
//!
//! SDKs say it in several ways, and each is asked in turn: the path of an invocation, the
//! `X-Amz-Target` header, the service in the credential's scope, which is all that a form says.
//! What says nothing is S3's, whose requests have no mark of their own.

use std::time::Instant;

use aws_wire::{Fault, NoRoute, Route, Service};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Either;
use hyper::body::Incoming;
use telemetry::{Names, Phase, Trail};

use crate::{
    Aws, Context,
    body::{Body, full},
    claims, error, json_services, query_services, remembered,
    request_id::RequestId,
    s3, s3_calls,
    sagemaker_runtime::invoke_endpoint,
};

/// Where a request goes that is no invocation.
pub(crate) enum Destination {
    Json(&'static Service, String),
    Form(&'static Service),
    S3,
    /// A call of S3 that is signed for what S3 does under another name.
    BesideS3,
    /// An operation that method and path name.
    Rest(Route),
    /// A path of a REST service that no served operation has.
    NoRoute(NoRoute),
    /// What no service here has, as a sentence begins.
    Elsewhere(String),
}

impl Aws {
    /// Whether [`Aws::invoke`] answers the request.
    pub fn is_invocation<B>(request: &Request<B>) -> bool {
        *request.method() == Method::POST
            && invoke_endpoint::endpoint_of(request.uri().path()).is_some()
    }

    /// Answers one `InvokeEndpoint` on the calling thread.
    pub async fn invoke(&self, request: Request<Incoming>) -> Response<Body> {
        invoke_endpoint::answer(&self.cx, request, Instant::now()).await
    }

    /// Answers any other request, on the background runtime.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let aws = self.clone();
        let task = self.cx.background.spawn(async move { aws.answer_apart(request).await });
        task.await.unwrap_or_else(|panic| {
            let id = RequestId::fresh();
            tracing::error!(request_id = %id, %panic, "a call was not finished");
            json_services::broken(id)
        })
    }

    async fn answer_apart(self, request: Request<Incoming>) -> Response<Body> {
        match destination(&request) {
            Destination::Json(service, target) => {
                json_services::answer(&self.cx, service, &target, request).await
            }
            Destination::Form(service) => query_services::answer(&self.cx, service, request).await,
            Destination::Rest(route) => json_services::answer_rest(&self.cx, route, request).await,
            Destination::S3 => {
                s3_calls::answer(&self.cx, &self.s3, request).await.map(Either::Right)
            }
            Destination::BesideS3 => beside_s3(&self.cx, &request),
            Destination::NoRoute(none) => no_route(&self.cx, &none, &request),
            Destination::Elsewhere(what) => elsewhere(&self.cx, &what, &request),
        }
    }
}

pub(crate) fn destination(request: &Request<Incoming>) -> Destination {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some(target) = target {
        return match aws_wire::service_for_target(target) {
            Some((service, _)) => Destination::Json(service, target.to_owned()),
            None => Destination::Elsewhere(foreign(request, target)),
        };
    }
    // A form without a signature names no service; STS refuses it in the form's own protocol.
    let scope = claims::service(request.uri(), request.headers())
        .or_else(|| is_form(request.headers()).then_some("sts".into()));
    if let Some(service) = scope.as_deref().and_then(aws_wire::service_for_form) {
        return Destination::Form(service);
    }
    match scope.as_deref() {
        Some("s3") | None => Destination::S3,
        Some("s3express" | "s3-object-lambda") => Destination::BesideS3,
        Some(name) => match aws_wire::route_path(name, request.method(), request.uri()) {
            Err(NoRoute::UnknownService(name)) => {
                Destination::Elsewhere(format!("Service `{}`", plain(&name)))
            }
            Err(none) => Destination::NoRoute(none),
            Ok(route) => Destination::Rest(route),
        },
    }
}

fn no_route(cx: &Context, none: &NoRoute, request: &Request<Incoming>) -> Response<Body> {
    let id = RequestId::fresh();
    let Some(service) = none.service() else { return json_services::broken(id) };
    let fault = error::no_route(none);
    lost(cx, (id, service.name), request, (fault.status(service), &fault));
    fault.response(service, id.as_str()).map(full)
}

/// Says, as S3 does, that there is none of that.
fn beside_s3(cx: &Context, request: &Request<Incoming>) -> Response<Body> {
    let id = RequestId::fresh();
    let (text, response) = s3::refused_beside(request, id);
    lost(cx, (id, "s3"), request, (response.status(), &Fault::new(CODE, text)));
    response.map(Either::Right)
}

/// Remembers a call that came to no operation.
fn lost(
    cx: &Context,
    (id, service): (RequestId, &'static str),
    request: &Request<Incoming>,
    (status, fault): (StatusCode, &Fault),
) {
    let caller = claims::access_key(request.uri(), request.headers()).unwrap_or_default();
    let names = Names { caller: &caller, resource: request.uri().path(), ..Names::default() };
    let call = remembered::Call { id, service, operation: "unknown", names };
    call.failed(cx, status.as_u16(), Trail::begin(Instant::now(), Phase::Decode), fault);
}

/// Whether the body is a form of the query protocol; S3 takes only such that have several parts.
fn is_form(headers: &http::HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

/// What a target such as `DynamoDB_20120810.GetItem` means, in the service's own name if the
/// signature has it.
fn foreign(request: &Request<Incoming>, target: &str) -> String {
    match (target.rsplit_once('.'), claims::service(request.uri(), request.headers())) {
        (Some((_, operation)), Some(service)) => {
            format!("Operation `{}` of `{}`", plain(operation), plain(&service))
        }
        _ => format!("Service `{}`", plain(target)),
    }
}

/// What of a name can stand in JSON, XML and a log as it is.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).collect()
}

/// Says, in JSON or for the query protocol in XML, that a whole service is not here.
fn elsewhere(cx: &Context, what: &str, request: &Request<Incoming>) -> Response<Body> {
    let id = RequestId::fresh();
    let text = format!("{what} is not served by clary; COMPATIBILITY.md lists what is");
    let fault = Fault::new(CODE, &*text);
    lost(cx, (id, "unknown"), request, (StatusCode::NOT_IMPLEMENTED, &fault));
    let (content_type, body) = if is_form(request.headers()) {
        ("text/xml", query_error(&text, id))
    } else {
        ("application/json", serde_json::json!({ "__type": CODE, "message": text }).to_string())
    };
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(CODE));
    headers.insert("x-amzn-requestid", id.header());
    response
}

const CODE: &str = "NotImplemented";

fn query_error(text: &str, id: RequestId) -> String {
    format!(
        "<ErrorResponse><Error><Type>Receiver</Type><Code>{CODE}</Code><Message>{text}</Message>\
         </Error><RequestId>{id}</RequestId></ErrorResponse>"
    )
}
