//! `/_clary/requests…`: the ways of the last requests as JSON. Who may read them is `admin`'s,
//! what is kept of them `telemetry`'s.

use std::time::Duration;

use aws_api::Aws;
use resources::{Clock, Timestamp};
use serde_json::{Value, json};
use telemetry::{Fleet, RequestRecord, Requests, RestCall};

/// Requests on the list unless the caller names a number, and at most.
const LISTED: usize = 20;
const LISTED_MAX: usize = 1000;

/// The request of that id; none if it is not kept any more, or never was.
pub(super) fn one(aws: &Aws, id: &str) -> Option<Value> {
    aws.requests().find(id).map(|record| shown(aws, &record))
}

/// Why there is no such request.
pub(super) fn unknown(id: &str) -> String {
    let kept = Requests::KEPT_PER_THREAD;
    let id: String = id.chars().filter(char::is_ascii_graphic).take(64).collect();
    format!(
        "no request `{id}` is known: of each thread's requests the last {kept} that failed and \
         the last {kept} others are kept, until the server stops; the server's log goes further \
         back"
    )
}

/// The last requests, latest first: `limit=N` of them, `failed=true` for those that failed only.
pub(super) fn list(aws: &Aws, query: &str) -> Result<Value, String> {
    let (mut limit, mut failed_only) = (LISTED, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("limit", number)) => limit = read_limit(number)?,
            Some(("failed", "true")) => failed_only = true,
            Some(("failed", "false")) => failed_only = false,
            _ => return Err(format!("`{pair}` is not understood; give `limit=N`, `failed=true`")),
        }
    }
    let records = aws.requests().latest(limit, failed_only);
    Ok(json!({ "requests": records.iter().map(|record| shown(aws, record)).collect::<Vec<_>>() }))
}

fn read_limit(number: &str) -> Result<usize, String> {
    let limit = number.parse().ok().filter(|limit| (1..=LISTED_MAX).contains(limit));
    limit.ok_or_else(|| format!("`limit` must be 1 to {LISTED_MAX}"))
}

fn shown(aws: &Aws, record: &RequestRecord) -> Value {
    let phases: Vec<_> = record
        .phases()
        .map(|(phase, took)| json!({ "phase": phase.as_str(), "us": us(took) }))
        .collect();
    let error = record.failure().map(|failure| {
        json!({
            "code": failure.code,
            "message": failure.message,
            "phase": failure.phase.as_str(),
            "fault_of": failure.blame.as_str(),
        })
    });
    let mut shown = json!({
        "request_id": record.id(),
        "arrived": arrived(record.age()).epoch_seconds_f64(),
        "service": record.service(),
        "operation": record.operation(),
        "status": record.status(),
        "access_key_id": some(record.caller()),
        "principal": aws.owner_of_key(record.caller()),
        "resource": some(record.resource()),
        "variant": some(record.variant()),
        "model": some(record.model()),
        "fleet": record.fleet().map(Fleet::as_str),
        "us": us(record.took()),
        "phases": phases,
        "error": error,
    });
    if let Some(rest) = record.rest() {
        shown["gateway"] = gateway(aws, &rest);
    }
    shown
}

/// What a call of a REST API has besides, with the call that its integration made of this server.
fn gateway(aws: &Aws, rest: &RestCall<'_>) -> Value {
    let inner = some(rest.inner_id).and_then(|id| aws.requests().find(id));
    json!({
        "extended_request_id": rest.extended_id,
        "api": some(rest.api),
        "stage": some(rest.stage),
        "resource": some(rest.resource),
        "integration": some(rest.integration),
        "target": some(rest.target),
        "answered": rest.answered,
        "request_template": some(rest.request_template),
        "response_template": some(rest.response_template),
        "call": inner.map(|record| shown(aws, &record)),
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Microseconds, to the tenth.
fn us(duration: Duration) -> f64 {
    (duration.as_nanos() / 100) as f64 / 10.0
}

fn arrived(age: Duration) -> Timestamp {
    let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_epoch_ms(Clock::system().epoch_ms().saturating_sub(age_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_tenth_of_a_microsecond() {
        assert!((us(Duration::from_nanos(12_345)) - 12.3).abs() < 1e-9);
        assert!((us(Duration::from_mins(1)) - 6e7).abs() < 1e-9);
    }

    #[test]
    fn a_limit_is_a_number_in_its_bounds() {
        assert_eq!(read_limit("5"), Ok(5));
        for wrong in ["0", "1001", "-1", "x", ""] {
            assert!(read_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_id_is_shown_harmless() {
        let text = unknown(&format!("a\n\u{7}{}", "b".repeat(100)));
        assert!(text.starts_with(&format!("no request `a{}`", "b".repeat(63))), "{text}");
    }
}
