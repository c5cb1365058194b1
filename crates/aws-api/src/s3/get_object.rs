//! `GetObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{ChecksumMode, ETag, GetObjectInput, GetObjectOutput, StreamingBlob},
};
use store::{Object, Target};

use super::{
    Operations, checksums, conditions::Conditions, errors, headers, owner, pieces::Piece, times,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<(GetObjectOutput, HeaderMap)> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    errors::refuse(&[
        (input.version_id.is_some_and(|id| id != "null"), "VersionId"),
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
    let piece = Piece::of(&object, input.range, input.part_number)?;
    Ok(shown(object, &piece, is_enabled(input.checksum_mode.as_ref())))
}

/// Whether a reply shows checksums.
pub(super) fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn shown(object: Object, piece: &Piece, with_checksums: bool) -> (GetObjectOutput, HeaderMap) {
    let info = object.info().clone();
    let mut output = GetObjectOutput {
        content_length: Some(piece.length() as i64),
        content_range: piece.content_range(),
        parts_count: piece.parts_count,
        e_tag: Some(ETag::Strong(info.etag)),
        last_modified: Some(times::shown(info.modified)),
        ..GetObjectOutput::default()
    };
    headers::show!(object.headers(), output);
    let mut apart = HeaderMap::new();
    if with_checksums {
        apart = checksums::show!(piece.checksums(object.headers()), output);
    }
    output.body = Some(StreamingBlob::wrap(object.read(piece.bytes.clone())));
    (output, apart)
}
