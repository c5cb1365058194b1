//! `HeadBucket`.

use s3s::{
    S3Request, S3Result,
    dto::{HeadBucketInput, HeadBucketOutput},
};

use super::{Operations, errors, owner};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    cx.store.objects().bucket(&input.bucket).await.map_err(errors::from_store)?;
    Ok(HeadBucketOutput {
        bucket_region: Some(cx.account.region().to_owned()),
        ..HeadBucketOutput::default()
    })
}
