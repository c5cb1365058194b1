//! `ListObjects`, the first version: pages by marker.

use s3s::{
    S3Request, S3Result,
    dto::{
        ChecksumType, CommonPrefix, ETag, ListObjectsInput, ListObjectsOutput, Object,
        ObjectStorageClass, Owner,
    },
};
use store::{ListObjects, ObjectInfo};

use super::{Operations, encoding::Names, errors, owner, times};

/// Entries of a page, unless fewer are asked for.
const PAGE_MAX: usize = 1000;

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let max_keys = page_size(input.max_keys, "max-keys")?;
    let query = ListObjects {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after: input.marker.clone().filter(|marker| !marker.is_empty()),
        max_keys,
    };
    let listing = cx.store.objects().list(query).await.map_err(errors::from_store)?;
    let owner = owner::shown(&cx.account);
    // Without a delimiter the last key serves as the marker, and S3 leaves this out.
    let next_marker = listing.next.clone().filter(|_| input.delimiter.is_some());
    let objects = listing.objects.into_iter();
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(names.show(input.prefix.unwrap_or_default())),
        marker: Some(names.show(input.marker.unwrap_or_default())),
        max_keys: Some(max_keys as i32),
        is_truncated: Some(listing.next.is_some()),
        contents: Some(objects.map(|object| shown(object, names, Some(&owner))).collect()),
        common_prefixes: Some(common_prefixes(listing.common_prefixes, names)),
        delimiter: input.delimiter.map(|delimiter| names.show(delimiter)),
        next_marker: next_marker.map(|marker| names.show(marker)),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

/// How many entries a page may have.
pub(super) fn page_size(asked: Option<i32>, member: &str) -> S3Result<usize> {
    let Some(asked) = asked else { return Ok(PAGE_MAX) };
    let size = usize::try_from(asked).map_err(|_| {
        errors::invalid_argument(format!("`{member}` is {asked}; give 0 to {PAGE_MAX}"))
    })?;
    Ok(size.min(PAGE_MAX))
}

/// An object as a list shows it.
pub(super) fn shown(object: ObjectInfo, names: Names, owner: Option<&Owner>) -> Object {
    let algorithms = object.checksum_algorithms.into_iter().map(Into::into).collect::<Vec<_>>();
    Object {
        checksum_type: (!algorithms.is_empty()).then(|| {
            let over = object.checksum_type;
            over.map_or(ChecksumType::from_static(ChecksumType::FULL_OBJECT), Into::into)
        }),
        checksum_algorithm: (!algorithms.is_empty()).then_some(algorithms),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(names.show(object.key)),
        last_modified: Some(times::shown(object.modified)),
        owner: owner.cloned(),
        size: Some(object.size as i64),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

/// Common prefixes as a list shows them.
pub(super) fn common_prefixes(prefixes: Vec<String>, names: Names) -> Vec<CommonPrefix> {
    prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(names.show(prefix)) }).collect()
}
