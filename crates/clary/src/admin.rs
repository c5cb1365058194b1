//! `/_clary/…`: health for everyone, metrics and the last requests for this machine and for holders
//! of the admin token, and what test suites need of an ephemeral server.

mod recent;

use std::{net::SocketAddr, time::Duration};

use aws_api::Aws;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;

/// Bytes of an admin request's body.
const BODY_BYTES_MAX: usize = 64 * 1024;

const REQUESTS: &str = "/_clary/requests";

/// Answers the admin paths.
#[derive(Debug)]
pub(crate) struct Admin {
    aws: Aws,
    ephemeral: bool,
    token: Option<String>,
}

/// Body of `POST /_clary/clock`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

impl Admin {
    pub(crate) fn new(aws: Aws, ephemeral: bool, token: Option<String>) -> Self {
        Self { aws, ephemeral, token }
    }

    pub(crate) async fn answer(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> Response<Bytes> {
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            // Who only asks whether we are there, as balancers do, need not read that we are.
            (&Method::GET | &Method::HEAD, "/_clary/health") => health(),
            (&Method::GET, "/_clary/metrics") => self.guarded(peer, &request, || self.metrics()),
            (&Method::GET, path) if path.starts_with(REQUESTS) => {
                self.guarded(peer, &request, || self.requests(&request))
            }
            (&Method::POST, "/_clary/reset") if self.ephemeral => {
                match self.refusal(peer, request.headers()) {
                    Some(refusal) => refusal,
                    None => self.reset().await,
                }
            }
            (&Method::POST, "/_clary/clock") if self.ephemeral => {
                match self.refusal(peer, request.headers()) {
                    Some(refusal) => refusal,
                    None => self.advance_clock(request.into_body()).await,
                }
            }
            (method, _) => {
                error(StatusCode::NOT_FOUND, &format!("there is no `{method} {path}` here"))
            }
        }
    }

    fn guarded(
        &self,
        peer: SocketAddr,
        request: &Request<Incoming>,
        answer: impl FnOnce() -> Response<Bytes>,
    ) -> Response<Bytes> {
        self.refusal(peer, request.headers()).unwrap_or_else(answer)
    }

    /// Admits callers on this machine who also name it, so that no web page can make a browser
    /// call through a name of its own; and holders of the token.
    fn refusal(&self, peer: SocketAddr, headers: &HeaderMap) -> Option<Response<Bytes>> {
        let local = peer.ip().is_loopback() && names_this_machine(headers);
        if local || self.has_token(headers) {
            return None;
        }
        Some(error(
            StatusCode::FORBIDDEN,
            "call from this machine by its loopback name, or send `Authorization: Bearer` with \
             the admin token",
        ))
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        match (&self.token, given) {
            (Some(token), Some(given)) => aws_api::same_secret(token.as_bytes(), given),
            _ => false,
        }
    }

    /// One of the last requests, or a list of them.
    fn requests(&self, request: &Request<Incoming>) -> Response<Bytes> {
        match request.uri().path().strip_prefix(REQUESTS).unwrap_or_default() {
            "" | "/" => match recent::list(&self.aws, request.uri().query().unwrap_or_default()) {
                Ok(list) => json(StatusCode::OK, &list),
                Err(wrong) => error(StatusCode::BAD_REQUEST, &wrong),
            },
            id => {
                let id = id.trim_start_matches('/');
                match recent::one(&self.aws, id) {
                    Some(found) => json(StatusCode::OK, &found),
                    None => error(StatusCode::NOT_FOUND, &recent::unknown(id)),
                }
            }
        }
    }

    fn metrics(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.aws.metrics_text()));
        let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }

    async fn reset(&self) -> Response<Bytes> {
        match self.aws.reset().await {
            Ok(()) => json(StatusCode::OK, &json!({ "status": "empty" })),
            Err(failure) => error(StatusCode::INTERNAL_SERVER_ERROR, failure.message()),
        }
    }

    async fn advance_clock(&self, body: Incoming) -> Response<Bytes> {
        const FORM: &str = "send `{\"advance_seconds\": 3600}`, a number from 0 to 1e9";
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            return error(StatusCode::BAD_REQUEST, FORM);
        };
        match serde_json::from_slice::<Advance>(&body.to_bytes()) {
            Ok(Advance { advance_seconds }) if (0.0..=1e9).contains(&advance_seconds) => {
                let now = self.aws.advance_clock(Duration::from_secs_f64(advance_seconds));
                json(StatusCode::OK, &json!({ "now": now.epoch_seconds_f64() }))
            }
            _ => error(StatusCode::BAD_REQUEST, FORM),
        }
    }
}

fn health() -> Response<Bytes> {
    json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    let name = name.unwrap_or_default();
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn error(status: StatusCode, message: &str) -> Response<Bytes> {
    json(status, &json!({ "message": message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_name_this_machine() {
        let check = |host: &str, expect: bool| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().expect("a value"))]);
            assert_eq!(names_this_machine(&headers), expect, "{host}");
        };
        for host in ["localhost", "localhost:8600", "127.0.0.1:1", "127.8.8.8", "[::1]:8600"] {
            check(host, true);
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", ""] {
            check(host, false);
        }
    }
}
