//! What hyper lets pass and we do not: requests that two readers may take for different ones.
//!
//! A request that states its length twice, or has two hosts, is how requests are smuggled past a
//! proxy (RFC 9112, sections 3.2 and 6.3). One with two signatures may be checked by the one and
//! logged by the other.

use http::{Request, Version, header};

use super::line::Line;

/// Why the request is refused, if it is.
pub(super) fn objection<B>(request: &Request<B>, line: &Line) -> Option<&'static str> {
    let (mut hosts, mut signatures, mut is_chunked) = (0, 0, false);
    for name in request.headers().iter().map(|(name, _)| name) {
        hosts += usize::from(name == header::HOST);
        signatures += usize::from(name == header::AUTHORIZATION);
        is_chunked |= name == header::TRANSFER_ENCODING;
    }
    if hosts > 1 {
        return Some("The request has more than one `Host` header; send one.");
    }
    if hosts == 0 && request.version() == Version::HTTP_11 {
        return Some("The request has no `Host` header; send one.");
    }
    if signatures > 1 {
        return Some("The request has more than one `Authorization` header; send one.");
    }
    // hyper takes the chunks and drops the other length, so only the head as it came tells.
    if is_chunked && line.head_has(states_a_length) {
        return Some(
            "The request has `Content-Length` and `Transfer-Encoding`; send one of the two.",
        );
    }
    None
}

/// Whether a head, which may have a body behind it, has a `Content-Length` line.
fn states_a_length(head: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length";
    let mut lines = head.split(|byte| *byte == b'\n').skip(1);
    lines.by_ref().take_while(|line| !line.trim_ascii().is_empty()).any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(NAME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_states_a_length() {
        let check = |head: &str, expect| {
            let head = format!("POST / HTTP/1.1\r\n{head}");
            assert_eq!(states_a_length(head.as_bytes()), expect, "{head:?}");
        };
        check("Host: a\r\nContent-Length: 1\r\n\r\n", true);
        check("cOnTeNT-LENgth:1\r\n\r\n", true);
        check("Host: a\r\n\r\nContent-Length: 1\r\n\r\n", false);
        check("X-Content-Length: 1\r\nY: content-length\r\n\r\n", false);
    }

    #[test]
    fn there_is_exactly_one_host() {
        let check = |hosts: &[&str], version, expect: bool| {
            let mut request = Request::builder().version(version);
            for host in hosts {
                request = request.header("host", *host);
            }
            let request = request.body(()).expect("a request");
            assert_eq!(objection(&request, &Line::new(None)).is_some(), expect, "{hosts:?}");
        };
        check(&["a"], Version::HTTP_11, false);
        check(&["a", "a"], Version::HTTP_11, true);
        check(&[], Version::HTTP_11, true);
        check(&[], Version::HTTP_10, false);
    }

    #[test]
    fn there_is_one_signature_at_most() {
        let check = |signatures: &[&str], expect: bool| {
            let mut request = Request::builder().header("host", "a");
            for signature in signatures {
                request = request.header("authorization", *signature);
            }
            let request = request.body(()).expect("a request");
            assert_eq!(objection(&request, &Line::new(None)).is_some(), expect, "{signatures:?}");
        };
        check(&[], false);
        check(&["x"], false);
        check(&["x", "x"], true);
    }
}
