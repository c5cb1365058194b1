//! Signs requests, for clients.

use http::{HeaderName, HeaderValue, Uri, header, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::{
    ChunkForm, ChunkWriter, Place, Request, Secret, Settings,
    canonical::{Canonical, Spelling, authority},
    chunks::Chain,
    claim::ALGORITHM,
    dates::Moment,
    headers::{Headers, SignedNames},
    keys::{Scope, SigningKey, TERMINATOR},
    payload::{CONTENT_SHA256, PayloadLine, to_hex},
    presigned::{
        EXPIRES_MAX_SECONDS, PARAM_ALGORITHM, PARAM_CREDENTIAL, PARAM_DATE, PARAM_EXPIRES,
        PARAM_SIGNATURE, PARAM_SIGNED_HEADERS, PARAM_TOKEN,
    },
    verify::signature,
};

/// Headers that proxies and clients change on the way; botocore does not sign them either.
const NOT_SIGNED: [&str; 15] = [
    "authorization",
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// Why a request can't be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Neither a `Host` header nor a host in the URI.
    #[error("the request names no host; give it an absolute uri or a `host` header")]
    NoHost,
    /// A value has bytes that a header can't carry.
    #[error("`{0}` can't stand in a header; it may hold visible ASCII only")]
    NotAHeader(&'static str),
    /// A presigned request would hold for longer than AWS allows.
    #[error("{0} s are more than the 604800 s, a week, that a presigned request may hold")]
    TooLong(u32),
    /// The query can't be part of a URI.
    #[error("the uri can't be given a signature in its query")]
    NotAUri,
}

/// Credentials and the scope to sign for.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: Secret<'a>,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a str>,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service's signing name, such as `sagemaker`.
    pub service: &'a str,
    /// How the service wants paths spelled.
    pub settings: &'a Settings,
}

impl Signer<'_> {
    /// Adds `host` (if missing), `x-amz-date`, `x-amz-security-token` (if there is one),
    /// `x-amz-content-sha256` (for S3) and `authorization`. `now` is in seconds since 1970.
    pub fn sign(&self, parts: &mut Parts, body: &[u8], now: i64) -> Result<(), SignError> {
        self.sign_line(parts, &PayloadLine::of_body(body), now).map(|_| ())
    }

    /// As [`Signer::sign`], with a body of which the SHA-256 is known and nothing else is at hand.
    pub fn sign_declared(
        &self,
        parts: &mut Parts,
        sha256: &[u8; 32],
        now: i64,
    ) -> Result<(), SignError> {
        self.sign_line(parts, &PayloadLine::of_hash(sha256), now).map(|_| ())
    }

    /// As [`Signer::sign`], with a body that the signature does not cover. S3 takes it.
    pub fn sign_unsigned(&self, parts: &mut Parts, now: i64) -> Result<(), SignError> {
        self.sign_line(parts, &PayloadLine::unsigned(), now).map(|_| ())
    }

    /// As [`Signer::sign`], with a body that the writer puts into chunks. The caller adds
    /// `x-amz-decoded-content-length` and `x-amz-trailer` before, and the body's length after.
    pub fn sign_chunked(
        &self,
        parts: &mut Parts,
        form: ChunkForm,
        now: i64,
    ) -> Result<ChunkWriter, SignError> {
        let (key, seed) = self.sign_line(parts, &PayloadLine::of_chunks(form), now)?;
        let moment = Moment::from_epoch(now);
        let chain = || Chain::new(key, moment.text(), &self.scope_text(&moment), seed);
        Ok(ChunkWriter::new(form, form.signed.then(chain)))
    }

    /// Puts a signature into the query that holds for `expires` seconds, a week at most, and that
    /// covers the headers there are. `body` is signed unless the service is S3.
    pub fn presign(
        &self,
        parts: &mut Parts,
        body: &[u8],
        expires: u32,
        now: i64,
    ) -> Result<(), SignError> {
        if i64::from(expires) > EXPIRES_MAX_SECONDS {
            return Err(SignError::TooLong(expires));
        }
        add_host(parts)?;
        let moment = Moment::from_epoch(now);
        let signed_headers = signed_headers(parts);
        let query = self.presigned_query(parts, &moment, (&signed_headers, expires));
        set_query(parts, &query)?;
        let line = if self.settings.unsigned_payload_allowed {
            PayloadLine::unsigned()
        } else {
            PayloadLine::of_body(body)
        };
        let place = Place::Query { expires: Some(expires.into()) };
        let (_, signature) = self.signature(parts, &line, &moment, (&signed_headers, place))?;
        let signature = to_hex(&signature);
        let signature = String::from_utf8_lossy(&signature);
        set_query(parts, &format!("{query}&{PARAM_SIGNATURE}={signature}"))
    }

    /// The query with everything in it but the signature.
    fn presigned_query(
        &self,
        parts: &Parts,
        moment: &Moment,
        (signed_headers, expires): (&str, u32),
    ) -> String {
        let before = parts.uri.query().map(|query| format!("{query}&")).unwrap_or_default();
        let token = self.session_token.map(|token| format!("&{PARAM_TOKEN}={}", escaped(token)));
        format!(
            "{before}{PARAM_ALGORITHM}={ALGORITHM}&{PARAM_CREDENTIAL}={}&{PARAM_DATE}={}\
             &{PARAM_EXPIRES}={expires}&{PARAM_SIGNED_HEADERS}={}{}",
            escaped(&format!("{}/{}/{TERMINATOR}", self.access_key_id, self.scope_text(moment))),
            moment.text(),
            escaped(signed_headers),
            token.unwrap_or_default(),
        )
    }

    /// Signs in the header; the key and the signature, with which chunks go on.
    fn sign_line(
        &self,
        parts: &mut Parts,
        payload: &PayloadLine,
        now: i64,
    ) -> Result<(SigningKey, [u8; 32]), SignError> {
        let moment = Moment::from_epoch(now);
        self.add_headers(parts, moment, payload.as_bytes())?;
        let signed_headers = signed_headers(parts);
        let (key, signature) =
            self.signature(parts, payload, &moment, (&signed_headers, Place::Header))?;
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}/{TERMINATOR}, SignedHeaders={signed_headers}, \
             Signature={}",
            self.access_key_id,
            self.scope_text(&moment),
            String::from_utf8_lossy(&to_hex(&signature)),
        );
        insert(parts, header::AUTHORIZATION, &authorization, "access_key_id")?;
        Ok((key, signature))
    }

    fn signature(
        &self,
        parts: &Parts,
        payload: &PayloadLine,
        moment: &Moment,
        (signed_headers, place): (&str, Place),
    ) -> Result<(SigningKey, [u8; 32]), SignError> {
        let canonical = Canonical {
            request: Request::from(parts),
            headers: &Headers::of(&parts.headers),
            signed_headers,
            signed_names: &SignedNames::of(signed_headers),
            payload: payload.as_bytes(),
            settings: self.settings,
            spelling: Spelling::Normal,
            place,
        };
        let scope = Scope { day: moment.day(), region: self.region, service: self.service };
        let key = SigningKey::derive(self.secret, scope);
        let signature = signature(&key, moment.text(), &self.scope_text(moment), &canonical)
            .map_err(|_| SignError::NoHost)?;
        Ok((key, signature))
    }

    /// `YYYYMMDD/region/service`.
    fn scope_text(&self, moment: &Moment) -> String {
        format!("{}/{}/{}", moment.day(), self.region, self.service)
    }

    fn add_headers(
        &self,
        parts: &mut Parts,
        moment: Moment,
        payload: &[u8],
    ) -> Result<(), SignError> {
        add_host(parts)?;
        insert(parts, HeaderName::from_static("x-amz-date"), moment.text(), "x-amz-date")?;
        if let Some(token) = self.session_token {
            let name = HeaderName::from_static("x-amz-security-token");
            insert(parts, name, token, "session_token")?;
        }
        if !self.settings.double_encode_path {
            let text = String::from_utf8_lossy(payload);
            insert(parts, HeaderName::from_static(CONTENT_SHA256), &text, CONTENT_SHA256)?;
        }
        Ok(())
    }
}

fn add_host(parts: &mut Parts) -> Result<(), SignError> {
    if parts.headers.contains_key(header::HOST) {
        return Ok(());
    }
    let host = authority(Request::from(&*parts)).ok_or(SignError::NoHost)?.to_owned();
    insert(parts, header::HOST, &host, "host")
}

fn insert(
    parts: &mut Parts,
    name: HeaderName,
    value: &str,
    what: &'static str,
) -> Result<(), SignError> {
    let value = HeaderValue::from_str(value).map_err(|_| SignError::NotAHeader(what))?;
    parts.headers.insert(name, value);
    Ok(())
}

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn escaped(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &ESCAPED)
}

fn set_query(parts: &mut Parts, query: &str) -> Result<(), SignError> {
    let mut uri = parts.uri.clone().into_parts();
    let path_and_query = format!("{}?{query}", parts.uri.path());
    uri.path_and_query = Some(path_and_query.parse().map_err(|_| SignError::NotAUri)?);
    parts.uri = Uri::from_parts(uri).map_err(|_| SignError::NotAUri)?;
    Ok(())
}

/// The names to sign, sorted and joined with `;`.
fn signed_headers(parts: &Parts) -> String {
    let mut names: Vec<&str> = parts
        .headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| !NOT_SIGNED.contains(name))
        .collect();
    names.sort_unstable();
    names.join(";")
}
