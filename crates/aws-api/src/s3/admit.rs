//! The door of S3: verifies a call as those of every service are, and hands it on as one that
//! carries no signature and whose body is plain.
//!
//! s3s could verify by itself, but by the system's clock alone, without session tokens, and by
//! the retired signature version 2 as well.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use hyper::body::Body as _;
use percent_encoding::percent_decode_str;
use s3s::{Body, S3Error, S3ErrorCode, S3Result};
use sigv4::{Content, Payload, Place};

use super::{
    errors,
    signed_body::{SignedBody, Trailers, Verdict},
    unserved,
    uploads::Paced,
};
use crate::{Context, authenticate};

/// What announces how long a chunked body is without its chunks.
const DECODED_LENGTH: &str = "x-amz-decoded-content-length";

/// A call that its caller may make.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Without its signature.
    pub(super) request: Request<Body>,
    /// What its body will turn out to be.
    pub(super) verdict: Verdict,
    /// The id of the access key that it was signed with.
    pub(super) key: String,
    /// Whether it is the S3 library that verifies it, as it does version 2.
    pub(super) is_version_2: bool,
}

/// Verifies a call, but for its body.
pub(super) fn admit(cx: &Context, request: Request<Paced>) -> S3Result<Admitted> {
    let (mut parts, body) = request.into_parts();
    refuse_forms(&parts)?;
    let payload = if body.is_end_stream() { Payload::Body(b"") } else { Payload::Unread };
    let verified = authenticate::verify_s3(&cx.keys, &cx.clock, &parts, payload)
        .map_err(|error| errors::of_signature(&error, &parts))?;
    let (place, content, chunks) = (verified.claim.place, verified.content, verified.chunks);
    let key = verified.claim.access_key_id.into_owned();
    if let Content::Chunked(_) = content {
        announce_length(&mut parts.headers)?;
    }
    parts.headers.remove(AUTHORIZATION);
    if place != Place::Header {
        without_signature(&mut parts)?;
    }
    let (verdict, trailers) = (Verdict::default(), Trailers::default());
    let body = match (content, chunks) {
        (Content::Verified | Content::Unsigned, _) => Body::http_body_unsync(body),
        (Content::Declared(digest), _) => {
            Body::http_body_unsync(SignedBody::declared(body, digest, verdict.clone()))
        }
        (Content::Chunked(_), chunks) => {
            let length = length_of(&parts.headers);
            let told = (verdict.clone(), trailers.clone());
            let chunks = chunks.expect("a chunked body comes with its chunks: this is a bug");
            Body::http_body_unsync(SignedBody::chunked(body, chunks, length, told))
        }
    };
    parts.extensions.insert(trailers);
    let request = Request::from_parts(parts, body);
    Ok(Admitted { request, verdict, key, is_version_2: false })
}

/// A form carries its signature among its fields.
fn refuse_forms(parts: &Parts) -> S3Result<()> {
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let form = content_type.is_some_and(|text| text.starts_with(b"multipart/form-data"));
    if form && parts.method == Method::POST {
        return Err(unserved::form());
    }
    Ok(())
}

/// The length that counts from here on is that of the data.
fn announce_length(headers: &mut HeaderMap) -> S3Result<()> {
    let length = headers.get(DECODED_LENGTH).filter(|value| number(value).is_some()).cloned();
    let Some(length) = length else {
        let text =
            "a body in chunks needs its length without them in `x-amz-decoded-content-length`";
        return Err(S3Error::with_message(S3ErrorCode::MissingContentLength, text));
    };
    headers.insert(CONTENT_LENGTH, length);
    Ok(())
}

fn length_of(headers: &HeaderMap) -> u64 {
    headers.get(CONTENT_LENGTH).and_then(number).unwrap_or_default()
}

fn number(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}

/// Takes the signature out of the query. What else stands there as `x-amz-…` are headers that a
/// client could not send otherwise, so they become headers again.
fn without_signature(parts: &mut Parts) -> S3Result<()> {
    let query = parts.uri.query().unwrap_or_default();
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if sigv4::is_signature_parameter(name) {
            continue;
        }
        match hoisted(name, value) {
            Some((name, value)) => drop(parts.headers.entry(name).or_insert(value)),
            None => kept.push(pair),
        }
    }
    let path = parts.uri.path();
    let target =
        if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = target.parse().ok();
    parts.uri = Uri::from_parts(uri).map_err(|_| S3Error::new(S3ErrorCode::InvalidURI))?;
    Ok(())
}

fn hoisted(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = name.to_ascii_lowercase();
    if !name.starts_with("x-amz-") {
        return None;
    }
    let value: Vec<u8> = percent_decode_str(value).collect();
    Some((name.parse().ok()?, HeaderValue::from_bytes(&value).ok()?))
}
