//! `AbortMultipartUpload`.

use s3s::{
    S3Request, S3Result,
    dto::{AbortMultipartUploadInput, AbortMultipartUploadOutput},
};
use store::{Target, UploadId};

use super::{Operations, errors};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = request.input;
    let upload = UploadId { target: Target::new(input.bucket, input.key), id: input.upload_id };
    cx.store.objects().abort_upload(upload).await.map_err(errors::from_store)?;
    Ok(AbortMultipartUploadOutput::default())
}
