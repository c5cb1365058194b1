//! `GetBucketVersioning`: the answer for a bucket that never had versions, which all are.

use s3s::{
    S3Request, S3Result,
    dto::{GetBucketVersioningInput, GetBucketVersioningOutput},
};

use super::{Operations, errors, owner};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    cx.store.objects().bucket(&input.bucket).await.map_err(errors::from_store)?;
    Ok(GetBucketVersioningOutput::default())
}
