//! Calls of the services that speak forms: the body, which must be read and its signature be
//! verified first, says which operation is meant. All else is as in `json_services`.

use aws_wire::{Fault, Route, Service};
use http::{Method, Request, Response, request::Parts};
use hyper::body::Incoming;

use crate::{
    Context,
    body::Body,
    error,
    json_services::{self, Call},
};

/// Answers a call of `service`.
pub(crate) async fn answer(
    cx: &Context,
    service: &'static Service,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    Call::new(cx, service, &parts).answer(body, |body| route(service, &parts, body)).await
}

fn route(service: &'static Service, parts: &Parts, body: &[u8]) -> Result<Route, Fault> {
    json_services::only(service, &parts.method, &[Method::GET, Method::POST])?;
    let action = aws_wire::form_action(service, parts, body)?;
    aws_wire::route_action(service, &action).map_err(|none| error::no_route(&none))
}
