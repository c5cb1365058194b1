//! Where a call goes: which API, which stage, and which path below it.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use percent_encoding::percent_decode;

/// Bytes of a path with its query at most.
pub(crate) const URI_BYTES_MAX: usize = 10_240;

/// An API, one of its stages, and a path below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) api: &'a str,
    pub(crate) stage: &'a str,
    /// With its leading slash, escaped as it came.
    pub(crate) path: &'a str,
}

/// Reads `{api}.execute-api.…` with `/{stage}/{path}`, or `/restapis/{api}/{stage}/_user_request_/{path}`.
/// The host is looked up only where the path does not tell.
pub(crate) fn read<'a>(
    host: impl FnOnce() -> Option<&'a str>,
    path: &'a str,
) -> Option<Address<'a>> {
    by_path(path).or_else(|| by_host(host()?, path))
}

fn by_host<'a>(host: &'a str, path: &'a str) -> Option<Address<'a>> {
    let dot = memchr(b'.', host.as_bytes())?;
    let (api, rest) = (&host[..dot], host[dot + 1..].strip_prefix("execute-api")?);
    (rest.is_empty() || rest.starts_with(['.', ':'])).then_some(())?;
    let (stage, path) = first_segment(path);
    Some(Address { api, stage, path })
}

fn by_path(path: &str) -> Option<Address<'_>> {
    let (api, rest) = first_segment(path.strip_prefix("/restapis")?);
    let (stage, rest) = first_segment(rest);
    let below = rest.strip_prefix("/_user_request_")?;
    let path = if below.is_empty() { "/" } else { below };
    (path.starts_with('/') && !api.is_empty()).then_some(Address { api, stage, path })
}

/// The first segment, and what follows it with its slash.
fn first_segment(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match memchr(b'/', path.as_bytes()) {
        Some(end) => (&path[..end], &path[end..]),
        None => (path, "/"),
    }
}

/// Why a path or query is not taken, if so.
pub(crate) fn problem(path: &str, query: &str) -> Option<&'static str> {
    if !is_well_escaped(path) || !is_well_escaped(query) {
        return Some("The path or the query is not percent-encoded UTF-8");
    }
    has_dots(path).then_some("The path has a segment of dots")
}

/// Whether a segment is `.` or `..`, which begins with a slash and a dot.
fn has_dots(path: &str) -> bool {
    let begins = |at: usize| at > 0 && path.as_bytes()[at - 1] == b'/';
    if !memchr_iter(b'.', path.as_bytes()).any(begins) && !is_escaped(path) {
        return false;
    }
    // Escaped slashes part segments, too, for whoever decodes the path.
    let decoded: Cow<'_, [u8]> = percent_decode(path.as_bytes()).into();
    let mut segments = decoded.split(|byte| *byte == b'/');
    segments.any(|segment| segment == b"." || segment == b"..")
}

fn is_escaped(text: &str) -> bool {
    memchr(b'%', text.as_bytes()).is_some()
}

fn is_well_escaped(text: &str) -> bool {
    if !is_escaped(text) {
        return true;
    }
    let hex = |place: usize| text.as_bytes().get(place).is_some_and(u8::is_ascii_hexdigit);
    let escapes = text.bytes().enumerate().filter(|(_, byte)| *byte == b'%');
    escapes.into_iter().all(|(at, _)| hex(at + 1) && hex(at + 2))
        && percent_decode(text.as_bytes()).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apis_are_addressed_by_host_and_by_path() {
        let check = |host: &str, path: &str, expect: Option<(&str, &str, &str)>| {
            let found = read(|| Some(host), path).map(|found| (found.api, found.stage, found.path));
            assert_eq!(found, expect, "{host} {path}");
        };
        check("a1.execute-api.us-east-1.amazonaws.com", "/dev/x/y", Some(("a1", "dev", "/x/y")));
        check("a1.execute-api.localhost:8601", "/dev", Some(("a1", "dev", "/")));
        check("a1.execute-api:8601", "/dev/", Some(("a1", "dev", "/")));
        check("localhost", "/restapis/a1/dev/_user_request_/x", Some(("a1", "dev", "/x")));
        check("localhost", "/restapis/a1/dev/_user_request_", Some(("a1", "dev", "/")));
        check("localhost", "/restapis/a1/dev/_user_request_x", None);
        check("localhost", "/dev/x", None);
        check("a1.example.com", "/dev/x", None);
        check("a1.execute-apis.example.com", "/dev/x", None);
        for path in ["/restapis/a1/resources", "/restapis", "/endpoints/x/invocations", "/"] {
            check("localhost:8600", path, None);
        }
    }

    #[test]
    fn bad_escapes_and_dots_are_found() {
        for (path, query) in [
            ("/a%2", ""),
            ("/a%zz", ""),
            ("/%ff", ""),
            ("/a", "b=%"),
            ("/a/../b", ""),
            ("/a/%2e%2E", ""),
            ("/a%2f..%2fb", ""),
        ] {
            assert!(problem(path, query).is_some(), "{path} {query}");
        }
        for (path, query) in [("/a%20b", "c=%C3%A9"), ("/a..b/...", "x=.."), ("/", "")] {
            assert_eq!(problem(path, query), None, "{path} {query}");
        }
    }
}
