//! S3: one file per operation, over the store's objects.
//!
//! s3s parses, verifies signatures and writes XML; the files here turn its shapes into calls of
//! the store and back. Operations that have no file answer `NotImplemented` and say which they are.

mod checksums;
mod conditions;
mod encoding;
mod errors;
mod headers;
mod hosts;
mod owner;
mod receive;
mod times;

mod abort_multipart_upload;
mod complete_multipart_upload;
mod copy_object;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket_location;
mod get_object;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod put_object;
mod upload_part;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use hyper::body::{Body as _, Incoming};
use resources::Account;
use s3s::{
    Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    auth::{S3Auth, SecretKey},
    dto,
    service::{S3Service, S3ServiceBuilder},
};
use store::Store;

use crate::request_id::RequestId;

/// Finds the secret of an access key; none if the key does not exist.
pub type SecretLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The S3 API over a store.
#[derive(Clone, Debug)]
pub struct Front {
    service: S3Service,
}

/// The S3 API over `store`. Every call must be signed with a key that `secrets` knows.
pub fn service(store: Store, account: Account, secrets: SecretLookup) -> Front {
    let mut builder = S3ServiceBuilder::new(Operations { store, account });
    builder.set_auth(Auth(secrets));
    builder.set_host(hosts::Hosts);
    Front { service: builder.build() }
}

impl Front {
    /// Answers one request; errors are answers too.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let id = RequestId::fresh();
        let has_body = !request.body().is_end_stream();
        let answer = self.service.call(request.map(Body::from)).await;
        let mut response = answer.unwrap_or_else(|error| {
            tracing::error!(request = %id, ?error, "an S3 call could not be answered");
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
        response.headers_mut().insert(REQUEST_ID, id.header());
        if has_body && !response.status().is_success() {
            // A call that was refused early leaves its body unread, and the connection with it: a
            // client that was not told would send the next call into its end.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

struct Auth(SecretLookup);

#[async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let unknown = || {
            let text = "The AWS Access Key Id you provided does not exist in our records.";
            S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, text)
        };
        (self.0)(access_key).map(SecretKey::from).ok_or_else(unknown)
    }
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

/// The table of operations: each names its module, its input and its output.
macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident;)*) => {
        #[async_trait]
        impl S3 for Operations {
            $(
                async fn $name(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<S3Response<dto::$output>> {
                    $name::call(self, request).await.map(S3Response::new)
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
    get_object(GetObjectInput) -> GetObjectOutput;
    head_bucket(HeadBucketInput) -> HeadBucketOutput;
    head_object(HeadObjectInput) -> HeadObjectOutput;
    list_buckets(ListBucketsInput) -> ListBucketsOutput;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
    list_objects(ListObjectsInput) -> ListObjectsOutput;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    list_parts(ListPartsInput) -> ListPartsOutput;
    put_object(PutObjectInput) -> PutObjectOutput;
    upload_part(UploadPartInput) -> UploadPartOutput;
}
