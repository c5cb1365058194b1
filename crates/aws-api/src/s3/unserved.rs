//! Calls that no operation here answers, refused by the operation's name once their signature holds.
//!
//! The S3 library refuses those that it knows with a sentence of its own, and takes those that it
//! does not know for others.

use async_trait::async_trait;
use http::{Extensions, HeaderMap, Method, Request, StatusCode, Uri};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, route::S3Route};

use crate::{
    s3_names,
    s3_operations::{DIRECTORIES, OPERATIONS, Operation},
};

/// Takes those calls from the S3 library after it has verified what it verifies.
#[derive(Debug)]
pub(super) struct Unserved {
    /// Whether it is the library that verifies, so that a call without a key is none of its own.
    pub(super) asks_for_key: bool,
}

#[async_trait]
impl S3Route for Unserved {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _: &mut Extensions,
    ) -> bool {
        is_asked_for(method, uri, headers)
    }

    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        if self.asks_for_key && request.credentials.is_none() {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"));
        }
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        if s3_names::is_half_a_part(&request.method, &request.uri) {
            return Err(half_a_part());
        }
        Err(refusal(s3_names::operation(&request.method, &request.uri, &request.headers)))
    }
}

/// Whether a call asks for what is not served.
pub(super) fn is_asked_for(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    s3_names::is_half_a_part(method, uri)
        || s3_names::operation(method, uri, headers).is_none_or(|found| found.instead.is_some())
}

fn half_a_part() -> S3Error {
    let text = "The upload of a part must have both `uploadId` and `partNumber`; leave both out to put \
                the whole object";
    S3Error::with_message(S3ErrorCode::InvalidArgument, text)
}

/// The refusal of a form: its operation is `PostObject`, whatever else it says.
pub(super) fn form() -> S3Error {
    refusal(OPERATIONS.iter().find(|operation| operation.name == "PostObject"))
}

/// The refusal of a call that is signed for directory buckets or functions. A `ListDirectoryBuckets`
/// differs from a `ListBuckets` in nothing else.
pub(super) fn beside<B>(request: &Request<B>) -> S3Error {
    let asked = s3_names::operation(request.method(), request.uri(), request.headers());
    let Some(Operation { name, instead: None, .. }) = asked else { return refusal(asked) };
    let name = if *name == "ListBuckets" { "ListDirectoryBuckets" } else { name };
    not_served(name, DIRECTORIES)
}

/// Why an operation is not there, and what to do; without one, that S3 has none.
fn refusal(operation: Option<&Operation>) -> S3Error {
    let Some(Operation { name, instead, .. }) = operation else {
        let text = "The specified method is not allowed against this resource; S3 has no operation \
                    of this method, path and query.";
        let mut error = S3Error::with_message(S3ErrorCode::MethodNotAllowed, text);
        error.set_status_code(StatusCode::METHOD_NOT_ALLOWED);
        return error;
    };
    let instead = instead.unwrap_or("COMPATIBILITY.md lists what is");
    not_served(name, instead)
}

fn not_served(name: &str, instead: &str) -> S3Error {
    let text = format!("Operation `{name}` is not served by clary; {instead}");
    S3Error::with_message(S3ErrorCode::NotImplemented, text)
}
