//! `ListBuckets`.

use s3s::{
    S3Request, S3Result,
    dto::{Bucket, ListBucketsInput, ListBucketsOutput},
};

use super::{Operations, errors, owner, times};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let input = request.input;
    let buckets = cx.store.objects().buckets().await.map_err(errors::from_store)?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let elsewhere =
        input.bucket_region.as_deref().is_some_and(|wanted| wanted != cx.account.region());
    let mut shown: Vec<Bucket> = buckets
        .into_iter()
        .filter(|bucket| {
            !elsewhere && bucket.name.starts_with(prefix) && bucket.name.as_str() > after
        })
        .map(|bucket| Bucket {
            bucket_region: Some(cx.account.region().to_owned()),
            creation_date: Some(times::shown(bucket.created)),
            name: Some(bucket.name),
        })
        .collect();
    let limit = input.max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    let more = shown.len() > limit;
    shown.truncate(limit);
    Ok(ListBucketsOutput {
        continuation_token: shown.last().filter(|_| more).and_then(|last| last.name.clone()),
        buckets: Some(shown),
        owner: Some(owner::shown(&cx.account)),
        prefix: input.prefix,
    })
}
