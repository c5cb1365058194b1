//! Who a request says signed it: the `Authorization` header or the presigned query, and the date,
//! taken apart. Whether that is true is for `verify` to find out.

use std::borrow::Cow;

use http::{HeaderMap, Method, Uri};

use crate::{
    Error, Missing,
    dates::Moment,
    headers::Headers,
    keys::{Scope, TERMINATOR},
    payload,
    presigned::{self, QueryFields},
};

/// The one algorithm there is.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The header of a session's token.
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// The parts of a request that a signature covers, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query as they were sent, escapes included.
    pub uri: &'a Uri,
    /// All headers.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a http::request::Parts> for Request<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

/// What a request says of its signature; nothing of it is proven yet. Its texts are borrowed from
/// a header, and owned where a query had them escaped.
///
/// A server that must know the service before it has read the body asks for the claim alone.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The access key id.
    pub access_key_id: Cow<'a, str>,
    /// `YYYYMMDD`.
    pub date: Cow<'a, str>,
    /// The region that the credential is scoped to.
    pub region: Cow<'a, str>,
    /// The service that the credential is scoped to, such as `sagemaker`.
    pub service: Cow<'a, str>,
    /// `X-Amz-Security-Token`, for temporary credentials.
    pub session_token: Option<Cow<'a, str>>,
    /// Where the signature stands.
    pub place: Place,
    /// `YYYYMMDD/region/service`.
    pub(crate) scope_text: Cow<'a, str>,
    /// `host;x-amz-date`.
    pub(crate) signed_headers: Cow<'a, str>,
    /// Nothing if it is not 64 digits of hex, which no signature equals.
    pub(crate) signature: Option<[u8; 32]>,
    pub(crate) signed_at: Moment,
}

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned request.
    Query {
        /// `X-Amz-Expires`: for how many seconds after its date it holds, if it says.
        expires: Option<i64>,
    },
}

impl<'a> Claim<'a> {
    /// Reads the claim, or says what of it is missing or malformed.
    pub fn of(request: Request<'a>) -> Result<Self, Error> {
        Self::read(request, &Headers::of(request.headers))
    }

    pub(crate) fn read(request: Request<'a>, headers: &Headers<'a>) -> Result<Self, Error> {
        let query = request.uri.query().unwrap_or_default();
        let presigned = presigned::is_presigned(query);
        match headers.first("authorization") {
            Some(_) if presigned => Err(Error::TwoSignatures),
            Some(value) => Self::of_header(value, headers),
            None if presigned => Self::of_query(query, headers),
            None => Err(Error::MissingAuthenticationToken),
        }
    }

    fn of_header(value: &'a [u8], headers: &Headers<'a>) -> Result<Self, Error> {
        let text = std::str::from_utf8(value).map_err(|_| Error::MissingAuthenticationToken)?;
        let fields = Fields::of(text)?;
        let date = date_header(headers).transpose()?;
        let (Some(credential), Some(signature), Some(signed_headers), Some(signed_at)) =
            (fields.credential, fields.signature, fields.signed_headers, date)
        else {
            return Err(Error::Incomplete(Missing {
                credential: fields.credential.is_none(),
                signature: fields.signature.is_none(),
                signed_headers: fields.signed_headers.is_none(),
                date: date.is_none(),
            }));
        };
        Ok(Self {
            session_token: token_header(headers),
            signed_headers: Cow::Borrowed(signed_headers),
            signature: payload::from_hex(signature.as_bytes()),
            ..Self::of_credential(&Cow::Borrowed(credential), signed_at)?
        })
    }

    fn of_query(query: &'a str, headers: &Headers<'a>) -> Result<Self, Error> {
        let fields = QueryFields::of(query)?;
        let signed_at = Moment::from_basic(&fields.date)
            .ok_or_else(|| Error::MalformedDate(fields.date.into_owned()))?;
        Ok(Self {
            place: Place::Query { expires: fields.expires },
            session_token: fields.session_token.or_else(|| token_header(headers)),
            signed_headers: fields.signed_headers,
            signature: payload::from_hex(fields.signature.as_bytes()),
            ..Self::of_credential(&fields.credential, signed_at)?
        })
    }

    /// A claim that has only its credential and its date yet.
    fn of_credential(text: &Cow<'a, str>, signed_at: Moment) -> Result<Self, Error> {
        let Some(cuts) = Cuts::of(text) else {
            return Err(Error::MalformedCredential(text.clone().into_owned()));
        };
        let terminator = &text[cuts.service + 1..];
        if terminator != TERMINATOR {
            return Err(Error::ScopeTerminator(terminator.to_owned()));
        }
        Ok(Self {
            access_key_id: part(text, 0, cuts.key),
            date: part(text, cuts.key + 1, cuts.day),
            region: part(text, cuts.day + 1, cuts.region),
            service: part(text, cuts.region + 1, cuts.service),
            session_token: None,
            place: Place::Header,
            scope_text: part(text, cuts.key + 1, cuts.service),
            signed_headers: Cow::Borrowed(""),
            signature: None,
            signed_at,
        })
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { day: &self.date, region: &self.region, service: &self.service }
    }
}

fn token_header<'a>(headers: &Headers<'a>) -> Option<Cow<'a, str>> {
    std::str::from_utf8(headers.first(SECURITY_TOKEN)?).ok().map(Cow::Borrowed)
}

/// Part of a text, borrowed for as long as the text is.
fn part<'a>(text: &Cow<'a, str>, from: usize, to: usize) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
        Cow::Owned(text) => Cow::Owned(text[from..to].to_owned()),
    }
}

/// Where the four slashes of `keyid/date/region/service/term` are, each after the part it ends.
struct Cuts {
    key: usize,
    day: usize,
    region: usize,
    service: usize,
}

impl Cuts {
    fn of(text: &str) -> Option<Self> {
        let mut slashes = memchr::memchr_iter(b'/', text.as_bytes());
        let (key, day) = (slashes.next()?, slashes.next()?);
        let (region, service) = (slashes.next()?, slashes.next()?);
        slashes.next().is_none().then_some(Self { key, day, region, service })
    }
}

/// Cuts at the first `byte`, which neither half keeps.
fn cut(text: &str, byte: u8) -> (&str, &str) {
    let at = memchr::memchr(byte, text.as_bytes());
    at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]))
}

/// The fields of an `Authorization` header, in any order.
#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(header: &'a str) -> Result<Self, Error> {
        let (algorithm, mut rest) = cut(header, b' ');
        if algorithm != ALGORITHM {
            return Err(if algorithm.starts_with("AWS4-") {
                Error::UnsupportedAlgorithm(algorithm.to_owned())
            } else {
                Error::MissingAuthenticationToken
            });
        }
        let mut fields = Self::default();
        while !rest.is_empty() {
            let (part, after) = cut(rest, b',');
            let part = part.trim_ascii();
            rest = after;
            match cut(part, b'=') {
                ("", "") => {}
                (key, _) if key.len() == part.len() => {
                    return Err(Error::NotKeyValue(part.to_owned()));
                }
                (key, value) => fields.set(key, value),
            }
        }
        Ok(fields)
    }

    fn set(&mut self, key: &str, value: &'a str) {
        match key {
            "Credential" => self.credential = Some(value),
            "SignedHeaders" => self.signed_headers = Some(value),
            "Signature" => self.signature = Some(value),
            _ => {}
        }
    }
}

/// `X-Amz-Date`, else `Date`; nothing if there is neither.
fn date_header(headers: &Headers<'_>) -> Option<Result<Moment, Error>> {
    let value = headers.first("x-amz-date").or_else(|| headers.first("date"))?;
    let moment = std::str::from_utf8(value)
        .ok()
        .and_then(|text| Moment::from_basic(text).or_else(|| Moment::from_http_date(text)));
    Some(moment.ok_or_else(|| Error::MalformedDate(String::from_utf8_lossy(value).into_owned())))
}
