//! `HeadObject`.

use s3s::{
    S3Request, S3Result,
    dto::{ETag, HeadObjectInput, HeadObjectOutput},
};
use store::{Object, Target};

use super::{
    Operations, checksums, conditions::Conditions, errors, get_object, headers, owner, times,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
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
    let mut output = shown(&object, get_object::is_enabled(input.checksum_mode.as_ref()));
    if let Some(range) = input.range {
        let size = object.info().size;
        let range = get_object::satisfy(range, size)?;
        output.content_length = Some((range.end - range.start) as i64);
        output.content_range = Some(get_object::content_range(&range, size));
    }
    Ok(output)
}

fn shown(object: &Object, with_checksums: bool) -> HeadObjectOutput {
    let info = object.info();
    let mut output = HeadObjectOutput {
        content_length: Some(info.size as i64),
        e_tag: Some(ETag::Strong(info.etag.clone())),
        last_modified: Some(times::shown(info.modified)),
        ..HeadObjectOutput::default()
    };
    headers::show!(object.headers(), output);
    if with_checksums {
        let sums = checksums::shown_of(object.headers());
        output.checksum_crc32 = sums.checksum_crc32;
        output.checksum_crc32c = sums.checksum_crc32c;
        output.checksum_crc64nvme = sums.checksum_crc64nvme;
        output.checksum_sha1 = sums.checksum_sha1;
        output.checksum_sha256 = sums.checksum_sha256;
        output.checksum_type = sums.checksum_type;
    }
    output
}
