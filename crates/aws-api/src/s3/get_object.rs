//! `GetObject`.

use std::ops::Range;

use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{self, ChecksumMode, ETag, GetObjectInput, GetObjectOutput, StreamingBlob},
};
use store::{Object, Target};

use super::{Operations, checksums, conditions::Conditions, errors, headers, owner, times};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    errors::refuse(&[
        (input.version_id.is_some_and(|id| id != "null"), "VersionId"),
        (input.part_number.is_some(), "PartNumber"),
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
    ])?;
    let target = Target::new(input.bucket, input.key);
    let object = cx.store.objects().get(&target).await.map_err(errors::from_store)?;
    let conditions = Conditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(object.info())?;
    let range = input.range.map(|range| satisfy(range, object.info().size)).transpose()?;
    let with_checksums = is_enabled(input.checksum_mode.as_ref());
    Ok(shown(object, range.as_ref(), with_checksums))
}

/// Whether a reply shows checksums.
pub(super) fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

/// The bytes that a range asks for.
pub(super) fn satisfy(range: dto::Range, size: u64) -> S3Result<Range<u64>> {
    let unsatisfiable = |_| {
        let text = "The requested range is not satisfiable";
        S3Error::with_message(S3ErrorCode::InvalidRange, text)
    };
    range.check(size).map_err(unsatisfiable)
}

/// `Content-Range` of a range.
pub(super) fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

fn shown(object: Object, range: Option<&Range<u64>>, with_checksums: bool) -> GetObjectOutput {
    let info = object.info().clone();
    let part = range.cloned().unwrap_or(0..info.size);
    let mut output = GetObjectOutput {
        content_length: Some((part.end - part.start) as i64),
        content_range: range.map(|range| content_range(range, info.size)),
        e_tag: Some(ETag::Strong(info.etag)),
        last_modified: Some(times::shown(info.modified)),
        ..GetObjectOutput::default()
    };
    headers::show!(object.headers(), output);
    // The checksums are those of the whole object.
    if with_checksums && range.is_none() {
        let sums = checksums::shown_of(object.headers());
        output.checksum_crc32 = sums.checksum_crc32;
        output.checksum_crc32c = sums.checksum_crc32c;
        output.checksum_crc64nvme = sums.checksum_crc64nvme;
        output.checksum_sha1 = sums.checksum_sha1;
        output.checksum_sha256 = sums.checksum_sha256;
        output.checksum_type = sums.checksum_type;
    }
    output.body = Some(StreamingBlob::wrap(object.read(part)));
    output
}
