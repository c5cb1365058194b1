//! `CreateMultipartUpload`.

use s3s::{
    S3Request, S3Result,
    dto::{CreateMultipartUploadInput, CreateMultipartUploadOutput},
};
use store::Target;

use super::{Operations, errors, headers, multipart_checksums};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let mut input = request.input;
    errors::refuse(&[
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
        (input.object_lock_mode.is_some(), "ObjectLockMode"),
    ])?;
    let (algorithm, kind) = multipart_checksums::of_request(
        input.checksum_algorithm.as_ref(),
        input.checksum_type.as_ref(),
    )?;
    let mut kept = headers::given!(input);
    kept.checksum_algorithm.clone_from(&algorithm);
    kept.checksum_type.clone_from(&kind);
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let begun = cx.store.objects().create_upload(target, kept).await;
    let upload = begun.map_err(errors::from_store)?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id),
        checksum_algorithm: algorithm.map(Into::into),
        checksum_type: kind.map(Into::into),
        ..CreateMultipartUploadOutput::default()
    })
}
