//! Bodies of uploads: streamed into the store, hashed and checked on the way.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use futures::StreamExt;
use http::HeaderMap;
use s3s::{S3Error, S3ErrorCode, S3Result, dto::StreamingBlob};
use store::{Objects, Stored};

use super::{
    checksums::{self, Checksums},
    errors,
    signed_body::Trailers,
};

/// The most bytes that one request may store, as on AWS.
const BODY_BYTES_MAX: u64 = 5 << 30;

/// An upload as it arrives.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) body: Option<StreamingBlob>,
    pub(super) headers: HeaderMap,
    pub(super) trailers: Option<Trailers>,
    pub(super) content_md5: Option<String>,
    /// AWS's name of the algorithm that the upload has chosen.
    pub(super) algorithm: Option<String>,
}

/// Stores a body, and checks it against every digest the client gave.
pub(super) async fn receive(
    objects: Objects<'_>,
    incoming: Incoming,
) -> S3Result<(Stored, Checksums)> {
    let mut hasher = checksums::hasher(&incoming.headers, incoming.algorithm.as_deref())?;
    let mut writer = objects.writer();
    let mut size = 0;
    let mut body = incoming.body;
    while let Some(bytes) = next(&mut body).await? {
        size += bytes.len() as u64;
        if size > BODY_BYTES_MAX {
            let text = format!("one request stores {BODY_BYTES_MAX} bytes at most; use parts");
            return Err(S3Error::with_message(S3ErrorCode::EntityTooLarge, text));
        }
        hasher.update(&bytes);
        writer.write(bytes).await.map_err(errors::from_fault)?;
    }
    check_length(&incoming.headers, size)?;
    let mut stated = checksums::stated(&incoming.headers);
    let trailers = incoming.trailers.map(|trailers| trailers.take()).unwrap_or_default();
    checksums::check_trailers(&incoming.headers, &trailers)?;
    stated.extend(checksums::stated(&trailers));
    let computed = hasher.finish();
    checksums::compare(&stated, &computed)?;
    let stored = writer.finish().await.map_err(errors::from_fault)?;
    check_md5(&stored, incoming.content_md5.as_deref())?;
    Ok((stored, computed))
}

async fn next(body: &mut Option<StreamingBlob>) -> S3Result<Option<bytes::Bytes>> {
    let Some(body) = body else { return Ok(None) };
    let broken = |source| {
        let text = "the body broke off, or is not what its signature says";
        let mut error = S3Error::with_message(S3ErrorCode::IncompleteBody, text);
        error.set_source(source);
        error
    };
    body.next().await.transpose().map_err(broken)
}

/// Compares with the length that a chunked body announces; s3s does not. Other bodies have their
/// length from HTTP.
fn check_length(headers: &HeaderMap, size: u64) -> S3Result<()> {
    let announced = headers.get("x-amz-decoded-content-length");
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_none_or(|announced| announced == size) {
        return Ok(());
    }
    let text = "the body does not have the length that `x-amz-decoded-content-length` says";
    Err(S3Error::with_message(S3ErrorCode::IncompleteBody, text))
}

fn check_md5(stored: &Stored, content_md5: Option<&str>) -> S3Result<()> {
    let Some(stated) = content_md5 else { return Ok(()) };
    let Ok(stated) = BASE64.decode(stated) else {
        let text = "The Content-MD5 you specified was invalid.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidDigest, text));
    };
    if stated == stored.md5() {
        return Ok(());
    }
    let text = "The Content-MD5 you specified did not match what we received.";
    Err(S3Error::with_message(S3ErrorCode::BadDigest, text))
}
