//! Calls of the services that speak JSON with `X-Amz-Target`, and the way that every call of the
//! table's operations takes: authenticate, route, decode, call, encode, and one place that counts
//! and logs what happened.

use std::time::Instant;

use aws_wire::{Fault, Input, NoRoute, Output, Route, Service};
use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use resources::{Error, ErrorKind};
use telemetry::ServerCounter;

use crate::{
    Context,
    authenticate::{self, Caller},
    body::{Body, Reader, full},
    error,
    operations::{self, Operation},
    refusals,
    request_id::RequestId,
};

/// What a metric calls an operation that no table has.
const UNKNOWN: &str = "unknown";
/// The code for a body that is too long.
const TOO_LONG: &str = "RequestEntityTooLargeException";

/// Answers a call of the operation that `target` names.
pub(crate) async fn answer(
    cx: &Context,
    service: &'static Service,
    target: &str,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let call = Call::new(cx, service, &parts);
    call.answer(body, |_| aws_wire::route_target(target).map_err(|none| error::no_route(&none)))
        .await
}

/// One call of a service whose operations stand in the table.
pub(crate) struct Call<'a> {
    cx: &'a Context,
    service: &'static Service,
    parts: &'a Parts,
    id: RequestId,
    started: Instant,
}

impl<'a> Call<'a> {
    /// A call that has just come in.
    pub(crate) fn new(cx: &'a Context, service: &'static Service, parts: &'a Parts) -> Self {
        Self { cx, service, parts, id: RequestId::fresh(), started: Instant::now() }
    }

    /// Answers the call; `route` finds its operation, which only the body may tell.
    pub(crate) async fn answer(
        &self,
        body: Incoming,
        route: impl FnOnce(&[u8]) -> Result<Route, Fault>,
    ) -> Response<Body> {
        let (name, outcome) = match self.admit(body).await {
            Ok((body, caller)) => self.routed(route(&body), &body, &caller).await,
            Err(fault) => (UNKNOWN, Err(fault)),
        };
        let (service, id) = (self.service, self.id);
        let response = outcome.unwrap_or_else(|fault| refusal(service, &fault, id));
        let status = response.status().as_u16();
        self.cx.metrics.server.count_request(service.name, name, status);
        tracing::info!(
            request_id = %id, service = service.name, operation = name, status,
            us = self.started.elapsed().as_micros() as u64, "answered",
        );
        response.map(full)
    }

    /// The operation's name as far as it is known, and the reply.
    async fn routed(
        &self,
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
    async fn admit(&self, body: Incoming) -> Result<(Bytes, Caller), Fault> {
        let read = Reader::of_control(&self.cx.metrics, &self.cx.limits).read(body).await;
        let body = read.map_err(|error| refusals::of_body(&error, TOO_LONG))?;
        let service = self.service;
        match authenticate::identify(self.cx, self.parts, &body, service.signing_name) {
            Ok(caller) => Ok((body, caller)),
            Err(error) => {
                self.cx.metrics.server.count(ServerCounter::SignatureRefused);
                Err(Fault::of_signature(&error, service))
            }
        }
    }

    async fn perform(
        &self,
        route: Route,
        operation: &Operation,
        body: &Bytes,
        caller: &Caller,
    ) -> Result<Response<Bytes>, Fault> {
        let Input { params, .. } =
            aws_wire::decode(route.service, route.operation, self.parts, body)?;
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
