//! Calls of AWS services that REST APIs make, in process: an invocation on the caller's thread,
//! everything else on the background runtime, with the rules and errors that clients meet.

use std::borrow::Cow;

use aws_wire::{NoRoute, Protocol, Route};
use bytes::{Bytes, BytesMut};
use gateway::aws::{AwsAnswer, AwsAnswering, AwsCall, AwsRequest, AwsTarget};
use http::{HeaderValue, Method, Request, Response, header, request::Parts};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use telemetry::{Charge, NoRoom};

use crate::{
    Aws, Context,
    authenticate::Caller,
    error, json_services,
    request_id::RequestId,
    s3_calls,
    sagemaker_runtime::invoke_endpoint::{self, Inside},
};

/// Bytes of an answer that are read at most: one more than a gateway passes on.
const ANSWER_BYTES_MAX: usize = 10 * 1024 * 1024 + 1;

impl AwsCall for Aws {
    fn call<'a>(&'a self, request: AwsRequest<'a>) -> AwsAnswering<'a> {
        if let Some(call) = invocation(&request) {
            return match call.answer_at_once(&self.cx) {
                Some(answer) => AwsAnswering::Ready(Ok(answer)),
                None => AwsAnswering::Pending(Box::pin(self.invoke_inside(request))),
            };
        }
        let (aws, request) = (self.clone(), request.into_owned());
        let task = self.cx.background.spawn(async move { aws.call_apart(request).await });
        AwsAnswering::Pending(Box::pin(async move {
            task.await.unwrap_or_else(|panic| {
                tracing::error!(%panic, "a call of an integration was not finished");
                Ok(AwsAnswer { status: 500, ..AwsAnswer::default() })
            })
        }))
    }
}

/// The invocation that a call is, if it is one.
fn invocation<'r>(request: &'r AwsRequest<'_>) -> Option<Inside<'r>> {
    let AwsTarget::Path(path) = &request.target else { return None };
    if request.service != "runtime.sagemaker" || request.method != Method::POST {
        return None;
    }
    let endpoint = invoke_endpoint::endpoint_of(path)?;
    let AwsRequest { headers, body, made, .. } = request;
    Some(Inside { endpoint, headers, body, made: *made })
}

impl Aws {
    /// An invocation whose answer has to be waited for.
    async fn invoke_inside(&self, request: AwsRequest<'_>) -> Result<AwsAnswer, NoRoom> {
        match invocation(&request) {
            Some(call) => Ok(call.answer(&self.cx).await),
            None => self.call_apart(request.into_owned()).await,
        }
    }

    async fn call_apart(&self, request: AwsRequest<'static>) -> Result<AwsAnswer, NoRoom> {
        let caller = caller(self, request.role.as_deref());
        let Ok((mut parts, body)) = on_the_wire(&request) else {
            return Ok(AwsAnswer { status: 400, ..AwsAnswer::default() });
        };
        if request.service == "s3" {
            let length = HeaderValue::from(body.len());
            parts.headers.insert(header::CONTENT_LENGTH, length);
            let request = Request::from_parts(parts, s3s::Body::from(body));
            let response = s3_calls::answer_inside(&self.cx, &self.s3, request).await;
            return answered(&self.cx, response).await;
        }
        Ok(match route(&request, &parts) {
            Ok(route) => {
                let call = (&parts, &body);
                answered_at_once(json_services::answer_inside(&self.cx, route, call, &caller).await)
            }
            Err(none) => refused(&none),
        })
    }
}

/// Who calls: the integration's role, else the account itself.
fn caller(aws: &Aws, role: Option<&str>) -> Caller {
    let name = role.and_then(|arn| arn.split_once(":role/")).map(|(_, name)| name);
    let principal = match name.and_then(|path| path.rsplit('/').next()) {
        Some(name) => format!(
            "arn:aws:sts::{}:assumed-role/{name}/BackplaneAssumeRoleSession",
            aws.cx.account.id()
        ),
        None => identity::root_arn(&aws.cx.account),
    };
    Caller { principal }
}

/// The operation that is meant. Services whose operations stand in a header or a form are called
/// by action, those with paths by path.
fn route(request: &AwsRequest<'_>, parts: &Parts) -> Result<Route, NoRoute> {
    let name = request.service.rsplit('.').next().unwrap_or_default();
    match &request.target {
        AwsTarget::Path(_) => aws_wire::route_path(name, &parts.method, &parts.uri),
        AwsTarget::Action(action) => match aws_wire::service_for_form(name) {
            Some(service) => aws_wire::route_action(service, action),
            None => by_target(name, action),
        },
    }
}

fn by_target(name: &str, action: &str) -> Result<Route, NoRoute> {
    let speaks = |service: &&&'static aws_wire::Service| service.signing_name == name;
    let mut services = aws_wire::SERVICES.iter().filter(speaks);
    let prefix = services.find_map(|service| match service.protocol {
        Protocol::Json { target_prefix, .. } => Some(target_prefix),
        Protocol::RestJson | Protocol::Query { .. } => None,
    });
    let prefix = prefix.ok_or_else(|| NoRoute::UnknownService(name.to_owned()))?;
    aws_wire::route_target(&format!("{prefix}.{action}"))
}

fn refused(none: &NoRoute) -> AwsAnswer {
    match none.service() {
        Some(service) => {
            let id = RequestId::fresh();
            answered_at_once(error::no_route(none).response(service, id.as_str()))
        }
        None => AwsAnswer {
            status: 404,
            body: Bytes::from_static(b"<UnknownOperationException/>"),
            ..AwsAnswer::default()
        },
    }
}

/// The call as a client would send it. A call by action of a service that reads forms is a form.
fn on_the_wire(request: &AwsRequest<'_>) -> http::Result<(Parts, Bytes)> {
    let query = form(&request.query);
    let (path, body) = match &request.target {
        AwsTarget::Path(path) if query.is_empty() => (path.to_string(), request.body.clone()),
        AwsTarget::Path(path) => (format!("{path}?{query}"), request.body.clone()),
        AwsTarget::Action(action) if request.body.is_empty() && is_form(&request.service) => {
            ("/".to_owned(), Bytes::from(with_action(action, &request.service, &query)))
        }
        AwsTarget::Action(_) => ("/".to_owned(), request.body.clone()),
    };
    let mut parts =
        Request::builder().method(request.method.clone()).uri(path).body(())?.into_parts().0;
    request.headers.clone().put_into(&mut parts.headers);
    parts.headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    if matches!(request.target, AwsTarget::Action(_)) {
        parts.method = Method::POST;
        if is_form(&request.service) {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            parts.headers.insert(header::CONTENT_TYPE, form);
        }
    }
    Ok((parts, body))
}

fn is_form(service: &str) -> bool {
    aws_wire::service_for_form(service).is_some()
}

fn with_action(action: &str, service: &str, query: &str) -> String {
    let protocol = aws_wire::service_for_form(service).map(|service| service.protocol);
    let version = match protocol {
        Some(Protocol::Query { version, .. }) => version,
        _ => "",
    };
    format!("Action={action}&Version={version}&{query}")
}

fn form(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}

/// What a service answered, read to its end, or as far as to know that it is too long.
async fn answered<B>(cx: &Context, response: Response<B>) -> Result<AwsAnswer, NoRoom>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    match read(cx, body).await {
        Ok(body) => {
            Ok(AwsAnswer { status: head.status.as_u16(), headers: head.headers.into(), body })
        }
        Err(Unread::NoRoom(none)) => Err(none),
        Err(Unread::Broken(error)) => {
            tracing::warn!(error, "the answer to an integration's call could not be read");
            Ok(AwsAnswer { status: 500, ..AwsAnswer::default() })
        }
    }
}

/// Why an answer could not be read.
enum Unread {
    NoRoom(NoRoom),
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// Charged to the account of all bodies, from the first piece on.
async fn read<B>(cx: &Context, mut body: B) -> Result<Bytes, Unread>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut charge = Charge::none(&cx.metrics, cx.limits.bodies_in_flight_bytes_max);
    let mut whole = BytesMut::new();
    while whole.len() < ANSWER_BYTES_MAX
        && let Some(frame) = body.frame().await
    {
        let piece = frame.map_err(|error| Unread::Broken(error.into()))?;
        let piece = piece.into_data().unwrap_or_default();
        charge.grow(whole.len() + piece.len()).map_err(Unread::NoRoom)?;
        whole.extend_from_slice(&piece);
    }
    Ok(charge.to(whole.freeze()))
}

fn answered_at_once(response: Response<Bytes>) -> AwsAnswer {
    let (head, body) = response.into_parts();
    AwsAnswer { status: head.status.as_u16(), headers: head.headers.into(), body }
}
