//! `CopyObject`.

use futures::StreamExt;
use s3s::{
    S3Request, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    },
};
use store::{Object, ObjectInfo, Precondition, Stored, Target};

use super::{Operations, conditions::Conditions, errors, headers, times};

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
    let kept = match input.metadata_directive.as_ref().map(MetadataDirective::as_str) {
        Some(MetadataDirective::REPLACE) => headers::given!(input),
        _ if source == target => return Err(onto_itself()),
        _ => object.headers().clone(),
    };
    let stored = copy(cx, object).await?;
    let put = cx.store.objects().put(target, kept, stored, Precondition::None);
    Ok(shown(put.await.map_err(errors::from_store)?))
}

fn source(source: &CopySource) -> S3Result<Target> {
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

async fn copy(cx: &Operations, object: Object) -> S3Result<Stored> {
    let size = object.info().size;
    let mut reader = object.read(0..size);
    let mut writer = cx.store.objects().writer();
    while let Some(block) = reader.next().await {
        writer.write(block.map_err(errors::from_fault)?).await.map_err(errors::from_fault)?;
    }
    writer.finish().await.map_err(errors::from_fault)
}

fn shown(object: ObjectInfo) -> CopyObjectOutput {
    CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(times::shown(object.modified)),
            ..CopyObjectResult::default()
        }),
        ..CopyObjectOutput::default()
    }
}
