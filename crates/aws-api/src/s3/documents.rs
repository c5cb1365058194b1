//! Bodies that are XML documents: read whole at the door, within the bounds of control-plane
//! bodies, and made harmless before the S3 library parses them.

use std::{borrow::Cow, future::poll_fn, pin::Pin};

use aws_wire::plain_xml;
use bytes::{Bytes, BytesMut};
use http::{Method, Request, header::HOST};
use hyper::body::Body as _;
use s3s::{Body, S3Error, S3ErrorCode, S3Result};
use telemetry::{Charge, Limit};

use super::{carried, hosts, unserved};
use crate::{Context, body::BodyError};

/// What S3 says of a document that it cannot read.
pub(super) const MALFORMED: &str = "The XML you provided was not well-formed or did not validate \
                                    against our published schema";

/// Whether the request stores its body, and so has to wait for a turn.
pub(super) fn is_upload<B: hyper::body::Body>(request: &Request<B>) -> bool {
    *request.method() == Method::PUT && !request.body().is_end_stream() && is_object(request)
}

/// Whether the body is a document that somebody reads.
pub(super) fn is_document<B: hyper::body::Body>(request: &Request<B>) -> bool {
    let may = [Method::POST, Method::PUT].contains(request.method());
    may && !request.body().is_end_stream()
        && !is_upload(request)
        && !unserved::is_asked_for(request.method(), request.uri(), request.headers())
}

/// Whether it is about an object itself, and not about its tags or a bucket.
fn is_object<B>(request: &Request<B>) -> bool {
    let path = request.uri().path().trim_start_matches('/');
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let has_key = if host.is_some_and(hosts::names_a_bucket) {
        !path.is_empty()
    } else {
        path.split_once('/').is_some_and(|(_, key)| !key.is_empty())
    };
    let query = request.uri().query().unwrap_or_default();
    let mut parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    has_key
        && !parameters.any(|parameter| parameter.split_once('=').is_none_or(|(_, v)| v.is_empty()))
}

/// The request with its document in memory.
pub(super) async fn read(cx: &Context, request: Request<Body>) -> S3Result<Request<Body>> {
    let (parts, body) = request.into_parts();
    let timeout = cx.limits.body_timeout;
    let whole = tokio::time::timeout(timeout, read_whole(cx, body)).await;
    let whole = whole.unwrap_or_else(|_| Err(refused(cx, &BodyError::TooSlow { timeout })))?;
    let plain = plain_xml(&whole).map_err(|fault| {
        S3Error::with_message(S3ErrorCode::MalformedXML, format!("{MALFORMED}: {fault}"))
    })?;
    let carried = str::from_utf8(&plain).ok().and_then(carried::inward);
    let plain = match (carried, plain) {
        (Some(carried), _) => Bytes::from(carried),
        (None, Cow::Borrowed(_)) => whole.clone(),
        (None, Cow::Owned(plain)) => Bytes::from(plain),
    };
    Ok(Request::from_parts(parts, Body::from(plain)))
}

async fn read_whole(cx: &Context, mut body: Body) -> S3Result<Bytes> {
    let bytes_max = cx.limits.control_bytes_max;
    let too_long = BodyError::TooLong { limit: Limit::ControlBytes, bytes_max };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(refused(cx, &too_long));
    }
    let mut charge = Charge::none(&cx.metrics, cx.limits.bodies_in_flight_bytes_max);
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|task| Pin::new(&mut body).poll_frame(task)).await {
        let piece = frame.map_err(broken)?.into_data().unwrap_or_default();
        if whole.len() + piece.len() > bytes_max {
            return Err(refused(cx, &too_long));
        }
        charge.grow(whole.len() + piece.len()).map_err(|none| refused(cx, &none.into()))?;
        whole.extend_from_slice(&piece);
    }
    Ok(charge.to(whole.freeze()))
}

fn broken(source: s3s::StdError) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::IncompleteBody, "the body broke off");
    error.set_source(source);
    error
}

/// The error for a document that may not be had, which is counted.
fn refused(cx: &Context, error: &BodyError) -> S3Error {
    error.count(&cx.metrics);
    let code = match error {
        BodyError::TooLong { .. } => S3ErrorCode::MaxMessageLengthExceeded,
        BodyError::TooSlow { .. } => S3ErrorCode::RequestTimeout,
        BodyError::NoRoom { .. } => S3ErrorCode::SlowDown,
        BodyError::Broken(_) => S3ErrorCode::IncompleteBody,
    };
    S3Error::with_message(code, error.to_string())
}
