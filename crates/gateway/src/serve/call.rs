//! One call on its way through the phases: what came in, and what is known of it.

use std::{borrow::Cow, fmt, net::IpAddr, ops::Deref, sync::OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use memchr::{memchr, memchr2};
use percent_encoding::percent_decode_str;
use resources::rest_apis::TextMap;

use super::{
    Deployment,
    content::lossy,
    log::Log,
    plan::{MethodPlan, Place},
};
use crate::{headers::Headers, mapping};

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
        // One of the first 32 letters begins it: programs take what begins with `-` for an option.
        put_base64(&mut extended[..10], fastrand::u64(..) & !0x20);
        put_base64(&mut extended[10..15], fastrand::u64(..));
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
#[derive(Debug)]
pub(crate) struct Parameters<'a> {
    pub(crate) path: Pairs<'a>,
    pub(crate) query: Pairs<'a>,
    pub(crate) header: HeaderParameters<'a>,
}

impl<'a> Parameters<'a> {
    /// Reads the query and the headers; the path's come from the router.
    pub(crate) fn of(head: &'a Parts, path: Pairs<'a>) -> Self {
        Self {
            path,
            query: query(head.uri.query().unwrap_or_default()),
            header: HeaderParameters::Asked(&head.headers),
        }
    }

    /// The headers of an integration's answer, which has no path and no query.
    pub(crate) fn of_answer(headers: &'a Headers<'_>) -> Self {
        let header = HeaderParameters::Answered(headers);
        Self { path: Pairs::new(), query: Pairs::new(), header }
    }
}

/// Headers as parameters, looked up where they came: of all that a call has, few are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HeaderParameters<'a> {
    /// Of the call.
    Asked(&'a HeaderMap),
    /// Of the integration's answer.
    Answered(&'a Headers<'a>),
}

impl<'a> HeaderParameters<'a> {
    /// The last value of a name.
    pub(crate) fn last(self, name: &HeaderName) -> Option<Cow<'a, str>> {
        let value = match self {
            Self::Asked(map) => map.get_all(name).iter().next_back()?.as_bytes(),
            Self::Answered(list) => list.iter().filter(|(known, _)| *known == name).last()?.1,
        };
        Some(lossy(value))
    }

    /// As [`Self::last`], of a name that an author gives in whatever case.
    pub(crate) fn last_named(self, name: &str) -> Option<Cow<'a, str>> {
        // What is no name is no header's.
        self.last(&HeaderName::from_bytes(name.as_bytes()).ok()?)
    }

    /// All of them in their order.
    pub(crate) fn all(self) -> Pairs<'a> {
        let pair = |(name, value): (&'a HeaderName, &'a [u8])| (name.as_str().into(), lossy(value));
        match self {
            Self::Asked(map) => {
                map.iter().map(|(name, value)| pair((name, value.as_bytes()))).collect()
            }
            Self::Answered(list) => list.iter().map(pair).collect(),
        }
    }
}

/// Names and values, borrowed for a template: those of the path, then the query's; and the headers,
/// once it asks for them.
#[derive(Debug)]
pub(crate) struct Borrowed<'p> {
    pairs: Vec<(&'p str, &'p str)>,
    query_at: usize,
    header: BorrowedHeaders<'p>,
}

#[derive(Debug)]
struct BorrowedHeaders<'p> {
    of: HeaderParameters<'p>,
    read: OnceLock<Pairs<'p>>,
}

impl BorrowedHeaders<'_> {
    fn read(&self) -> &Pairs<'_> {
        self.read.get_or_init(|| self.of.all())
    }
}

impl mapping::HeaderSource for BorrowedHeaders<'_> {
    fn last(&self, name: &str) -> Option<&str> {
        let found = self.read().iter().rfind(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| &**value)
    }

    fn all(&self) -> Vec<(&str, &str)> {
        borrowed(self.read())
    }
}

impl<'p> Borrowed<'p> {
    fn of(Parameters { path, query, header }: &'p Parameters<'_>) -> Self {
        let mut pairs = Vec::with_capacity(path.len() + query.len());
        pairs.extend(path.iter().chain(query).map(as_slices));
        let header = BorrowedHeaders { of: *header, read: OnceLock::new() };
        Self { pairs, query_at: path.len(), header }
    }

    fn parameters(&self) -> mapping::Parameters<'_> {
        let (path, query) = self.pairs.split_at(self.query_at);
        mapping::Parameters { path, query, header: &self.header }
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
        let (pair, after) = cut_at(text, memchr2(b'&', b';', text.as_bytes()));
        rest = after;
        if !pair.is_empty() {
            let (name, value) = cut(pair, b'=');
            pairs.push((decoded(name), decoded(value.unwrap_or_default())));
        }
    }
    pairs
}

/// What stands before the first of these bytes, which is ASCII, and what after it.
pub(crate) fn cut(text: &str, end: u8) -> (&str, Option<&str>) {
    cut_at(text, memchr(end, text.as_bytes()))
}

fn cut_at(text: &str, end: Option<usize>) -> (&str, Option<&str>) {
    match end {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    if memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return text.into();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

/// Of values with the same name, the last counts.
pub(crate) fn last<'p>(pairs: &'p Pairs<'_>, name: &str) -> Option<&'p str> {
    pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| &**value)
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
        for _ in 0..1000 {
            assert!(
                Ids::of("r-1", 0).extended.starts_with(|first: char| first.is_ascii_alphabetic())
            );
        }
    }
}
