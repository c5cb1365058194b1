//! Calls of S3 as they are remembered: the S3 library answers them whole, so what is known is
//! what went in, what came out and how long it took.

use std::time::Instant;

use aws_wire::Fault;
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use telemetry::{Names, Phase, Trail};

use crate::{Context, claims, remembered, request_id::RequestId, s3::Front, s3_names};

/// Answers one call of S3.
pub(crate) async fn answer(
    cx: &Context,
    front: &Front,
    request: Request<Incoming>,
) -> Response<s3s::Body> {
    let id = RequestId::fresh();
    let mut trail = Trail::begin(Instant::now(), Phase::Signature);
    let asked = Asked::of(request.method(), request.uri(), request.headers());
    let response = front.handle(request, id, &mut trail).await;
    asked.remember(cx, id, trail, &response);
    response
}

/// Answers a call that the server itself makes.
pub(crate) async fn answer_inside(
    cx: &Context,
    front: &Front,
    request: Request<s3s::Body>,
) -> Response<s3s::Body> {
    let id = RequestId::fresh();
    let trail = Trail::begin(Instant::now(), Phase::Operation);
    let asked = Asked::of(request.method(), request.uri(), request.headers());
    let response = front.answer_inside(request, id).await;
    asked.remember(cx, id, trail, &response);
    response
}

/// What a request asks for, as far as that can be read off it.
struct Asked {
    operation: &'static str,
    path: String,
    caller: String,
}

impl Asked {
    fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            operation: s3_names::operation(method, uri, headers).map_or("unknown", |o| o.name),
            path: uri.path().to_owned(),
            caller: claims::access_key(uri, headers).unwrap_or_default().into_owned(),
        }
    }

    fn remember(
        &self,
        cx: &Context,
        id: RequestId,
        mut trail: Trail,
        response: &Response<s3s::Body>,
    ) {
        let names = Names { caller: &self.caller, resource: &self.path, ..Names::default() };
        let call = remembered::Call { id, service: "s3", operation: self.operation, names };
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            let fault = fault(response);
            return call.failed(cx, status.as_u16(), trail, &fault);
        }
        trail.enter(Phase::Reply);
        call.answered(cx, status.as_u16(), &trail);
    }
}

/// The error in a reply; replies to `HEAD` have none but their status.
fn fault(response: &Response<s3s::Body>) -> Fault {
    let body = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let status = response.status().canonical_reason().unwrap_or("error").to_owned();
    let code = element(&text, "Code").map_or(status, str::to_owned);
    Fault::new(code, element(&text, "Message").unwrap_or_default())
}

/// The text of the first element of that name.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_read_off_the_reply() {
        let xml = "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>";
        assert_eq!(element(xml, "Code"), Some("NoSuchKey"));
        assert_eq!(element(xml, "Message"), Some("gone"));
        assert_eq!(element(xml, "Resource"), None);
    }
}
