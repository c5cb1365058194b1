//! The canonical form of a request, streamed into a hash. Nothing is collected on the way; only
//! a path with dot segments and a query with many parameters allocate.

use std::cmp::Ordering;

use http::Uri;
use sha2::{Digest, Sha256};

use crate::{
    Error, Request, Settings,
    claim::Place,
    headers::{Headers, SignedNames},
    presigned::PARAM_SIGNATURE,
    stack_list::StackList,
    staging::Staging,
};

/// Takes the canonical form piece by piece.
type Sink = Staging<Sha256>;

/// How escapes are treated. AWS escapes the decoded text anew; some clients sign the query, and
/// for S3 the path, as it goes over the wire. The two differ only for unusual spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Decoded, then escaped anew.
    Normal,
    /// As it was sent.
    AsSent,
}

/// Everything that a canonical request is made of.
pub(crate) struct Canonical<'a> {
    pub(crate) request: Request<'a>,
    pub(crate) headers: &'a Headers<'a>,
    /// Names joined by `;`.
    pub(crate) signed_headers: &'a str,
    pub(crate) signed_names: &'a SignedNames<'a>,
    pub(crate) payload: &'a [u8],
    pub(crate) settings: &'a Settings,
    pub(crate) spelling: Spelling,
    /// Where the signature stands; one in the query does not cover itself.
    pub(crate) place: Place,
}

impl Canonical<'_> {
    /// The hash of the canonical request.
    pub(crate) fn hash(&self) -> Result<[u8; 32], Error> {
        let mut sink = Staging::new(Sha256::new());
        self.write(&mut sink)?;
        Ok(sink.into_inner().finalize().into())
    }

    fn write(&self, sink: &mut Sink) -> Result<(), Error> {
        sink.put(self.request.method.as_str().as_bytes());
        sink.put(b"\n");
        self.path(sink);
        sink.put(b"\n");
        self.query(sink);
        sink.put(b"\n");
        for name in self.signed_names.as_slice() {
            self.header(sink, name)?;
        }
        sink.put(b"\n");
        sink.put(self.signed_headers.as_bytes());
        sink.put(b"\n");
        sink.put(self.payload);
        Ok(())
    }

    fn query(&self, sink: &mut Sink) {
        let query = self.request.uri.query().unwrap_or_default();
        if query.is_empty() {
            return;
        }
        let kept = |pair: &&str| self.spelling == Spelling::AsSent || !pair.is_empty();
        let covered = |pair: &(&str, &str)| match self.place {
            Place::Header => true,
            Place::Query { .. } => pair.0 != PARAM_SIGNATURE,
        };
        let pairs = query.split('&').filter(kept);
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        put_pairs(sink, pairs.filter(covered), self.spelling);
    }

    /// One line `name:value`; equal names join their values with commas.
    fn header(&self, sink: &mut Sink, name: &str) -> Result<(), Error> {
        sink.put(name.as_bytes());
        sink.put(b":");
        let mut values = self.headers.all(name);
        if let Some(first) = values.next() {
            put_folded(sink, first);
            for value in values {
                sink.put(b",");
                put_folded(sink, value);
            }
        } else {
            // HTTP/2 has the host in the URI, and a header that was signed and then removed shows.
            let host = authority(self.request).filter(|_| name == "host");
            sink.put(host.ok_or(Error::Mismatch)?.as_bytes());
        }
        sink.put(b"\n");
        Ok(())
    }

    fn path(&self, sink: &mut Sink) {
        let path = match self.request.uri.path() {
            "" => "/",
            path => path,
        };
        if self.settings.normalize_path && needs_normalizing(path) {
            self.path_text(sink, &without_dot_segments(path));
        } else {
            self.path_text(sink, path);
        }
    }

    fn path_text(&self, sink: &mut Sink, path: &str) {
        match (self.settings.double_encode_path, self.spelling) {
            (true, _) => put_escaped(sink, path.as_bytes(), b'/'),
            (false, Spelling::AsSent) => sink.put(path.as_bytes()),
            (false, Spelling::Normal) => put_respelled(sink, path, b'/'),
        }
    }
}

/// Whether the two spellings of this request can differ at all.
pub(crate) fn spellings_differ(uri: &Uri, settings: &Settings) -> bool {
    let plain_path = uri.path().bytes().all(|b| unescaped(b) || b == b'/');
    uri.query().is_some() || !(settings.double_encode_path || plain_path)
}

/// RFC 3986's unreserved bytes, which are never escaped.
fn unescaped(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape(byte: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// Escapes `text`, but neither unreserved bytes nor `kept`.
fn put_escaped(sink: &mut Sink, mut text: &[u8], kept: u8) {
    while !text.is_empty() {
        let run = text.iter().position(|b| !unescaped(*b) && *b != kept).unwrap_or(text.len());
        sink.put(&text[..run]);
        text = &text[run..];
        if let [first, rest @ ..] = text {
            sink.put(&escape(*first));
            text = rest;
        }
    }
}

/// Decodes `text` and escapes it anew, but not `kept`.
fn put_respelled(sink: &mut Sink, text: &str, kept: u8) {
    if text.bytes().all(|b| unescaped(b) || b == kept) {
        return sink.put(text.as_bytes());
    }
    for byte in percent_encoding::percent_decode_str(text) {
        put_escaped(sink, &[byte], kept);
    }
}

fn needs_normalizing(path: &str) -> bool {
    let path = path.as_bytes();
    let next = |slash: usize| path.get(slash + 1);
    memchr::memchr_iter(b'/', path).any(|slash| matches!(next(slash), Some(b'/' | b'.')))
}

/// Takes out empty and dot segments the way that AWS's SDKs do: a slash at the end stays.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// How many query parameters are sorted without an allocation.
const STACK_PAIRS: usize = 32;

fn put_pairs<'a>(
    sink: &mut Sink,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    spelling: Spelling,
) {
    let mut list = StackList::<_, STACK_PAIRS>::new(("", ""));
    pairs.for_each(|pair| list.push(pair));
    let sorted = list.as_mut_slice();
    sorted.sort_unstable_by(|a, b| by_spelling(*a, *b, spelling));
    for (i, (name, value)) in sorted.iter().enumerate() {
        sink.put(if i == 0 { b"" } else { b"&" });
        put_query_text(sink, name, spelling);
        sink.put(b"=");
        put_query_text(sink, value, spelling);
    }
}

fn put_query_text(sink: &mut Sink, text: &str, spelling: Spelling) {
    match spelling {
        Spelling::AsSent => sink.put(text.as_bytes()),
        // No byte but the unreserved ones is kept; `~` is one of them.
        Spelling::Normal => put_respelled(sink, text, b'~'),
    }
}

/// Parameters sort by name, then by value, each as it is written.
fn by_spelling(a: (&str, &str), b: (&str, &str), spelling: Spelling) -> Ordering {
    match spelling {
        Spelling::AsSent => a.cmp(&b),
        Spelling::Normal => {
            respelled(a.0).cmp(respelled(b.0)).then_with(|| respelled(a.1).cmp(respelled(b.1)))
        }
    }
}

fn respelled(text: &str) -> impl Iterator<Item = u8> {
    percent_encoding::percent_decode_str(text).flat_map(|byte| {
        let (text, len) = if unescaped(byte) { ([byte, 0, 0], 1) } else { (escape(byte), 3) };
        text.into_iter().take(len)
    })
}

/// The host that the URI names.
pub(crate) fn authority(request: Request<'_>) -> Option<&str> {
    request.uri.authority().map(http::uri::Authority::as_str)
}

/// White space is cut at the ends and folded to one space inside.
fn put_folded(sink: &mut Sink, value: &[u8]) {
    let value = value.trim_ascii();
    let Some(space) = memchr::memchr2(b' ', b'\t', value) else {
        return sink.put(value);
    };
    let folds = |pair: &[u8]| pair[0] == b'\t' || pair == b"  ";
    let folds = value[space..].windows(2).any(folds);
    if !folds {
        return sink.put(value);
    }
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (i, word) in words.enumerate() {
        sink.put(if i == 0 { b"" } else { b" " });
        sink.put(word);
    }
}
