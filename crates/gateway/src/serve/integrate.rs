//! The integration itself: nothing, an HTTP server, or an AWS service.

use std::{
    borrow::Cow,
    future::poll_fn,
    pin::Pin,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use resources::rest_apis::IntegrationType;
use serde_json::Value;

use super::{
    call::{Call, Pairs},
    http::{HttpCall, HttpFailure},
    request::Outgoing,
    target::query_text,
    way::Way,
};
use crate::{
    Gateway,
    aws::{AwsAnswer, AwsAnswering, AwsRequest},
    headers::Headers,
    refusal::{INTEGRATION_FAILURE, INTEGRATION_TIMEOUT, Refusal},
};

/// Bytes of an integration's answer at most.
pub(crate) const ANSWER_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What the integration answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Headers<'static>,
    pub(crate) body: Bytes,
}

/// Calls the integration, in the time that it has.
pub(crate) async fn send<'a>(
    gateway: &Gateway,
    call: &Call<'_, 'a>,
    outgoing: Outgoing<'_>,
    way: &mut Way<'a>,
) -> Result<Incoming, Refusal> {
    let timeout = call.plan.integration.timeout;
    let kind = call.plan.integration.kind;
    if kind == IntegrationType::Mock {
        return mock(&outgoing.body);
    }
    way.target = call.plan.integration.target.filled(&outgoing.path, call.surroundings.variables);
    let target = &*way.target;
    match kind {
        IntegrationType::Aws | IntegrationType::AwsProxy => {
            let request = aws_request((call, way.entered()), gateway, outgoing, target)?;
            let port = gateway.aws_port().ok_or_else(|| Refusal::from(&INTEGRATION_FAILURE))?;
            let answer = match port.call(request) {
                AwsAnswering::Ready(answer) => answer,
                AwsAnswering::Pending(answer) => in_time(timeout, answer).await?,
            };
            incoming(gateway, answer.map_err(|_| gateway.no_room())?)
        }
        // A call of another server takes so much room that calls which make none would feel it.
        _ => in_time(timeout, Box::pin(over_http(gateway, call, outgoing, target))).await?,
    }
}

/// What is answered at once needs no timer.
async fn in_time<T>(
    timeout: Duration,
    mut answer: impl Future<Output = T> + Unpin,
) -> Result<T, Refusal> {
    if let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(Pin::new(&mut answer).poll(cx))).await {
        return Ok(answer);
    }
    let answer = Box::pin(tokio::time::timeout(timeout, answer)).await;
    answer.map_err(|_| Refusal::from(&INTEGRATION_TIMEOUT))
}

/// The request's template says the status; what it says besides goes nowhere.
fn mock(body: &[u8]) -> Result<Incoming, Refusal> {
    let status = mock_status(body).ok_or_else(|| {
        Refusal::configuration("Unable to parse statusCode. It should be an integer that is defined in the request template.")
    })?;
    Ok(Incoming { status, ..Incoming::default() })
}

fn mock_status(body: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(body).ok()?;
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        let status = json.get("statusCode")?;
        let read = status.as_u64().or_else(|| status.as_str()?.parse().ok());
        return read.and_then(|status| u16::try_from(status).ok());
    }
    // API Gateway takes names without quotes: `{statusCode: 200}`.
    let after = text.split_once("statusCode")?.1;
    let value = after.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    let digits = value.find(|c: char| !c.is_ascii_digit()).map_or(value, |end| &value[..end]);
    digits.parse().ok()
}

async fn over_http(
    gateway: &Gateway,
    call: &Call<'_, '_>,
    outgoing: Outgoing<'_>,
    address: &str,
) -> Result<Incoming, Refusal> {
    let mut headers = HeaderMap::new();
    outgoing.headers.put_into(&mut headers);
    let request = HttpCall {
        method: method(call)?,
        address: with_query(address, &outgoing.query),
        headers,
        body: outgoing.body,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let shown = request.address.clone();
    note(call, gateway, || format!("Endpoint request URI: {shown}"));
    let answer = gateway.on().http.call(request, gateway.charge()).await;
    answer.map_err(|failure| http_failed(gateway, failure))
}

fn with_query(address: &str, query: &Pairs<'_>) -> String {
    if query.is_empty() {
        return address.to_owned();
    }
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", query_text(query))
}

/// The integration's own method; `ANY` is the caller's.
fn method(call: &Call<'_, '_>) -> Result<Method, Refusal> {
    match call.plan.integration.http_method.as_deref() {
        None | Some("ANY") => Ok(call.surroundings.head.method.clone()),
        Some(name) => Method::from_bytes(name.as_bytes())
            .map_err(|_| Refusal::configuration(format!("`{name}` is no HTTP method"))),
    }
}

fn http_failed(gateway: &Gateway, failure: HttpFailure) -> Refusal {
    match failure {
        HttpFailure::NoRoom => gateway.no_room(),
        HttpFailure::Address(problem) => {
            Refusal::configuration(format!("Invalid endpoint address: {problem}"))
        }
        HttpFailure::Network(problem) => Refusal {
            cause: Some(problem),
            ..Refusal::saying(&INTEGRATION_FAILURE, "Network error communicating with endpoint")
        },
        HttpFailure::TooLong => Refusal::configuration(format!(
            "The endpoint answered more than {ANSWER_BYTES_MAX} bytes, the most that is passed on"
        )),
    }
}

/// The call of an AWS service.
fn aws_request<'r>(
    (call, made): (&'r Call<'_, '_>, Instant),
    gateway: &Gateway,
    outgoing: Outgoing<'r>,
    address: &'r str,
) -> Result<AwsRequest<'r>, Refusal> {
    let place = call.plan.integration.target.service(address).ok_or_else(|| {
        Refusal::configuration(format!("`{address}` is no address of an AWS service"))
    })?;
    if place.service == "lambda" {
        let text = "Lambda functions are not served by clary; COMPATIBILITY.md lists what is";
        let refusal = Refusal::configuration(text);
        return Err(Refusal { message: Some(text.into()), ..refusal });
    }
    let mut query = place.query;
    query.extend(outgoing.query);
    note(call, gateway, || format!("Endpoint request URI: {address}"));
    Ok(AwsRequest {
        service: place.service,
        method: method(call)?,
        target: place.target,
        query,
        headers: outgoing.headers,
        body: outgoing.body,
        role: call.plan.integration.credentials.as_deref().map(Cow::Borrowed),
        made,
    })
}

/// What an AWS service answered.
fn incoming(gateway: &Gateway, answer: AwsAnswer) -> Result<Incoming, Refusal> {
    if answer.body.len() > ANSWER_BYTES_MAX {
        return Err(http_failed(gateway, HttpFailure::TooLong));
    }
    Ok(Incoming { status: answer.status, headers: answer.headers, body: answer.body })
}

fn note(call: &Call<'_, '_>, gateway: &Gateway, text: impl FnOnce() -> String) {
    call.surroundings.log.line(&gateway.on().clock, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_takes_its_status_from_what_is_almost_json() {
        let check = |body: &str, expect: Option<u16>| {
            assert_eq!(mock_status(body.as_bytes()), expect, "{body}");
        };
        check(r#"{"statusCode": 200}"#, Some(200));
        check(r#"{"statusCode": "404", "a": 1}"#, Some(404));
        check("{statusCode: 200}", Some(200));
        check("{'statusCode': 500}", Some(500));
        check("\n{ \"statusCode\" : 201, }", Some(201));
        for body in ["", "{}", "[]", "statusCode", r#"{"statusCode": "x"}"#, "{statusCode: x}"] {
            check(body, None);
        }
    }
}
