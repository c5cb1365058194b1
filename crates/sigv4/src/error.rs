//! Why a signature was not accepted. Which code and status that becomes is the edge's to say.

use std::fmt;

/// Why a request is not taken as signed. `Display` is the text that AWS answers with, which is
/// why these messages start in upper case and end in full stops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no signature at all.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The algorithm is not `AWS4-HMAC-SHA256`.
    #[error("Unsupported AWS 'algorithm': '{0}'.")]
    UnsupportedAlgorithm(String),
    /// A part of the `Authorization` header is not `key=value`.
    #[error("'{0}' not a valid key=value pair (missing equal-sign) in Authorization header.")]
    NotKeyValue(String),
    /// Parts of the signature are missing.
    #[error("{0}")]
    Incomplete(Missing),
    /// The credential is not `keyid/date/region/service/term`.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    MalformedCredential(String),
    /// The date is in no form known.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'.")]
    MalformedDate(String),
    /// The credential's date is not the day of the request's date.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{date}'."
    )]
    ScopeDate {
        /// The day in the credential.
        scope: String,
        /// The day of the request.
        day: String,
        /// The request's date in full.
        date: String,
    },
    /// The credential is for another region.
    #[error("Credential should be scoped to a valid region, not '{0}'.")]
    ScopeRegion(String),
    /// The credential is for another service; the text names the right one.
    #[error("Credential should be scoped to correct service: '{0}'.")]
    ScopeService(String),
    /// The credential does not end in `aws4_request`.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{0}'.")]
    ScopeTerminator(String),
    /// Nobody has this access key id.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The request was signed too long ago.
    #[error("Signature expired: {signed} is now earlier than {bound} ({now} - {margin}.)",
        signed = .0.signed(), bound = .0.earliest(), now = .0.now(), margin = .0.margin())]
    Expired(Skew),
    /// The request was signed in the future.
    #[error("Signature not yet current: {signed} is still later than {bound} ({now} + {margin}.)",
        signed = .0.signed(), bound = .0.latest(), now = .0.now(), margin = .0.margin())]
    NotYetCurrent(Skew),
    /// `host` is not covered by the signature.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// An `x-amz-*` header is present but not covered by the signature.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderNotSigned(String),
    /// The body is not the one whose hash the request declares.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentMismatch,
    /// `x-amz-content-sha256` is no hash and no form of body that is accepted here.
    #[error(
        "The 'x-amz-content-sha256' header must be the SHA-256 of the body in lower-case hex, not '{0}'."
    )]
    ContentForm(String),
    /// There is a signature in the query and one in the `Authorization` header.
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified."
    )]
    TwoSignatures,
    /// A query that carries a signature lacks a part of it.
    #[error(
        "AWS query-string parameters must include '{0}'. Re-examine the query-string parameters."
    )]
    QueryIncomplete(&'static str),
    /// `X-Amz-Expires` is no number of seconds up to a week.
    #[error("{0}")]
    Expires(&'static str),
    /// A presigned query is older than its `X-Amz-Expires` allows.
    #[error("Request has expired")]
    QueryExpired(Skew),
    /// The session token is not that of the key, or the key needs one, or takes none.
    #[error("The security token included in the request is invalid.")]
    InvalidToken,
    /// The session that the key belongs to has ended.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is wrong.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// Which parts of a signature are missing.
#[expect(clippy::struct_excessive_bools, reason = "four parts, each there or not")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// `Credential=`.
    pub credential: bool,
    /// `Signature=`.
    pub signature: bool,
    /// `SignedHeaders=`.
    pub signed_headers: bool,
    /// `X-Amz-Date` and `Date`.
    pub date: bool,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.credential, "Authorization header requires 'Credential' parameter."),
            (self.signature, "Authorization header requires 'Signature' parameter."),
            (self.signed_headers, "Authorization header requires 'SignedHeaders' parameter."),
            (
                self.date,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
        ];
        let mut space = "";
        for (_, text) in parts.iter().filter(|(missing, _)| *missing) {
            write!(f, "{space}{text}")?;
            space = " ";
        }
        Ok(())
    }
}

/// How far the request's date is from the server's clock. All in seconds, since 1970 where a
/// moment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// When the request says that it was signed.
    pub signed_at: i64,
    /// The server's clock.
    pub now: i64,
    /// How far the two may be apart.
    pub allowed: i64,
}

impl Skew {
    fn signed(&self) -> crate::dates::Moment {
        crate::dates::Moment::from_epoch(self.signed_at)
    }

    fn now(&self) -> crate::dates::Moment {
        crate::dates::Moment::from_epoch(self.now)
    }

    fn earliest(&self) -> crate::dates::Moment {
        crate::dates::Moment::from_epoch(self.now - self.allowed)
    }

    fn latest(&self) -> crate::dates::Moment {
        crate::dates::Moment::from_epoch(self.now + self.allowed)
    }

    fn margin(&self) -> String {
        if self.allowed % 60 == 0 {
            format!("{} min", self.allowed / 60)
        } else {
            format!("{} sec", self.allowed)
        }
    }
}
