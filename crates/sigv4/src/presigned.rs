//! Signatures in a query: which parameters carry one, and what they say.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{Error, claim::ALGORITHM};

pub(crate) const PARAM_ALGORITHM: &str = "X-Amz-Algorithm";
pub(crate) const PARAM_CREDENTIAL: &str = "X-Amz-Credential";
pub(crate) const PARAM_DATE: &str = "X-Amz-Date";
pub(crate) const PARAM_EXPIRES: &str = "X-Amz-Expires";
pub(crate) const PARAM_SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
pub(crate) const PARAM_TOKEN: &str = "X-Amz-Security-Token";
/// The one parameter that the signature does not cover.
pub(crate) const PARAM_SIGNATURE: &str = "X-Amz-Signature";
const PARAM_CONTENT_SHA256: &str = "X-Amz-Content-Sha256";

/// The longest that a presigned request may hold: a week.
pub(crate) const EXPIRES_MAX_SECONDS: i64 = 604_800;

/// Whether a query parameter belongs to the signature, and not to what is asked for.
pub fn is_signature_parameter(name: &str) -> bool {
    [
        PARAM_ALGORITHM,
        PARAM_CREDENTIAL,
        PARAM_DATE,
        PARAM_EXPIRES,
        PARAM_SIGNED_HEADERS,
        PARAM_TOKEN,
        PARAM_SIGNATURE,
    ]
    .contains(&name)
}

/// Whether a query carries a signature, or tries to.
pub(crate) fn is_presigned(query: &str) -> bool {
    // A usual call has no query, or none with these in it.
    !query.is_empty()
        && pairs(query).any(|(name, _)| matches!(name, PARAM_ALGORITHM | PARAM_SIGNATURE))
}

/// The body's hash or form, where the query declares it.
pub(crate) fn content_sha256(query: &str) -> Option<&str> {
    pairs(query).find(|(name, _)| *name == PARAM_CONTENT_SHA256).map(|(_, value)| value)
}

pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The parameters of a presigned query, decoded.
pub(crate) struct QueryFields<'a> {
    pub(crate) credential: Cow<'a, str>,
    pub(crate) date: Cow<'a, str>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) session_token: Option<Cow<'a, str>>,
    pub(crate) expires: Option<i64>,
}

impl<'a> QueryFields<'a> {
    pub(crate) fn of(query: &'a str) -> Result<Self, Error> {
        let find = |wanted: &str| pairs(query).find(|(name, _)| *name == wanted).map(decoded);
        let need = |wanted: &'static str| find(wanted).ok_or(Error::QueryIncomplete(wanted));
        let algorithm = need(PARAM_ALGORITHM)?;
        if algorithm != ALGORITHM {
            return Err(Error::UnsupportedAlgorithm(algorithm.into_owned()));
        }
        Ok(Self {
            credential: need(PARAM_CREDENTIAL)?,
            date: need(PARAM_DATE)?,
            signed_headers: need(PARAM_SIGNED_HEADERS)?,
            signature: need(PARAM_SIGNATURE)?,
            session_token: find(PARAM_TOKEN),
            expires: find(PARAM_EXPIRES).map(|text| expires(&text)).transpose()?,
        })
    }
}

fn decoded<'a>((_, value): (&'a str, &'a str)) -> Cow<'a, str> {
    percent_decode_str(value).decode_utf8_lossy()
}

// The texts are S3's.
fn expires(text: &str) -> Result<i64, Error> {
    match text.parse::<i64>() {
        Err(_) => Err(Error::Expires("X-Amz-Expires should be a number")),
        Ok(seconds) if seconds < 0 => Err(Error::Expires("X-Amz-Expires must be non-negative")),
        Ok(seconds) if seconds > EXPIRES_MAX_SECONDS => Err(Error::Expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        )),
        Ok(seconds) => Ok(seconds),
    }
}
