//! `ListObjectsV2`: pages by token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use s3s::{
    S3Request, S3Result,
    dto::{ListObjectsV2Input, ListObjectsV2Output},
};
use store::ListObjects;

use super::{
    Operations,
    encoding::Names,
    errors,
    list_objects::{common_prefixes, page_size, shown},
    owner,
};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    owner::check(&cx.account, input.expected_bucket_owner.as_deref())?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let max_keys = page_size(input.max_keys, "max-keys")?;
    let after = match &input.continuation_token {
        Some(token) => Some(read_token(token)?),
        None => input.start_after.clone().filter(|after| !after.is_empty()),
    };
    let query = ListObjects {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        after,
        max_keys,
    };
    let listing = cx.store.objects().list(query).await.map_err(errors::from_store)?;
    let owner = input.fetch_owner.unwrap_or(false).then(|| owner::shown(&cx.account));
    let count = listing.objects.len() + listing.common_prefixes.len();
    let objects = listing.objects.into_iter();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(names.show(input.prefix.unwrap_or_default())),
        max_keys: Some(max_keys as i32),
        key_count: Some(count as i32),
        continuation_token: input.continuation_token,
        is_truncated: Some(listing.next.is_some()),
        next_continuation_token: listing.next.map(|name| BASE64.encode(name)),
        contents: Some(objects.map(|object| shown(object, names, owner.as_ref())).collect()),
        common_prefixes: Some(common_prefixes(listing.common_prefixes, names)),
        delimiter: input.delimiter.map(|delimiter| names.show(delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| names.show(after)),
        ..ListObjectsV2Output::default()
    })
}

/// The name in a token: that of the last entry of the page before.
fn read_token(token: &str) -> S3Result<String> {
    let name = BASE64.decode(token).ok().and_then(|name| String::from_utf8(name).ok());
    name.ok_or_else(|| {
        errors::invalid_argument("The continuation token provided is incorrect".to_owned())
    })
}
