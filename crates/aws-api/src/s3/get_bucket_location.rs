//! `GetBucketLocation`.

use s3s::{
    S3Request, S3Result,
    dto::{BucketLocationConstraint, GetBucketLocationInput, GetBucketLocationOutput},
};

use super::{Operations, errors, owner};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    cx.store.objects().bucket(&input.bucket).await.map_err(errors::from_store)?;
    // The first region has no name here.
    let region = Some(cx.account.region()).filter(|region| *region != "us-east-1");
    Ok(GetBucketLocationOutput {
        location_constraint: region.map(|region| BucketLocationConstraint::from(region.to_owned())),
    })
}
