//! `CompleteMultipartUpload`.

use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag},
};
use store::{PartToComplete, Target, UploadId};

use super::{Operations, conditions, errors};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let input = request.input;
    let precondition = conditions::of_write(input.if_match, input.if_none_match)?;
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let parts = listed.into_iter().map(part).collect::<S3Result<Vec<_>>>()?;
    let target = Target::new(input.bucket.clone(), input.key.clone());
    let upload = UploadId { target, id: input.upload_id };
    let complete = cx.store.objects().complete_upload(upload, parts, precondition);
    let object = complete.await.map_err(errors::from_store)?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(object.etag)),
        ..CompleteMultipartUploadOutput::default()
    })
}

fn part(part: CompletedPart) -> S3Result<PartToComplete> {
    let number = part.part_number.and_then(|number| u16::try_from(number).ok());
    let (Some(number), Some(etag)) = (number, part.e_tag) else {
        let text = "every part needs its `PartNumber` and its `ETag`";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, text));
    };
    Ok(PartToComplete { number, etag: etag.into_value() })
}
