//! Headers of reads that S3 passes over when they make no sense: ranges and dates that can't be
//! read, and several ranges at once, which it does not serve. The S3 library would refuse them.
//!
//! RFC 9110, sections 13.1.3, 13.1.4 and 14.2;
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>

use http::{
    HeaderName, HeaderValue, Method, Request,
    header::{IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, RANGE},
};
use s3s::dto;

use super::headers;

/// Whether the text of a header can be read.
type Readable = fn(&str) -> bool;

static HEADERS: [(HeaderName, Readable); 3] = [
    (RANGE, |text| dto::Range::parse(text).is_ok()),
    (IF_MODIFIED_SINCE, |text| headers::parse_http_date(text).is_some()),
    (IF_UNMODIFIED_SINCE, |text| headers::parse_http_date(text).is_some()),
];

/// Takes the headers that make no sense off a read.
pub(super) fn take_off<B>(request: &mut Request<B>) {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return;
    }
    for (name, is_readable) in &HEADERS {
        let readable = |value: &HeaderValue| value.to_str().is_ok_and(is_readable);
        if request.headers().get(name).is_some_and(|value| !readable(value)) {
            request.headers_mut().remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_taken_off_reads() {
        let check = |method: Method, name: HeaderName, text: &str, stays: bool| {
            let request = Request::builder().method(&method).header(&name, text).body(());
            let mut request = request.expect("a request");
            take_off(&mut request);
            assert_eq!(request.headers().contains_key(&name), stays, "{method} {name}: {text}");
        };
        for (text, stays) in [
            ("bytes=0-1", true),
            ("bytes=-5", true),
            ("bytes=5-", true),
            ("bytes=0-1,3-4", false),
            ("bytes=4-2", false),
            ("bytes=a-", false),
            ("lines=1-2", false),
            ("", false),
        ] {
            check(Method::GET, RANGE, text, stays);
            check(Method::HEAD, RANGE, text, stays);
            check(Method::PUT, RANGE, text, true);
        }
        for name in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            check(Method::GET, name.clone(), "Wed, 02 Jan 2030 03:04:05 GMT", true);
            check(Method::GET, name, "yesterday", false);
        }
    }
}
