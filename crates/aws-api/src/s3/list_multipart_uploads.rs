//! `ListMultipartUploads`.

use s3s::{
    S3Request, S3Result,
    dto::{ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload},
};
use store::{ListUploads, Upload};

use super::{Operations, encoding::Names, errors, list_objects, owner, times};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    errors::refuse(&[(input.delimiter.is_some(), "Delimiter")])?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let max_uploads = list_objects::page_size(input.max_uploads, "max-uploads")?;
    let query = ListUploads {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        after: input.key_marker.clone().map(|key| (key, input.upload_id_marker.clone())),
        max_uploads,
    };
    let listing = cx.store.objects().uploads(query).await.map_err(errors::from_store)?;
    let last = listing.uploads.last().filter(|_| listing.truncated).cloned();
    let (next_key, next_id) = last.map(|upload| (upload.key, upload.id)).unzip();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        encoding_type: input.encoding_type,
        is_truncated: Some(listing.truncated),
        key_marker: input.key_marker.map(|key| names.show(key)),
        max_uploads: Some(max_uploads as i32),
        next_key_marker: next_key.map(|key| names.show(key)),
        next_upload_id_marker: next_id,
        prefix: input.prefix.map(|prefix| names.show(prefix)),
        upload_id_marker: input.upload_id_marker,
        uploads: Some(listing.uploads.into_iter().map(|upload| shown(upload, names)).collect()),
        ..ListMultipartUploadsOutput::default()
    })
}

fn shown(upload: Upload, names: Names) -> MultipartUpload {
    MultipartUpload {
        initiated: Some(times::shown(upload.initiated)),
        key: Some(names.show(upload.key)),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    }
}
