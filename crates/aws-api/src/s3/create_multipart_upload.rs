//! `CreateMultipartUpload`.

use s3s::{
    S3Request, S3Result,
    dto::{CreateMultipartUploadInput, CreateMultipartUploadOutput},
};
use store::Target;

use super::{Operations, errors, headers};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let mut input = request.input;
    errors::refuse(&[
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
        (input.object_lock_mode.is_some(), "ObjectLockMode"),
    ])?;
    let kept = headers::given!(input);
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let begun = cx.store.objects().create_upload(target, kept).await;
    let upload = begun.map_err(errors::from_store)?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..CreateMultipartUploadOutput::default()
    })
}
