//! Signs requests, for clients.

use http::{HeaderName, HeaderValue, header, request::Parts};

use crate::{
    Request, Secret, Settings,
    canonical::{Canonical, Spelling, authority},
    dates::Moment,
    headers::{Headers, SignedNames},
    keys::{Scope, SigningKey},
    payload::{CONTENT_SHA256, PayloadLine, to_hex},
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
        let moment = Moment::from_epoch(now);
        let payload = PayloadLine::of_body(body);
        self.add_headers(parts, moment, payload.as_bytes())?;
        let signed_headers = signed_headers(parts);
        let scope = Scope { day: moment.day(), region: self.region, service: self.service };
        let scope_text = format!("{}/{}/{}", scope.day, scope.region, scope.service);
        let canonical = Canonical {
            request: Request::from(&*parts),
            headers: &Headers::of(&parts.headers),
            signed_headers: &signed_headers,
            signed_names: &SignedNames::of(&signed_headers),
            payload: payload.as_bytes(),
            settings: self.settings,
            spelling: Spelling::Normal,
        };
        let key = SigningKey::derive(self.secret, scope);
        let signature = signature(&key, moment.text(), &scope_text, &canonical)
            .map_err(|_| SignError::NoHost)?;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope_text}/aws4_request, \
             SignedHeaders={signed_headers}, Signature={}",
            self.access_key_id,
            String::from_utf8_lossy(&to_hex(&signature)),
        );
        insert(parts, header::AUTHORIZATION, &authorization, "access_key_id")
    }

    fn add_headers(
        &self,
        parts: &mut Parts,
        moment: Moment,
        payload: &[u8],
    ) -> Result<(), SignError> {
        if !parts.headers.contains_key(header::HOST) {
            let host = authority(Request::from(&*parts)).ok_or(SignError::NoHost)?.to_owned();
            insert(parts, header::HOST, &host, "host")?;
        }
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
