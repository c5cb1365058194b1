//! The integration itself: nothing, an HTTP server, or an AWS service.

use std::{borrow::Cow, future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use resources::rest_apis::IntegrationType;
use serde_json::Value;

use super::{
    call::{Call, Pairs},
    http::{HttpCall, HttpFailure},
    request::Outgoing,
    target::{filled, query_text},
    way::Way,
};
use crate::{
    Gateway,
    aws::{AwsRequest, AwsTarget},
    refusal::{INTEGRATION_FAILURE, INTEGRATION_TIMEOUT, Refusal},
};

/// Bytes of an integration's answer at most.
pub(crate) const ANSWER_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What the integration answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Calls the integration, in the time that it has.
pub(crate) async fn send<'a>(
    gateway: &Gateway,
    call: &Call<'a>,
    outgoing: Outgoing<'_>,
    way: &mut Way<'a>,
) -> Result<Incoming, Refusal> {
    let timeout = call.plan.integration.timeout;
    let kind = call.plan.integration.kind;
    if kind == IntegrationType::Mock {
        return mock(&outgoing.body);
    }
    way.target = address(call, &outgoing);
    let target = &*way.target;
    match kind {
        IntegrationType::Aws | IntegrationType::AwsProxy => {
            in_time(timeout, to_aws(gateway, call, outgoing, target)).await
        }
        _ => in_time(timeout, over_http(gateway, call, outgoing, target)).await,
    }
}

/// What is answered at once, as most models answer, needs no timer.
async fn in_time<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let mut answer = pin!(answer);
    if let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await {
        return answer;
    }
    let answer = tokio::time::timeout(timeout, answer).await;
    answer.unwrap_or_else(|_| Err(Refusal::from(&INTEGRATION_TIMEOUT)))
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
    call: &Call<'_>,
    outgoing: Outgoing<'_>,
    address: &str,
) -> Result<Incoming, Refusal> {
    let request = HttpCall {
        method: method(call)?,
        address: with_query(address, &outgoing.query),
        headers: outgoing.headers,
        body: outgoing.body,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let shown = request.address.clone();
    note(call, gateway, || format!("Endpoint request URI: {shown}"));
    let answer = gateway.on().http.call(request, gateway.charge()).await;
    answer.map_err(|failure| http_failed(gateway, failure))
}

/// Where the integration is, for this call.
fn address<'c>(call: &Call<'c>, outgoing: &Outgoing<'_>) -> Cow<'c, str> {
    filled(&call.plan.integration.uri, &outgoing.path, call.surroundings.variables)
}

fn with_query(address: &str, query: &Pairs<'_>) -> String {
    if query.is_empty() {
        return address.to_owned();
    }
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", query_text(query))
}

/// The integration's own method; `ANY` is the caller's.
fn method(call: &Call<'_>) -> Result<Method, Refusal> {
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

async fn to_aws(
    gateway: &Gateway,
    call: &Call<'_>,
    outgoing: Outgoing<'_>,
    address: &str,
) -> Result<Incoming, Refusal> {
    let (service, target, mut query) = aws_address(address).ok_or_else(|| {
        Refusal::configuration(format!("`{address}` is no address of an AWS service"))
    })?;
    if service == "lambda" {
        let text = "Lambda functions are not served by clary; COMPATIBILITY.md lists what is";
        let refusal = Refusal::configuration(text);
        return Err(Refusal { message: Some(text.into()), ..refusal });
    }
    query.extend(outgoing.query);
    note(call, gateway, || format!("Endpoint request URI: {address}"));
    let request = AwsRequest {
        service: service.into(),
        method: method(call)?,
        target,
        query,
        headers: outgoing.headers,
        body: outgoing.body,
        role: call.plan.integration.credentials.as_deref().map(Cow::Borrowed),
    };
    let port = gateway.aws_port().ok_or_else(|| Refusal::from(&INTEGRATION_FAILURE))?;
    let answer = port.call(request).await.map_err(|_| gateway.no_room())?;
    if answer.body.len() > ANSWER_BYTES_MAX {
        return Err(http_failed(gateway, HttpFailure::TooLong));
    }
    Ok(Incoming { status: answer.status, headers: answer.headers, body: answer.body })
}

/// `arn:aws:apigateway:{region}:{service}:{path|action}/{rest}`: the service, what of it is meant,
/// and the query that stands in the address.
fn aws_address(arn: &str) -> Option<(&str, AwsTarget<'_>, Pairs<'_>)> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(4)?;
    let rest = parts.next()?;
    let (form, rest) = rest.split_at(rest.find('/')?);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let target = match form {
        "path" => AwsTarget::Path(with_one_slash(rest).into()),
        "action" => AwsTarget::Action(rest[1..].into()),
        _ => return None,
    };
    Some((service, target, super::call::query(query)))
}

/// A path that begins with slashes, with one of them.
fn with_one_slash(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes - 1..]
}

fn note(call: &Call<'_>, gateway: &Gateway, text: impl FnOnce() -> String) {
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

    #[test]
    fn addresses_of_services_are_read() {
        let check = |rest: &str, expect: Option<(&str, AwsTarget<'_>)>| {
            let arn = format!("arn:aws:apigateway:us-east-1:{rest}");
            let found = aws_address(&arn).map(|(service, target, _)| (service, target));
            assert_eq!(found, expect, "{rest}");
        };
        let path = |path: &'static str| AwsTarget::Path(path.into());
        check("s3:path/bucket/key", Some(("s3", path("/bucket/key"))));
        check(
            "runtime.sagemaker:path//endpoints/e/invocations",
            Some(("runtime.sagemaker", path("/endpoints/e/invocations"))),
        );
        check(
            "sts:action/GetCallerIdentity",
            Some(("sts", AwsTarget::Action("GetCallerIdentity".into()))),
        );
        check(
            "lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations",
            Some((
                "lambda",
                path("/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations"),
            )),
        );
        check("s3:other/x", None);
        check("s3", None);
    }
}
