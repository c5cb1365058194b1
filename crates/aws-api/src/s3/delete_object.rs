//! `DeleteObject`.

use s3s::{
    S3Request, S3Result,
    dto::{DeleteObjectInput, DeleteObjectOutput},
};

use super::{Operations, errors, owner};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    errors::refuse(&[
        (input.version_id.is_some_and(|id| id != "null"), "VersionId"),
        (input.if_match.is_some(), "If-Match"),
    ])?;
    let delete = cx.store.objects().delete(&input.bucket, vec![input.key]);
    delete.await.map_err(errors::from_store)?;
    Ok(DeleteObjectOutput::default())
}
