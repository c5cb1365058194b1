//! Calls of the services that speak JSON with `X-Amz-Target`, and the way that every call of the
//! table's operations takes: authenticate, route, decode, call, encode, and one place that counts
//! and logs what happened.

use std::time::Instant;

use aws_wire::{Fault, Input, NoRoute, Output, Route, Service};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use resources::{Error, ErrorKind};
use serde_json::{Map, Value};
use telemetry::{Names, Phase, ServerCounter, Trail};

use crate::{
    Context,
    authenticate::{self, Caller},
    body::{Body, Reader, full},
    claims, error,
    operations::{self, Operation},
    refusals, remembered,
    request_id::RequestId,
};

/// What a metric calls an operation that no table has.
const UNKNOWN: &str = "unknown";
/// The code for a body that is too long.
const TOO_LONG: &str = "RequestEntityTooLargeException";

/// Members that AWS does not have: the operation, the header that carries the member, its name. Only
/// clary's own commands send them; a client of AWS never does.
const EXTENSIONS: [(&str, &str, &str); 1] = [("TestInvokeMethod", "x-clary-stage", "claryStage")];

/// Answers a call of the operation that `target` names.
pub(crate) async fn answer(
    cx: &Context,
    service: &'static Service,
    target: &str,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let call = Call::new(cx, service, &parts);
    let route = || {
        only(service, &parts.method, &[Method::POST])?;
        aws_wire::route_target(target).map_err(|none| error::no_route(&none))
    };
    call.answer(body, |_| route()).await
}

/// Refuses the methods that a protocol does not know: AWS finds no operation there.
pub(crate) fn only(service: &Service, method: &Method, known: &[Method]) -> Result<(), Fault> {
    if known.contains(method) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(Method::as_str).collect();
    let (name, known) = (service.name, known.join(" or "));
    let text = format!("Operations of `{name}` are called with {known}, not `{method}`.");
    Err(Fault::new("UnknownOperationException", text))
}

/// Answers a call of the operation that method and path name.
pub(crate) async fn answer_rest(
    cx: &Context,
    route: Route,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    Call::new(cx, route.service, &parts).answer(body, |_| Ok(route)).await
}

/// Answers a call that the server itself makes for `caller`: there is no signature to verify.
pub(crate) async fn answer_inside(
    cx: &Context,
    route: Route,
    (parts, body): (&Parts, &Bytes),
    caller: &Caller,
) -> Response<Bytes> {
    let mut call = Call::new(cx, route.service, parts);
    let (name, outcome) = call.routed(Ok(route), body, caller).await;
    let response = call.remember(name, outcome);
    let status = response.status().as_u16();
    cx.metrics.server.count_request(route.service.name, name, status);
    response
}

/// One call of a service whose operations stand in the table.
pub(crate) struct Call<'a> {
    cx: &'a Context,
    service: &'static Service,
    parts: &'a Parts,
    id: RequestId,
    trail: Trail,
    /// What the call is about, once its members are read.
    resource: String,
}

impl<'a> Call<'a> {
    /// A call that has just come in.
    pub(crate) fn new(cx: &'a Context, service: &'static Service, parts: &'a Parts) -> Self {
        let trail = Trail::begin(Instant::now(), Phase::Body);
        Self { cx, service, parts, id: RequestId::fresh(), trail, resource: String::new() }
    }

    /// Answers the call; `route` finds its operation, which only the body may tell.
    pub(crate) async fn answer(
        mut self,
        body: Incoming,
        route: impl FnOnce(&[u8]) -> Result<Route, Fault>,
    ) -> Response<Body> {
        let (name, outcome) = match self.admit(body).await {
            Ok((body, caller)) => self.routed(route(&body), &body, &caller).await,
            Err(fault) => (UNKNOWN, Err(fault)),
        };
        let response = self.remember(name, outcome);
        let (service, status) = (self.service.name, response.status().as_u16());
        self.cx.metrics.server.count_request(service, name, status);
        tracing::info!(
            request_id = %self.id, service, operation = name, status,
            us = self.trail.arrived().elapsed().as_micros() as u64, "answered",
        );
        response.map(full)
    }

    /// The response, once it is kept how the call came to it.
    fn remember(
        &mut self,
        operation: &'static str,
        outcome: Result<Response<Bytes>, Fault>,
    ) -> Response<Bytes> {
        let (id, service) = (self.id, self.service);
        let caller = claims::access_key(&self.parts.uri, &self.parts.headers).unwrap_or_default();
        let names = Names { caller: &caller, resource: &self.resource, ..Names::default() };
        let asked = remembered::Call { id, service: service.name, operation, names };
        match outcome {
            Ok(response) => {
                self.trail.enter(Phase::Reply);
                asked.answered(self.cx, response.status().as_u16(), &self.trail);
                response
            }
            Err(fault) => {
                let response = refusal(service, &fault, id);
                asked.failed(self.cx, response.status().as_u16(), self.trail.clone(), &fault);
                response
            }
        }
    }

    /// The operation's name as far as it is known, and the reply.
    async fn routed(
        &mut self,
        route: Result<Route, Fault>,
        body: &Bytes,
        caller: &Caller,
    ) -> (&'static str, Result<Response<Bytes>, Fault>) {
        match route.and_then(served) {
            Ok((route, operation)) => {
                (operation.name, self.perform(route, operation, body, caller).await)
            }
            Err(fault) => (UNKNOWN, Err(fault)),
        }
    }

    /// The body of a call that its caller may make, and who that is.
    async fn admit(&mut self, body: Incoming) -> Result<(Bytes, Caller), Fault> {
        let read = Reader::of_control(&self.cx.metrics, &self.cx.limits).read(body).await;
        let body = read.map_err(|error| refusals::of_body(&error, TOO_LONG))?;
        self.trail.enter(Phase::Signature);
        let service = self.service;
        match authenticate::identify(self.cx, self.parts, &body, service.signing_name) {
            Ok(caller) => {
                let key = claims::access_key(&self.parts.uri, &self.parts.headers);
                refusals::hold_to_rate(self.cx, &key.unwrap_or_default(), service)?;
                self.trail.enter(Phase::Decode);
                Ok((body, caller))
            }
            Err(error) => {
                self.cx.metrics.server.count(ServerCounter::SignatureRefused);
                Err(Fault::of_signature(&error, service))
            }
        }
    }

    async fn perform(
        &mut self,
        route: Route,
        operation: &Operation,
        body: &Bytes,
        caller: &Caller,
    ) -> Result<Response<Bytes>, Fault> {
        let Input { mut params, .. } =
            aws_wire::decode(route.service, route.operation, self.parts, body)?;
        params.extend(extensions(operation.name, self.parts));
        self.trail.enter(Phase::Operation);
        self.resource = resource(&params);
        let members = (operation.call)(self.cx, caller, params.into()).await;
        let members = members.map_err(|error| self.failed(operation, &error))?;
        let output = Output { members, payload: None };
        aws_wire::encode(route.service, route.operation, output, self.id.as_str())
            .map_err(|error| self.failed(operation, &Error::internal(error)))
    }

    /// The error for the client; of one that is ours to mend, the cause goes to the log.
    fn failed(&self, operation: &Operation, error: &Error) -> Fault {
        if error.kind() == ErrorKind::Internal {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(request_id = %self.id, operation = operation.name, cause, "{error}");
        }
        error::fault(error, operation.code_of)
    }
}

/// The members that AWS does not have.
fn extensions(operation: &str, parts: &Parts) -> Option<(String, Value)> {
    let (_, header, member) = EXTENSIONS.iter().find(|(name, ..)| *name == operation)?;
    let value = parts.headers.get(*header)?.to_str().ok()?;
    Some(((*member).to_owned(), value.into()))
}

/// The members that say what a call is about, the nearest first.
const RESOURCE_MEMBERS: [&str; 8] = [
    "EndpointName",
    "EndpointConfigName",
    "ModelName",
    "ResourceArn",
    "RoleName",
    "logGroupName",
    "resourceArn",
    "name",
];
/// The members that say it together: where in a REST API something stands.
const PLACE_MEMBERS: [&str; 9] = [
    "restApiId",
    "resourceId",
    "httpMethod",
    "statusCode",
    "modelName",
    "deploymentId",
    "stageName",
    "requestValidatorId",
    "responseType",
];

fn resource(params: &Map<String, Value>) -> String {
    let text = |member: &&str| params.get(*member).and_then(Value::as_str);
    let place: Vec<_> = PLACE_MEMBERS.iter().filter_map(text).collect();
    if !place.is_empty() {
        return place.join("/");
    }
    RESOURCE_MEMBERS.iter().find_map(text).unwrap_or_default().to_owned()
}

fn served(route: Route) -> Result<(Route, &'static Operation), Fault> {
    let (service, name) = (route.service.name, route.operation.name);
    match operations::find(service, name) {
        Some(operation) => Ok((route, operation)),
        None => Err(error::no_route(&NoRoute::NotServed { service, operation: name.to_owned() })),
    }
}

fn refusal(service: &Service, fault: &Fault, id: RequestId) -> Response<Bytes> {
    tracing::debug!(request_id = %id, code = fault.code(), message = fault.message(), "refused");
    refusals::with_retry(fault.response(service, id.as_str()))
}

/// The answer when the task that worked on a call is gone: a panic, which is a bug of ours.
pub(crate) fn broken(id: RequestId) -> Response<Body> {
    let mut response = Response::new(full(r#"{"message":"internal failure"}"#));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert("x-amzn-requestid", id.header());
    response
}
