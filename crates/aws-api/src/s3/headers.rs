//! What is kept with an object: from the members of a request, and back into those of a reply.

use std::collections::{BTreeMap, HashMap};

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{self, TimestampFormat},
};

/// Names and values of all metadata of an object together, as on AWS.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const USER_BYTES_MAX: usize = 2048;

/// What S3 says of an object that was stored without a type.
pub(super) const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// The headers given in a `PutObject` or `CreateMultipartUpload` input.
macro_rules! given {
    ($input:expr) => {{
        let input = &mut $input;
        let standard = [
            ("cache-control", input.cache_control.take()),
            ("content-disposition", input.content_disposition.take()),
            ("content-encoding", $crate::s3::headers::own_encoding(input.content_encoding.take())),
            ("content-language", input.content_language.take()),
            ("content-type", input.content_type.take()),
            ("expires", input.expires.take().as_ref().and_then($crate::s3::headers::http_date)),
        ];
        let given = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        store::Headers {
            standard: standard.into_iter().filter_map(given).collect(),
            user: $crate::s3::headers::user(input.metadata.take().unwrap_or_default())?,
            ..store::Headers::default()
        }
    }};
}

/// Writes what is kept with an object into a `GetObject` or `HeadObject` output.
macro_rules! show {
    ($headers:expr, $output:expr) => {{
        let (headers, output) = (&$headers, &mut $output);
        let header = |name: &str| headers.standard.get(name).cloned();
        output.cache_control = header("cache-control");
        output.content_disposition = header("content-disposition");
        output.content_encoding = header("content-encoding");
        output.content_language = header("content-language");
        output.content_type = Some(
            header("content-type")
                .unwrap_or_else(|| $crate::s3::headers::DEFAULT_CONTENT_TYPE.to_owned()),
        );
        output.expires =
            header("expires").as_deref().and_then($crate::s3::headers::parse_http_date);
        output.metadata = Some(headers.user.clone().into_iter().collect());
        output.accept_ranges = Some("bytes".to_owned());
    }};
}

pub(super) use {given, show};

/// The caller's own metadata, if it is not too long.
pub(super) fn user(metadata: HashMap<String, String>) -> S3Result<BTreeMap<String, String>> {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes <= USER_BYTES_MAX {
        return Ok(metadata.into_iter().collect());
    }
    let text = format!(
        "Your metadata headers exceed the maximum allowed metadata size: names and values have \
         {bytes} bytes, and at most {USER_BYTES_MAX} fit."
    );
    Err(S3Error::with_message(S3ErrorCode::MetadataTooLarge, text))
}

/// The object's own encoding: `aws-chunked` is that of the transfer, and s3s has undone it.
pub(super) fn own_encoding(encoding: Option<String>) -> Option<String> {
    let encoding = encoding?;
    let own: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
    let own = own.join(",");
    (!own.is_empty()).then_some(own)
}

pub(super) fn http_date(time: &dto::Timestamp) -> Option<String> {
    let mut text = Vec::new();
    time.format(TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

pub(super) fn parse_http_date(text: &str) -> Option<dto::Timestamp> {
    dto::Timestamp::parse(TimestampFormat::HttpDate, text).ok()
}
