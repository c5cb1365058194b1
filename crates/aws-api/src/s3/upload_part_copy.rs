//! `UploadPartCopy`.

use s3s::{
    S3Request, S3Result,
    dto::{self, CopyPartResult, ETag, UploadPartCopyInput, UploadPartCopyOutput},
};
use store::{ObjectError, Part, UploadId};

use super::{
    Operations, checksums, conditions::Conditions, copy_object, errors, owner, pieces, times,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let mut input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    owner::check(&cx.account, input.expected_source_bucket_owner.as_deref())?;
    errors::refuse(&[
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
        (input.copy_source_sse_customer_key.is_some(), "CopySourceSSECustomerKey"),
    ])?;
    let number = u16::try_from(input.part_number)
        .map_err(|_| errors::from_store(ObjectError::PartNumber(input.part_number.into())))?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let target = store::Target::new(input.bucket, input.key);
    let upload = UploadId { target, id: input.upload_id };
    let objects = cx.store.objects();
    let begun = objects.upload(upload.clone()).await.map_err(errors::from_store)?;
    let source = copy_object::source(&input.copy_source)?;
    let object = objects.get(&source).await.map_err(errors::from_store)?;
    conditions.check(object.info())?;
    let size = object.info().size;
    let range = match input.copy_source_range.as_deref() {
        Some(range) => pieces::satisfy(parse(range)?, size)?,
        None => 0..size,
    };
    let algorithm = begun.checksum_algorithm.as_deref();
    let (stored, sums) = copy_object::copy(cx, object, range, algorithm).await?;
    let put = objects.put_part(upload, number, stored, sums).await;
    Ok(shown(put.map_err(errors::from_store)?))
}

fn parse(range: &str) -> S3Result<dto::Range> {
    dto::Range::parse(range).map_err(|_| {
        errors::invalid_argument(format!("`{range}` is not a range such as `bytes=0-9`"))
    })
}

fn shown(part: Part) -> UploadPartCopyOutput {
    let sums = checksums::in_xml(&part.checksums);
    UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(times::shown(part.modified)),
        }),
        ..UploadPartCopyOutput::default()
    }
}
