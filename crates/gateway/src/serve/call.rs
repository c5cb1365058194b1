//! One call on its way through the phases: what came in, and what is known of it.

use std::{borrow::Cow, fmt, net::IpAddr, ops::Deref, sync::OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, request::Parts};
use percent_encoding::percent_decode_str;
use resources::rest_apis::TextMap;

use super::{
    Deployment,
    content::lossy,
    log::Log,
    plan::{MethodPlan, Place},
};
use crate::mapping;

/// Names and values as they came: borrowed wherever nothing had to be decoded.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// One call. What it refers to lives as long as what is served, its own parts as long as it does.
#[derive(Debug)]
pub(crate) struct Call<'c, 'a> {
    pub(crate) surroundings: &'c Surroundings<'a>,
    pub(crate) place: &'a Place,
    pub(crate) plan: &'a MethodPlan,
    pub(crate) parameters: &'c Parameters<'a>,
    /// The parameters as templates see them, made when the first one asks.
    pub(crate) shown: OnceLock<Borrowed<'c>>,
    pub(crate) body: Bytes,
    /// Whether the body was compressed when it came.
    pub(crate) is_unpacked: bool,
    /// Who signed it, once that is known.
    pub(crate) caller: Option<Caller>,
}

impl<'c, 'a> Call<'c, 'a> {
    /// A call of nobody yet.
    pub(crate) fn new(
        surroundings: &'c Surroundings<'a>,
        (place, plan): (&'a Place, &'a MethodPlan),
        parameters: &'c Parameters<'a>,
        body: Bytes,
    ) -> Self {
        Self {
            surroundings,
            place,
            plan,
            parameters,
            shown: OnceLock::new(),
            body,
            is_unpacked: false,
            caller: None,
        }
    }

    /// The parameters, borrowed for a template.
    pub(crate) fn shown(&self) -> mapping::Parameters<'_> {
        self.shown.get_or_init(|| Borrowed::of(self.parameters)).parameters()
    }
}

/// What is known of a call before its method is.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) api: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) deployment: &'a Deployment,
    pub(crate) variables: &'a Pairs<'a>,
    pub(crate) is_canary: Option<bool>,
    pub(crate) account: &'a resources::Account,
    /// What integrations are told that calls them.
    pub(crate) agent: &'a HeaderValue,
    pub(crate) head: &'a Parts,
    /// The path below the stage, escaped as it came.
    pub(crate) path: &'a str,
    pub(crate) ids: Ids<'a>,
    pub(crate) peer: IpAddr,
    pub(crate) received_ms: i64,
    pub(crate) log: Log,
    /// `destinationArn` and `format` of the stage's access log.
    pub(crate) access_log: Option<&'a TextMap>,
}

/// The names under which a call is found again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids<'a> {
    pub(crate) request: &'a str,
    pub(crate) extended: Mark<16>,
    /// `Root=1-{seconds}-{random}`, the seconds in 8 digits and what is random in 24.
    pub(crate) trace: Mark<40>,
}

/// An id of `N` ASCII characters, in place.
#[derive(Clone, Copy)]
pub(crate) struct Mark<const N: usize>([u8; N]);

impl<'a> Ids<'a> {
    /// Fresh ids of a call with this request id, which came at that second.
    pub(crate) fn of(request: &'a str, epoch_seconds: i64) -> Self {
        let mut extended = [b'='; 16];
        for letters in extended[..15].chunks_mut(10) {
            put_base64(letters, fastrand::u64(..));
        }
        let mut trace = *b"Root=1-00000000-000000000000000000000000";
        put_hex(&mut trace[7..15], epoch_seconds as u64);
        put_hex(&mut trace[16..24], fastrand::u64(..));
        put_hex(&mut trace[24..], fastrand::u64(..));
        Self { request, extended: Mark(extended), trace: Mark(trace) }
    }
}

/// The lowest bits of a number, as many as there is room for, in the letters of base64 for URLs.
fn put_base64(place: &mut [u8], mut bits: u64) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for letter in place {
        *letter = LETTERS[(bits & 63) as usize];
        bits >>= 6;
    }
}

/// The lowest bits of a number, as many as there is room for, in hexadecimal digits.
fn put_hex(place: &mut [u8], mut bits: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(bits & 15) as usize];
        bits >>= 4;
    }
}

impl<const N: usize> Deref for Mark<N> {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.0).expect("it is made of ASCII: this is a bug")
    }
}

impl<const N: usize> fmt::Debug for Mark<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Who signed a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) principal: String,
}

/// A call's parameters, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters<'a> {
    pub(crate) path: Pairs<'a>,
    pub(crate) query: Pairs<'a>,
    pub(crate) header: Pairs<'a>,
}

impl<'a> Parameters<'a> {
    /// Reads the query and the headers; the path's come from the router.
    pub(crate) fn of(head: &'a Parts, path: Pairs<'a>) -> Self {
        Self {
            path,
            query: query(head.uri.query().unwrap_or_default()),
            header: headers(&head.headers),
        }
    }
}

/// Names and values, borrowed for a template: those of the path, then the query's, then headers.
#[derive(Debug)]
pub(crate) struct Borrowed<'p> {
    pairs: Vec<(&'p str, &'p str)>,
    query_at: usize,
    header_at: usize,
}

impl<'p> Borrowed<'p> {
    fn of(Parameters { path, query, header }: &'p Parameters<'_>) -> Self {
        let (query_at, header_at) = (path.len(), path.len() + query.len());
        let mut pairs = Vec::with_capacity(header_at + header.len());
        pairs.extend(path.iter().chain(query).chain(header).map(as_slices));
        Self { pairs, query_at, header_at }
    }

    fn parameters(&self) -> mapping::Parameters<'_> {
        let (rest, header) = self.pairs.split_at(self.header_at);
        let (path, query) = rest.split_at(self.query_at);
        mapping::Parameters { path, query, header }
    }
}

/// Pairs of slices.
pub(crate) fn borrowed<'p>(pairs: &'p Pairs<'_>) -> Vec<(&'p str, &'p str)> {
    pairs.iter().map(as_slices).collect()
}

fn as_slices<'p>((name, value): &'p (Cow<'_, str>, Cow<'_, str>)) -> (&'p str, &'p str) {
    (name, value)
}

/// A query's parameters in their order; `&` and `;` part them, a plus is a blank.
pub(crate) fn query(text: &str) -> Pairs<'_> {
    let (mut pairs, mut rest) = (Pairs::new(), Some(text));
    while let Some(text) = rest {
        let (pair, after) = cut(text, |byte| matches!(byte, b'&' | b';'));
        rest = after;
        if !pair.is_empty() {
            let (name, value) = cut(pair, |byte| byte == b'=');
            pairs.push((decoded(name), decoded(value.unwrap_or_default())));
        }
    }
    pairs
}

/// What stands before the first byte of this kind, which is ASCII, and what after it.
pub(crate) fn cut(text: &str, is_end: impl Fn(u8) -> bool) -> (&str, Option<&str>) {
    match text.bytes().position(is_end) {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return text.into();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

/// Headers as parameters.
pub(crate) fn headers(map: &HeaderMap) -> Pairs<'_> {
    let read = map.iter().map(|(name, value)| (name.as_str().into(), lossy(value.as_bytes())));
    read.collect()
}

/// Of values with the same name, the last counts.
pub(crate) fn last<'p>(pairs: &'p Pairs<'_>, name: &str) -> Option<&'p str> {
    pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// As [`last`], for headers, whose names are found whatever their case.
pub(crate) fn last_header<'p>(pairs: &'p Pairs<'_>, name: &str) -> Option<&'p str> {
    let found = pairs.iter().rfind(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| &**value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_in_order() {
        let check = |text: &str, expect: &[(&str, &str)]| {
            assert_eq!(borrowed(&query(text)), expect, "{text}");
        };
        check("items=101,131,162&", &[("items", "101,131,162")]);
        check("a=1&a=2", &[("a", "1"), ("a", "2")]);
        check("a=b+c%20d&e", &[("a", "b c d"), ("e", "")]);
        check("a=1;b=2", &[("a", "1"), ("b", "2")]);
        check("a=b=c&&", &[("a", "b=c")]);
    }

    #[test]
    fn ids_have_the_shape_of_api_gateways() {
        let ids = Ids::of("r-1", 0x6745_2301);
        assert_eq!((ids.extended.len(), &ids.extended[15..]), (16, "="));
        assert!(
            ids.extended[..15].bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        let (root, random) = ids.trace.split_at(16);
        assert_eq!(root, "Root=1-67452301-");
        assert!(random.len() == 24 && random.bytes().all(|b| b.is_ascii_hexdigit()), "{random}");
        assert_ne!(&*ids.extended, &*Ids::of("r-1", 0).extended);
    }
}
