//! What a request says of itself before anybody has verified it: the credential
//! `ID/DATE/REGION/SERVICE/…` in its `Authorization` header or its query.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;

/// The access key that it names.
pub(crate) fn access_key<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<Cow<'r, str>> {
    part(credential(uri, headers)?, 0)
}

/// The service of its scope.
pub(crate) fn service<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<Cow<'r, str>> {
    part(credential(uri, headers)?, 3)
}

fn credential<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<Cow<'r, str>> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (_, credential) = value.to_str().ok()?.split_once("Credential=")?;
        return credential.split(',').next().map(Cow::Borrowed);
    }
    let mut pairs = uri.query()?.split('&');
    let credential = pairs.find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    percent_decode_str(credential).decode_utf8().ok()
}

fn part(credential: Cow<'_, str>, index: usize) -> Option<Cow<'_, str>> {
    match credential {
        Cow::Borrowed(text) => text.split('/').nth(index).map(Cow::Borrowed),
        Cow::Owned(text) => text.split('/').nth(index).map(|part| Cow::Owned(part.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_service_stand_in_the_header_or_in_the_query() {
        let check = |query: &str, authorization: Option<&str>, expect: Option<(&str, &str)>| {
            let uri: Uri = format!("/?{query}").parse().expect("a path");
            let value = authorization.map(|value| value.parse().expect("a header's value"));
            let headers: HeaderMap =
                value.map(|value| (header::AUTHORIZATION, value)).into_iter().collect();
            let found = access_key(&uri, &headers).zip(service(&uri, &headers));
            let found = found.as_ref().map(|(key, service)| (&**key, &**service));
            assert_eq!(found, expect, "{query} {authorization:?}");
        };
        let signed = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, Sig=x";
        check("", Some(signed), Some(("AKID", "s3")));
        check("X-Amz-Credential=B/1/r/sts/x", Some(signed), Some(("AKID", "s3")));
        let presigned = "a=b&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fsts%2Faws4_request";
        check(presigned, None, Some(("AKID", "sts")));
        check(presigned, Some("Bearer x"), None);
        check("a=b", None, None);
        check("X-Amz-Credential=AKID", None, None);
    }
}
