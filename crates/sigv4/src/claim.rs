//! Who a request says signed it: the `Authorization` header and the date, taken apart. Whether
//! that is true is for `verify` to find out.

use http::{HeaderMap, Method, Uri};

use crate::{
    Error, Missing,
    dates::Moment,
    headers::Headers,
    keys::{Scope, TERMINATOR},
    payload,
};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

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

/// What a request says of its signature; nothing of it is proven yet.
///
/// A server that must know the service before it has read the body asks for the claim alone.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// `YYYYMMDD`.
    pub date: &'a str,
    /// The region that the credential is scoped to.
    pub region: &'a str,
    /// The service that the credential is scoped to, such as `sagemaker`.
    pub service: &'a str,
    /// `X-Amz-Security-Token`, for temporary credentials.
    pub session_token: Option<&'a str>,
    /// `YYYYMMDD/region/service`.
    pub(crate) scope_text: &'a str,
    /// `host;x-amz-date`.
    pub(crate) signed_headers: &'a str,
    /// Nothing if it is not 64 digits of hex, which no signature equals.
    pub(crate) signature: Option<[u8; 32]>,
    pub(crate) signed_at: Moment,
}

impl<'a> Claim<'a> {
    /// Reads the claim, or says what of it is missing or malformed.
    pub fn of(request: Request<'a>) -> Result<Self, Error> {
        Self::read(request, &Headers::of(request.headers))
    }

    pub(crate) fn read(request: Request<'a>, headers: &Headers<'a>) -> Result<Self, Error> {
        let Some(value) = headers.first("authorization") else {
            return Err(without_header(request.uri));
        };
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
        let credential = Credential::of(credential)?;
        Ok(Self {
            access_key_id: credential.access_key_id,
            date: credential.scope.day,
            region: credential.scope.region,
            service: credential.scope.service,
            session_token: headers
                .first("x-amz-security-token")
                .and_then(|token| std::str::from_utf8(token).ok()),
            scope_text: credential.scope_text,
            signed_headers,
            signature: payload::from_hex(signature.as_bytes()),
            signed_at,
        })
    }

    pub(crate) fn scope(&self) -> Scope<'a> {
        Scope { day: self.date, region: self.region, service: self.service }
    }
}

fn without_header(uri: &Uri) -> Error {
    let query = uri.query().unwrap_or_default();
    if query.contains("X-Amz-Signature=") {
        Error::QueryNotAccepted
    } else {
        Error::MissingAuthenticationToken
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

struct Credential<'a> {
    access_key_id: &'a str,
    scope_text: &'a str,
    scope: Scope<'a>,
}

impl<'a> Credential<'a> {
    fn of(text: &'a str) -> Result<Self, Error> {
        if memchr::memchr_iter(b'/', text.as_bytes()).count() != 4 {
            return Err(Error::MalformedCredential(text.to_owned()));
        }
        let (access_key_id, rest) = cut(text, b'/');
        let (day, rest) = cut(rest, b'/');
        let (region, rest) = cut(rest, b'/');
        let (service, terminator) = cut(rest, b'/');
        let scope = Scope { day, region, service };
        if terminator != TERMINATOR {
            return Err(Error::ScopeTerminator(terminator.to_owned()));
        }
        let scope_text = &text[access_key_id.len() + 1..text.len() - TERMINATOR.len() - 1];
        Ok(Self { access_key_id, scope_text, scope })
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
