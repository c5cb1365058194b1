//! `ListMultipartUploads`.

use s3s::{
    S3Request, S3Result,
    dto::{
        Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload, Owner,
        StorageClass,
    },
};
use store::{ListUploads, Upload};

use super::{Operations, encoding::Names, errors, list_objects, owner, times};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let max_uploads = list_objects::page_size(input.max_uploads, "max-uploads")?;
    let query = ListUploads {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after: after(input.key_marker.as_deref(), input.upload_id_marker.as_deref()),
        max_uploads,
    };
    let listing = cx.store.objects().uploads(query).await.map_err(errors::from_store)?;
    let truncated = listing.next.is_some();
    let (next_key, next_id) = listing.next.unzip();
    let owner = owner::shown(&cx.account);
    let uploads = listing.uploads.into_iter();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: Some(list_objects::common_prefixes(listing.common_prefixes, names)),
        delimiter: input.delimiter.map(|delimiter| names.show(delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(truncated),
        key_marker: input.key_marker.map(|key| names.show(key)),
        max_uploads: Some(max_uploads as i32),
        next_key_marker: next_key.map(|key| names.show(key)),
        next_upload_id_marker: next_id.flatten(),
        prefix: input.prefix.map(|prefix| names.show(prefix)),
        upload_id_marker: input.upload_id_marker,
        uploads: Some(uploads.map(|upload| shown(upload, names, &owner)).collect()),
        ..ListMultipartUploadsOutput::default()
    })
}

/// Where the list goes on. S3 ignores an id without a key.
fn after(key: Option<&str>, id: Option<&str>) -> Option<(String, Option<String>)> {
    let key = key.filter(|key| !key.is_empty())?;
    let id = id.filter(|id| !id.is_empty());
    Some((key.to_owned(), id.map(str::to_owned)))
}

fn shown(upload: Upload, names: Names, owner: &Owner) -> MultipartUpload {
    MultipartUpload {
        initiator: Some(Initiator { display_name: None, id: owner.id.clone() }),
        owner: Some(owner.clone()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        initiated: Some(times::shown(upload.initiated)),
        key: Some(names.show(upload.key)),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    }
}
