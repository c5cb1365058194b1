//! Answers that are given below HTTP: to who can't be understood, is too slow, or one too many.
//! What a request means is not known then, so the text is JSON and names the setting.

use std::{sync::Arc, time::Instant};

use aws_api::RequestId;
use telemetry::{Answered, Blame, Failure, Limit, Metrics, Names, Phase, ServerMetrics, Trail};

/// What is answered, but for the id that each answer has.
#[derive(Debug)]
pub(super) struct Plain {
    /// As on the status line: `408 Request Timeout`.
    status: &'static str,
    code: &'static str,
    message: String,
}

impl Plain {
    /// Status and reason, a code as AWS has them, and what to do.
    fn new(status: &'static str, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned() }
    }

    /// The answer as it goes over the wire.
    fn text(&self, id: &str) -> String {
        let Self { status, code, message } = self;
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        let retry = if status.starts_with("503") { "retry-after: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-amzn-errortype: {code}\r\n\
             x-amzn-requestid: {id}\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// The number of the status.
    fn number(&self) -> u16 {
        self.status.get(..3).and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

/// The answers that do not depend on the request.
#[derive(Debug)]
pub(super) struct Refusals {
    pub(super) slow_head: Plain,
    pub(super) connections: Plain,
    pub(super) connections_per_client: Plain,
    long_head: Plain,
    long_uri: Plain,
    nonsense: Plain,
    metrics: Arc<Metrics>,
}

impl Refusals {
    pub(super) fn new(limits: &super::Limits, metrics: Arc<Metrics>) -> Self {
        let head_s = limits.patience.head.as_secs();
        let slow = format!(
            "The head of the request did not come within {head_s} s; send it faster, or raise the \
             server's `head-timeout-seconds`."
        );
        let long = format!(
            "The head of the request is longer than {} bytes or has more than 100 headers; make it \
             shorter, or raise the server's `head-bytes-max`.",
            limits.head_bytes_max
        );
        let many = format!(
            "The server has {} connections open already; try again, use fewer, or raise the \
             server's `connections-max`.",
            limits.connections_max
        );
        let from_one = format!(
            "Your address has {} connections open already; use fewer, or raise the server's \
             `connections-per-client-max`.",
            limits.clients.connections_max.unwrap_or_default()
        );
        let nonsense = "The request is not HTTP/1.1 that can be read; check its first line, its \
                        header lines and its lengths.";
        let uri = "The URI of the request is longer than 65534 bytes; make it shorter.";
        let busy = "503 Service Unavailable";
        Self {
            slow_head: Plain::new("408 Request Timeout", "RequestTimeout", &slow),
            connections: Plain::new(busy, "ServiceUnavailable", &many),
            connections_per_client: Plain::new(busy, "ServiceUnavailable", &from_one),
            long_head: Plain::new(
                "431 Request Header Fields Too Large",
                "RequestHeaderSectionTooLarge",
                &long,
            ),
            long_uri: Plain::new("414 URI Too Long", "RequestUriTooLong", uri),
            nonsense: Plain::new("400 Bad Request", "BadRequest", nonsense),
            metrics,
        }
    }

    /// What to say instead of hyper's own answer to a head that it refuses, which has no text.
    pub(super) fn instead_of(&self, answer: &[u8]) -> Option<&Plain> {
        let status = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        match status {
            b"431" => {
                self.server().enforce(Limit::HeadBytes);
                Some(&self.long_head)
            }
            b"414" => Some(&self.long_uri),
            b"400" => Some(&self.nonsense),
            _ => None,
        }
    }

    /// The answer under an id of its own, by which it is found again.
    pub(super) fn text(&self, plain: &Plain) -> String {
        let id = RequestId::fresh();
        let status = plain.number();
        let mut trail = Trail::begin(Instant::now(), Phase::Head);
        let phase = trail.fail();
        let blame = if status >= 500 { Blame::Server } else { Blame::Caller };
        self.metrics.requests.keep(&Answered {
            id: id.as_str(),
            service: "unknown",
            operation: "unknown",
            status,
            names: Names::default(),
            trail: &trail,
            failure: Some(Failure { code: plain.code, message: &plain.message, blame, phase }),
            rest: None,
        });
        plain.text(id.as_str())
    }

    pub(super) fn server(&self) -> &ServerMetrics {
        &self.metrics.server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_answer_is_whole() {
        let answer = Plain::new("503 Service Unavailable", "ServiceUnavailable", "too many");
        let text = answer.text("some-id");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        assert!(head.contains("\r\nretry-after: 1\r\n"), "{head}");
        assert!(head.contains("\r\nx-amzn-requestid: some-id\r\n"), "{head}");
        assert_eq!(answer.number(), 503);
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
        assert_eq!(body["message"], "too many");
    }
}
