//! `DeleteObjects`.

use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    dto::{DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ObjectIdentifier},
};

use super::{Operations, errors, owner};

const OBJECTS_MAX: usize = 1000;

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let keys = keys(input.delete.objects)?;
    let delete = cx.store.objects().delete(&input.bucket, keys.clone());
    delete.await.map_err(errors::from_store)?;
    let quiet = input.delete.quiet.unwrap_or(false);
    let deleted = |key| DeletedObject { key: Some(key), ..DeletedObject::default() };
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then(|| keys.into_iter().map(deleted).collect()),
        ..DeleteObjectsOutput::default()
    })
}

fn keys(objects: Vec<ObjectIdentifier>) -> S3Result<Vec<String>> {
    if objects.is_empty() || objects.len() > OBJECTS_MAX {
        let text = format!("1 to {OBJECTS_MAX} objects can be deleted at once");
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, text));
    }
    let conditional = objects.iter().any(|object| {
        object.e_tag.is_some()
            || object.size.is_some()
            || object.last_modified_time.is_some()
            || object.version_id.as_deref().is_some_and(|id| id != "null")
    });
    errors::refuse(&[(conditional, "an object with a condition or a version")])?;
    Ok(objects.into_iter().map(|object| object.key).collect())
}
