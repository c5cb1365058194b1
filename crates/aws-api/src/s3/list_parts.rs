//! `ListParts`.

use s3s::{
    S3Request, S3Result,
    dto::{self, ETag, Initiator, ListPartsInput, ListPartsOutput, StorageClass},
};
use store::{Part, Target, UploadId};

use super::{Operations, checksums, errors, list_objects::page_size, owner, times};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let limit = page_size(input.max_parts, "max-parts")?;
    let after = u16::try_from(input.part_number_marker.unwrap_or(0)).unwrap_or(u16::MAX);
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let upload = UploadId { target, id: input.upload_id.clone() };
    let objects = cx.store.objects();
    let begun = objects.upload(upload.clone()).await.map_err(errors::from_store)?;
    let listed = objects.parts(upload, after, limit + 1).await;
    let mut parts = listed.map_err(errors::from_store)?;
    // A page of nothing is the end for S3: there is no part from which to go on.
    let more = limit > 0 && parts.len() > limit;
    parts.truncate(limit);
    let owner = owner::shown(&cx.account);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(more),
        max_parts: Some(limit as i32),
        next_part_number_marker: parts.last().filter(|_| more).map(|part| part.number.into()),
        part_number_marker: input.part_number_marker,
        parts: Some(parts.into_iter().map(shown).collect()),
        initiator: Some(Initiator { display_name: None, id: owner.id.clone() }),
        owner: Some(owner),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: begun.checksum_algorithm.map(Into::into),
        checksum_type: begun.checksum_type.map(Into::into),
        ..ListPartsOutput::default()
    })
}

fn shown(part: Part) -> dto::Part {
    let sums = checksums::in_xml(&part.checksums);
    dto::Part {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(times::shown(part.modified)),
        part_number: Some(part.number.into()),
        size: Some(part.size as i64),
    }
}
