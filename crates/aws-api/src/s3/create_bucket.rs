//! `CreateBucket`.

use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{BucketLocationConstraint, CreateBucketInput, CreateBucketOutput},
};
use store::ObjectError;

use super::{Operations, errors};

/// The region where creating a bucket again is no error, and which has no constraint of its name.
const FIRST_REGION: &str = "us-east-1";

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let input = request.input;
    let wanted = input
        .create_bucket_configuration
        .as_ref()
        .and_then(|configuration| configuration.location_constraint.as_ref())
        .map(BucketLocationConstraint::as_str);
    check_location(cx.account.region(), wanted)?;
    match cx.store.objects().create_bucket(&input.bucket).await {
        Ok(()) => {}
        Err(ObjectError::BucketAlreadyOwnedByYou(_)) if cx.account.region() == FIRST_REGION => {}
        Err(error) => return Err(errors::from_store(error)),
    }
    Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
}

fn check_location(region: &str, wanted: Option<&str>) -> S3Result<()> {
    match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) if wanted != region => {
            let text = format!("buckets of this server are in `{region}`, not in `{wanted}`");
            Err(S3Error::with_message(S3ErrorCode::IllegalLocationConstraintException, text))
        }
        _ => Ok(()),
    }
}
