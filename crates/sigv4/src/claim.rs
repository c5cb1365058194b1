//! Who a request says signed it: the `Authorization` header and the date, taken apart. Whether
//! that is true is for `verify` to find out.

use http::{HeaderMap, Method, Uri, header};

use crate::{Error, Missing, dates::Moment, keys::Scope, keys::TERMINATOR, payload};

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
        let Some(value) = request.headers.get(header::AUTHORIZATION) else {
            return Err(without_header(request.uri));
        };
        let fields = Fields::of(value.to_str().map_err(|_| Error::MissingAuthenticationToken)?)?;
        let date = date_header(request.headers).transpose()?;
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
            session_token: request
                .headers
                .get("x-amz-security-token")
                .and_then(|token| token.to_str().ok()),
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

/// The fields of an `Authorization` header, in any order.
#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(header: &'a str) -> Result<Self, Error> {
        let (algorithm, rest) = header.split_once(' ').unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(if algorithm.starts_with("AWS4-") {
                Error::UnsupportedAlgorithm(algorithm.to_owned())
            } else {
                Error::MissingAuthenticationToken
            });
        }
        let mut fields = Self::default();
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| Error::NotKeyValue(part.to_owned()))?;
            fields.set(key, value);
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
        let malformed = || Error::MalformedCredential(text.to_owned());
        let mut elements = text.split('/');
        let mut next = || elements.next().ok_or_else(malformed);
        let access_key_id = next()?;
        let scope = Scope { day: next()?, region: next()?, service: next()? };
        let terminator = next()?;
        if elements.next().is_some() {
            return Err(malformed());
        }
        if terminator != TERMINATOR {
            return Err(Error::ScopeTerminator(terminator.to_owned()));
        }
        let scope_text = &text[access_key_id.len() + 1..text.len() - TERMINATOR.len() - 1];
        Ok(Self { access_key_id, scope_text, scope })
    }
}

/// `X-Amz-Date`, else `Date`; nothing if there is neither.
fn date_header(headers: &HeaderMap) -> Option<Result<Moment, Error>> {
    let value = headers.get("x-amz-date").or_else(|| headers.get(header::DATE))?;
    let moment = value
        .to_str()
        .ok()
        .and_then(|text| Moment::from_basic(text).or_else(|| Moment::from_http_date(text)));
    Some(moment.ok_or_else(|| {
        Error::MalformedDate(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }))
}
