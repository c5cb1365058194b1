//! `DeleteBucket`.

use s3s::{
    S3Request, S3Result,
    dto::{DeleteBucketInput, DeleteBucketOutput},
};

use super::{Operations, errors, owner};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    cx.store.objects().delete_bucket(&input.bucket).await.map_err(errors::from_store)?;
    Ok(DeleteBucketOutput::default())
}
