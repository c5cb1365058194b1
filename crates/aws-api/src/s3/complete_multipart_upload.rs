//! `CompleteMultipartUpload`.

use std::collections::HashMap;

use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{self, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag},
};
use store::{Completion, Headers, ObjectError, Part, PartToComplete, Target, UploadId};

use super::{
    Operations, carried, checksums, conditions, errors,
    multipart_checksums::{self, OfParts},
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let S3Request { input, headers, .. } = request;
    let precondition = conditions::of_write(input.if_match, input.if_none_match)?;
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let upload = UploadId { target, id: input.upload_id };
    let objects = cx.store.objects();
    let begun = objects.upload(upload.clone()).await.map_err(errors::from_store)?;
    let uploaded =
        objects.parts(upload.clone(), 0, usize::MAX).await.map_err(errors::from_store)?;
    let chosen = chosen(&listed, uploaded)?;
    let OfParts { sums, kind, of_each } = multipart_checksums::of_parts(&begun, &chosen);
    checksums::compare_known(&checksums::stated(&headers), &sums)?;
    let size: u64 = chosen.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|stated| stated as u64 != size) {
        let text = format!("the parts have {size} bytes, and not as many as was said");
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text));
    }
    let parts = listed.into_iter().map(part).collect::<S3Result<Vec<_>>>()?;
    let completion = Completion {
        parts,
        precondition,
        checksums: sums.clone(),
        checksum_type: kind.clone(),
        part_checksums: of_each,
    };
    let complete = objects.complete_upload(upload, completion).await;
    let object = complete.map_err(errors::from_store)?;
    let sums = checksums::in_xml_of(&Headers { checksums: sums, checksum_type: kind, ..begun });
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(object.etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        ..CompleteMultipartUploadOutput::default()
    })
}

/// The uploaded parts that are listed, whose checksums must be those that the list states. What
/// else is wrong with the list is found by the store.
fn chosen(listed: &[CompletedPart], uploaded: Vec<Part>) -> S3Result<Vec<Part>> {
    let mut by_number: HashMap<i32, Part> =
        uploaded.into_iter().map(|part| (part.number.into(), part)).collect();
    let mut chosen = Vec::with_capacity(listed.len());
    for wanted in listed {
        let Some(number) = wanted.part_number else { continue };
        let Some(part) = by_number.remove(&number) else { continue };
        if !has_checksums(wanted, &part) {
            return Err(errors::from_store(ObjectError::InvalidPart(part.number)));
        }
        chosen.push(part);
    }
    Ok(chosen)
}

fn has_checksums(wanted: &CompletedPart, part: &Part) -> bool {
    let stated = carried::unload(dto::Checksum {
        checksum_crc32: wanted.checksum_crc32.clone(),
        checksum_crc32c: wanted.checksum_crc32c.clone(),
        checksum_crc64nvme: wanted.checksum_crc64nvme.clone(),
        checksum_sha1: wanted.checksum_sha1.clone(),
        checksum_sha256: wanted.checksum_sha256.clone(),
        checksum_type: None,
    });
    stated.iter().all(|(algorithm, sum)| part.checksums.get(algorithm) == Some(sum))
}

fn part(part: CompletedPart) -> S3Result<PartToComplete> {
    let number = part.part_number.and_then(|number| u16::try_from(number).ok());
    let (Some(number), Some(etag)) = (number, part.e_tag) else {
        let text = "every part needs its `PartNumber` and its `ETag`";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, text));
    };
    Ok(PartToComplete { number, etag: etag.into_value() })
}
