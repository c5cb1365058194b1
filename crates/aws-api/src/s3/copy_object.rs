//! `CopyObject`.

use std::ops::Range;

use futures::StreamExt;
use s3s::{
    S3Request, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    },
};
use store::{Object, ObjectInfo, Precondition, Stored, Target};

use super::{
    Operations,
    algorithms::{DEFAULT, Hasher},
    checksums::{self, Checksums},
    conditions::Conditions,
    errors, headers, times,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let mut input = request.input;
    errors::refuse(&[
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
        (input.copy_source_sse_customer_key.is_some(), "CopySourceSSECustomerKey"),
    ])?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let source = source(&input.copy_source)?;
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let object = cx.store.objects().get(&source).await.map_err(errors::from_store)?;
    conditions.check(object.info())?;
    let replaces = input.metadata_directive.as_ref().map(MetadataDirective::as_str)
        == Some(MetadataDirective::REPLACE);
    if source == target && !replaces {
        return Err(onto_itself());
    }
    let asked = input.checksum_algorithm.take();
    let algorithm = checksums::chosen(asked.as_ref())?;
    let algorithm = algorithm.or_else(|| object.headers().checksums.keys().next().cloned());
    let mut kept = if replaces { headers::given!(input) } else { object.headers().clone() };
    let all = 0..object.info().size;
    let (stored, sums) = copy(cx, object, all, algorithm.as_deref()).await?;
    // A copy is one piece, however its source was uploaded.
    (kept.checksums, kept.checksum_type, kept.checksum_algorithm) = (sums.clone(), None, None);
    kept.part_checksums = Vec::new();
    let put = cx.store.objects().put(target, kept, stored, Precondition::None);
    Ok(shown(put.await.map_err(errors::from_store)?, &sums))
}

/// The object that a copy is made of.
pub(super) fn source(source: &CopySource) -> S3Result<Target> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => {
            Ok(Target::new(bucket.to_string(), key.to_string()))
        }
        _ => Err(errors::not_served("a copy source other than `bucket/key`")),
    }
}

fn onto_itself() -> s3s::S3Error {
    let text = "This copy request is illegal because it is trying to copy an object to itself \
                without changing the object's metadata";
    s3s::S3Error::with_message(s3s::S3ErrorCode::InvalidRequest, text)
}

/// Stores some bytes of an object once more, with their checksum in an algorithm or in S3's own
/// choice.
pub(super) async fn copy(
    cx: &Operations,
    object: Object,
    range: Range<u64>,
    algorithm: Option<&str>,
) -> S3Result<(Stored, Checksums)> {
    let mut hasher = Hasher::default();
    hasher.enable(algorithm.unwrap_or(DEFAULT));
    let mut reader = object.read(range);
    let mut writer = cx.store.objects().writer();
    while let Some(block) = reader.next().await {
        let block = block.map_err(errors::from_fault)?;
        hasher.update(&block);
        writer.write(block).await.map_err(errors::from_fault)?;
    }
    let stored = writer.finish().await.map_err(errors::from_fault)?;
    Ok((stored, hasher.finish()))
}

fn shown(object: ObjectInfo, sums: &Checksums) -> CopyObjectOutput {
    let sums = checksums::in_xml(sums);
    CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(times::shown(object.modified)),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
        }),
        ..CopyObjectOutput::default()
    }
}
