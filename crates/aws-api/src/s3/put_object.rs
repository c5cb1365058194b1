//! `PutObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{ETag, PutObjectInput, PutObjectOutput},
};
use store::Target;

use super::{
    Operations, checksums, conditions, errors, headers, owner,
    receive::{Incoming, receive},
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<PutObjectInput>,
) -> S3Result<(PutObjectOutput, HeaderMap)> {
    let S3Request { mut input, headers, mut extensions, .. } = request;
    let trailers = extensions.remove();
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    errors::refuse(&[
        (input.sse_customer_key.is_some(), "SSECustomerKey"),
        (input.object_lock_mode.is_some(), "ObjectLockMode"),
        (input.write_offset_bytes.is_some(), "WriteOffsetBytes"),
    ])?;
    let precondition = conditions::of_write(input.if_match.take(), input.if_none_match.take())?;
    let objects = cx.store.objects();
    // Asked before the body is taken, so that nothing is sent in vain.
    objects.bucket(&input.bucket).await.map_err(errors::from_store)?;
    let content_md5 = input.content_md5.take();
    let body = input.body.take();
    let incoming = Incoming { body, headers, trailers, content_md5, algorithm: None };
    let (stored, sums) = receive(objects, incoming).await?;
    let mut kept = headers::given!(input);
    kept.checksums.clone_from(&sums);
    let target = Target::new(input.bucket, input.key);
    let object =
        objects.put(target, kept, stored, precondition).await.map_err(errors::from_store)?;
    let mut output =
        PutObjectOutput { e_tag: Some(ETag::Strong(object.etag)), ..PutObjectOutput::default() };
    let apart = checksums::show!((sums, None::<String>), output);
    Ok((output, apart))
}
