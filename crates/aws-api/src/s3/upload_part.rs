//! `UploadPart`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{ETag, UploadPartInput, UploadPartOutput},
};
use store::{ObjectError, Part, Target, UploadId};

use super::{
    Operations,
    algorithms::DEFAULT,
    checksums, errors, owner,
    receive::{Incoming, receive},
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<UploadPartInput>,
) -> S3Result<(UploadPartOutput, HeaderMap)> {
    let S3Request { input, headers, mut extensions, .. } = request;
    let trailers = extensions.remove();
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let number = u16::try_from(input.part_number)
        .map_err(|_| errors::from_store(ObjectError::PartNumber(input.part_number.into())))?;
    let target = Target::new(input.bucket, input.key);
    let upload = UploadId { target, id: input.upload_id };
    let objects = cx.store.objects();
    // Asked before the body is taken, so that nothing is sent in vain.
    let begun = objects.upload(upload.clone()).await.map_err(errors::from_store)?;
    // Of an upload that chose none, S3 makes its own checksum, whatever a part brings.
    let algorithm = begun.checksum_algorithm.or_else(|| Some(DEFAULT.to_owned()));
    let content_md5 = input.content_md5;
    let incoming = Incoming { body: input.body, headers, trailers, content_md5, algorithm };
    let (stored, sums) = receive(objects, incoming).await?;
    let put = objects.put_part(upload, number, stored, sums);
    Ok(shown(put.await.map_err(errors::from_store)?))
}

fn shown(part: Part) -> (UploadPartOutput, HeaderMap) {
    let sums = checksums::shown(&part.checksums);
    let apart = checksums::shown_apart(&part.checksums);
    let output = UploadPartOutput {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        e_tag: Some(ETag::Strong(part.etag)),
        ..UploadPartOutput::default()
    };
    (output, apart)
}
