//! Requests from bytes, in a form that a person can write as a seed.
//!
//! ```text
//! POST /endpoints/iris/invocations?a=1
//! host: localhost
//!
//! the body
//! ```

use http::{HeaderName, HeaderValue, Method, Uri, request::Parts};

/// Method, target and headers, and the body; nothing if an HTTP server would not take them.
pub(crate) fn read(bytes: &[u8]) -> Option<(Parts, &[u8])> {
    let (first, mut rest) = line(bytes);
    let target_at = first.iter().position(|byte| *byte == b' ')?;
    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = Method::from_bytes(&first[..target_at]).ok()?;
    parts.uri = Uri::try_from(&first[target_at + 1..]).ok()?;
    while !rest.is_empty() {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        let value = HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?;
        parts.headers.try_append(name, value).ok()?;
    }
    Some((parts, rest))
}

/// The first line without its end, and what follows.
pub(crate) fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_request_is_read() {
        let (parts, body) = read(b"PUT /a?b=c\nhost: x\nx-y:z\n\nbody\n").expect("a request");
        assert_eq!((parts.method.as_str(), parts.uri.to_string()), ("PUT", "/a?b=c".to_owned()));
        assert_eq!(
            (&parts.headers["host"], &parts.headers["x-y"]),
            (&"x".parse().expect("a value"), &"z".parse().expect("a value"))
        );
        assert_eq!(body, b"body\n");
    }

    #[test]
    fn what_no_server_takes_is_nothing() {
        for bytes in [&b""[..], b"GET", b"G(T /", b"GET /\nno colon", b"GET /\nn(: v"] {
            assert!(read(bytes).is_none(), "{:?}", bytes.escape_ascii().to_string());
        }
    }
}
