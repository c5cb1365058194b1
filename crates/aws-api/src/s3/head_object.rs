//! `HeadObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{ETag, HeadObjectInput, HeadObjectOutput},
};
use store::{Object, Target};

use super::{
    Operations, checksums, conditions::Conditions, errors, get_object::is_enabled, headers, owner,
    pieces::Piece, times,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<HeadObjectInput>,
) -> S3Result<(HeadObjectOutput, HeaderMap)> {
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
    Ok(shown(&object, &piece, is_enabled(input.checksum_mode.as_ref())))
}

fn shown(object: &Object, piece: &Piece, with_checksums: bool) -> (HeadObjectOutput, HeaderMap) {
    let info = object.info();
    let mut output = HeadObjectOutput {
        content_length: Some(piece.length() as i64),
        content_range: piece.content_range(),
        parts_count: piece.parts_count,
        e_tag: Some(ETag::Strong(info.etag.clone())),
        last_modified: Some(times::shown(info.modified)),
        ..HeadObjectOutput::default()
    };
    headers::show!(object.headers(), output);
    let mut apart = HeaderMap::new();
    if with_checksums {
        apart = checksums::show!(piece.checksums(object.headers()), output);
    }
    (output, apart)
}
