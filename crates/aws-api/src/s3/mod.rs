//! S3: one file per operation, over the store's objects.
//!
//! A call is verified by [`admit`], as those of all services are. Then s3s parses it and writes
//! XML; the files here turn its shapes into calls of the store and back. Operations that have no
//! file answer `NotImplemented` and say which they are: [`unserved`].

mod admit;
mod algorithms;
mod carried;
mod checksums;
mod conditions;
mod crc_join;
mod details;
mod documents;
mod encoding;
mod errors;
mod headers;
mod hosts;
mod multipart_checksums;
mod owner;
mod passed_over;
mod pieces;
mod reads;
mod receive;
mod signed_body;
mod times;
mod unserved;
mod uploads;
mod version_2;

mod abort_multipart_upload;
mod complete_multipart_upload;
mod copy_object;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket_location;
mod get_bucket_versioning;
mod get_object;
mod get_object_attributes;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod put_object;
mod upload_part;
mod upload_part_copy;

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use hyper::body::{Body as _, Incoming};
use resources::Account;
use s3s::{
    Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    config::{S3Config, S3ConfigProvider, StaticConfigProvider},
    dto,
    service::{S3Service, S3ServiceBuilder},
};
use store::Store;
use telemetry::{Phase, ServerCounter, Trail};

use admit::Admitted;
use details::Asked;
use signed_body::Verdict;
use unserved::Unserved;
use uploads::{Client, Paced, Uploads};

use crate::{Context, Peer, refusals, request_id::RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The S3 API of a server.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    cx: Arc<Context>,
    service: S3Service,
    /// For URLs signed with version 2.
    signed_with_v2: S3Service,
    uploads: Uploads,
}

impl Front {
    /// The S3 API over the store of `cx`, for calls signed with keys that it knows.
    pub(crate) fn new(cx: Arc<Context>) -> Self {
        let builder = |asks_for_key| {
            let operations = Operations { store: cx.store.clone(), account: cx.account.clone() };
            let mut builder = S3ServiceBuilder::new(operations);
            builder.set_host(hosts::Hosts);
            builder.set_validation(hosts::AnyName);
            builder.set_route(Unserved { asks_for_key });
            // Documents are read before; this is for bodies of what is none.
            builder.set_config(config(cx.limits.control_bytes_max));
            builder
        };
        let mut v2 = builder(true);
        v2.set_auth(version_2::Secrets(Arc::clone(&cx.keys)));
        v2.set_access(version_2::Rates(Arc::clone(&cx)));
        let uploads = Uploads::new(&cx.limits, Arc::clone(&cx.metrics));
        Self { service: builder(false).build(), signed_with_v2: v2.build(), uploads, cx }
    }

    /// Answers one request under that id; errors are answers too.
    pub(crate) async fn handle(
        &self,
        request: Request<Incoming>,
        id: RequestId,
        trail: &mut Trail,
    ) -> Response<Body> {
        let has_body = !request.body().is_end_stream();
        let mut response = self.answer(request, id, trail).await;
        response.headers_mut().insert(REQUEST_ID, id.header());
        if has_body && !response.status().is_success() {
            // A call that was refused early leaves its body unread, and the connection with it: a
            // client that was not told would send the next call into its end.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Answers a call that the server itself makes: there is no signature to verify.
    pub(crate) async fn answer_inside(
        &self,
        request: Request<Body>,
        id: RequestId,
    ) -> Response<Body> {
        let asked = Asked::of(&request);
        let answer = self.service.call(request).await;
        let mut response = asked.told(answer.unwrap_or_else(|error| unanswered(&error, id)));
        response.headers_mut().insert(REQUEST_ID, id.header());
        response
    }

    /// Answers a request whose client must send its body at a pace.
    async fn answer(
        &self,
        request: Request<Incoming>,
        id: RequestId,
        trail: &mut Trail,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let (body, has_stalled) = self.uploads.paced(body);
        let request = Request::from_parts(parts, body);
        let response = self.answer_paced(request, id, trail).await;
        if has_stalled.load(Relaxed) {
            return refusal(self.uploads.stalled(), id);
        }
        response
    }

    async fn answer_paced(
        &self,
        request: Request<Paced>,
        id: RequestId,
        trail: &mut Trail,
    ) -> Response<Body> {
        let asked = Asked::of(&request);
        let answer = match self.admit(request) {
            Ok(admitted) => self.answer_admitted(admitted, id, trail).await,
            Err(error) => Err(error),
        };
        asked.told(answer.unwrap_or_else(|error| refusals::with_retry(refusal(error, id))))
    }

    /// Verifies a call, and holds its key to what it may have.
    fn admit(&self, request: Request<Paced>) -> S3Result<Admitted> {
        if version_2::is_presigned(&request) {
            let key = version_2::claimed_key(&request);
            let request = request.map(Body::http_body_unsync);
            let verdict = Verdict::default();
            return Ok(Admitted { request, verdict, key, is_version_2: true });
        }
        let admitted = admit::admit(&self.cx, request).inspect_err(|_| {
            self.cx.metrics.server.count(ServerCounter::SignatureRefused);
        })?;
        let taken = refusals::take_call(&self.cx, &admitted.key);
        taken.map(|()| admitted).map_err(errors::too_often)
    }

    async fn answer_admitted(
        &self,
        admitted: Admitted,
        id: RequestId,
        trail: &mut Trail,
    ) -> S3Result<Response<Body>> {
        let Admitted { mut request, verdict, key, is_version_2 } = admitted;
        let mut turn = None;
        if documents::is_upload(&request) {
            let address = request.extensions().get().map(|Peer(address)| *address);
            turn = Some(self.uploads.turn(Client { key, address }).await?);
        } else if documents::is_document(&request) {
            let read = documents::read(&self.cx, request).await;
            request = read.map_err(|error| verdict.fault().map_or(error, errors::of_body))?;
        }
        passed_over::take_off(&mut request);
        trail.enter(Phase::Operation);
        let service = if is_version_2 { &self.signed_with_v2 } else { &self.service };
        let answer = service.call(request).await;
        drop(turn);
        // What became of a body that was not the one signed does not matter: it is refused.
        match verdict.fault() {
            Some(fault) => Err(errors::of_body(fault)),
            None => Ok(answer.unwrap_or_else(|error| unanswered(&error, id))),
        }
    }
}

fn config(xml_max_body_size: usize) -> Arc<dyn S3ConfigProvider> {
    let mut config = S3Config::default();
    config.xml_max_body_size = xml_max_body_size;
    Arc::new(StaticConfigProvider::new(Arc::new(config)))
}

/// Whether the bucket stands in the host's name.
pub(crate) fn names_a_bucket(host: &str) -> bool {
    hosts::bucket(host).is_some()
}

/// What S3 says to a client that asks for more than it may have now.
pub(crate) fn slow_down(text: &str, id: RequestId) -> Response<Body> {
    refusal(S3Error::with_message(S3ErrorCode::SlowDown, text.to_owned()), id)
}

/// What S3 says to a call that is signed for directory buckets or functions, and the same as text.
pub(crate) fn refused_beside<B>(request: &Request<B>, id: RequestId) -> (String, Response<Body>) {
    let error = unserved::beside(request);
    let text = error.message().unwrap_or_default().to_owned();
    let mut response = refusal(error, id);
    response.headers_mut().insert(REQUEST_ID, id.header());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    (text, response)
}

fn unanswered(error: &s3s::HttpError, id: RequestId) -> Response<Body> {
    tracing::error!(request_id = %id, ?error, "an S3 call could not be answered");
    broken()
}

fn refusal(mut error: S3Error, id: RequestId) -> Response<Body> {
    error.set_request_id(id.as_str());
    error.to_http_response().unwrap_or_else(|_| broken())
}

fn broken() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// What the operations work with.
struct Operations {
    store: Store,
    account: Account,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").finish_non_exhaustive()
    }
}

/// A reply: most operations give its members, some headers besides.
struct Reply<T>(S3Response<T>);

impl<T> From<T> for Reply<T> {
    fn from(members: T) -> Self {
        Self(S3Response::new(members))
    }
}

impl<T> From<(T, HeaderMap)> for Reply<T> {
    fn from((members, headers): (T, HeaderMap)) -> Self {
        Self(S3Response::with_headers(members, headers))
    }
}

/// The table of operations: each names its module, its input and its output.
macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident;)*) => {
        /// The inputs of those that are served.
        #[cfg(test)]
        const INPUTS: &[&str] = &[$(stringify!($input)),*];

        #[async_trait]
        impl S3 for Operations {
            $(
                async fn $name(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<S3Response<dto::$output>> {
                    $name::call(self, request).await.map(|reply| Reply::from(reply).0)
                }
            )*
        }
    };
}

operations! {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    copy_object(CopyObjectInput) -> CopyObjectOutput;
    create_bucket(CreateBucketInput) -> CreateBucketOutput;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput;
    get_object(GetObjectInput) -> GetObjectOutput;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput;
    head_bucket(HeadBucketInput) -> HeadBucketOutput;
    head_object(HeadObjectInput) -> HeadObjectOutput;
    list_buckets(ListBucketsInput) -> ListBucketsOutput;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
    list_objects(ListObjectsInput) -> ListObjectsOutput;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    list_parts(ListPartsInput) -> ListPartsOutput;
    put_object(PutObjectInput) -> PutObjectOutput;
    upload_part(UploadPartInput) -> UploadPartOutput;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3_operations::OPERATIONS;

    #[test]
    fn what_the_table_calls_served_is() {
        let served = OPERATIONS.iter().filter(|operation| operation.instead.is_none());
        let mut served: Vec<_> = served.map(|operation| operation.name).collect();
        served.sort_unstable();
        let mut here: Vec<_> =
            INPUTS.iter().filter_map(|name| name.strip_suffix("Input")).collect();
        here.sort_unstable();
        assert_eq!(served, here);
    }
}
