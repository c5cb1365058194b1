//! Decides whether a request was signed by the owner of a key, recently, and for here.

use subtle::ConstantTimeEq;

use crate::{
    Chunks, Claim, Content, Error, Payload, Place, Request, Secret, Skew,
    canonical::{Canonical, Spelling, spellings_differ},
    chunks::{Chain, ChunkForm},
    headers::{Headers, SignedNames},
    keys::{KeyCache, SigningKey},
    payload::{PayloadLine, to_hex},
    presigned::PARAM_EXPIRES,
};

/// What differs between services, and what a server insists on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Escape the path once more for the signature. True for every service but S3.
    pub double_encode_path: bool,
    /// Take empty and dot segments out of the path. True for every service but S3.
    pub normalize_path: bool,
    /// Accept bodies whose hash is not part of the signature: `UNSIGNED-PAYLOAD` in
    /// `x-amz-content-sha256`, the chunked forms, and presigned requests that declare nothing.
    /// A presigned request must say then for how long it holds.
    pub unsigned_payload_allowed: bool,
    /// How far the request's date may be from the clock.
    pub skew_seconds: i64,
    /// The only region that credentials may be scoped to; any if none.
    pub region: Option<String>,
    /// The only service that credentials may be scoped to; any if none.
    pub service: Option<String>,
}

impl Settings {
    /// Every service but S3: five minutes of skew, the body always signed.
    pub const SERVICE: Self = Self {
        double_encode_path: true,
        normalize_path: true,
        unsigned_payload_allowed: false,
        skew_seconds: 300,
        region: None,
        service: None,
    };

    /// S3: paths are object keys, so nothing of them is folded; fifteen minutes of skew.
    pub const S3: Self = Self {
        double_encode_path: false,
        normalize_path: false,
        unsigned_payload_allowed: true,
        skew_seconds: 900,
        region: None,
        service: None,
    };
}

/// A request whose signature holds.
#[derive(Debug)]
pub struct Verified<'a> {
    /// Who signed, for which day, region and service; now proven.
    pub claim: Claim<'a>,
    /// What the signature says of the body.
    pub content: Content,
    /// Verifies the body as it arrives, if it is [`Content::Chunked`].
    pub chunks: Option<Chunks>,
}

/// Verifies requests. It caches derived keys, never verdicts; keep one per thread.
#[derive(Debug)]
pub struct Verifier {
    settings: Settings,
    keys: KeyCache,
}

impl Verifier {
    /// A verifier with an empty cache.
    pub fn new(settings: Settings) -> Self {
        Self { settings, keys: KeyCache::new() }
    }

    /// Verifies `request` at `now` (seconds since 1970). `secret_of` looks up the secret of the
    /// claimed access key id, and checks the claim's session token; what it refuses, is refused.
    ///
    /// The error says what is wrong in AWS's words. Its order is AWS's too: form, scope, key,
    /// time, coverage, body, signature.
    pub fn verify<'a, 'k>(
        &mut self,
        request: Request<'a>,
        payload: Payload<'_>,
        now: i64,
        secret_of: impl FnOnce(&Claim<'a>) -> Result<Secret<'k>, Error>,
    ) -> Result<Verified<'a>, Error> {
        let headers = Headers::of(request.headers);
        let claim = Claim::read(request, &headers)?;
        check_scope(&claim, &self.settings)?;
        let secret = secret_of(&claim)?;
        check_time(&claim, now, &self.settings)?;
        let signed_names = SignedNames::of(&claim.signed_headers);
        headers.check_coverage(&signed_names)?;
        let line = PayloadLine::of(request, &claim, &headers, (payload, &self.settings))?;
        let key = self.keys.get(&claim.access_key_id, secret, &claim.scope_text, claim.scope());
        let mut canonical = Canonical {
            request,
            headers: &headers,
            signed_headers: &claim.signed_headers,
            signed_names: &signed_names,
            payload: line.as_bytes(),
            settings: &self.settings,
            spelling: Spelling::Normal,
            place: claim.place,
        };
        let mut signed = matching(key, &claim, &canonical)?;
        if signed.is_none() && spellings_differ(request.uri, &self.settings) {
            canonical.spelling = Spelling::AsSent;
            signed = matching(key, &claim, &canonical)?;
        }
        let signature = signed.ok_or(Error::Mismatch)?;
        let content = line.content;
        let chunks = match content {
            Content::Chunked(form) => Some(chunks(form, key, &claim, signature)),
            _ => None,
        };
        Ok(Verified { claim, content, chunks })
    }
}

fn chunks(form: ChunkForm, key: &SigningKey, claim: &Claim<'_>, seed: [u8; 32]) -> Chunks {
    let chain = || Chain::new(key.clone(), claim.signed_at.text(), &claim.scope_text, seed);
    Chunks::new(form, form.signed.then(chain))
}

fn check_scope(claim: &Claim<'_>, settings: &Settings) -> Result<(), Error> {
    if claim.date != claim.signed_at.day() {
        return Err(Error::ScopeDate {
            scope: claim.date.clone().into_owned(),
            day: claim.signed_at.day().to_owned(),
            date: claim.signed_at.to_string(),
        });
    }
    if settings.region.as_ref().is_some_and(|region| *region != claim.region) {
        return Err(Error::ScopeRegion(claim.region.clone().into_owned()));
    }
    match &settings.service {
        Some(service) if *service != claim.service => Err(Error::ScopeService(service.clone())),
        _ => Ok(()),
    }
}

fn check_time(claim: &Claim<'_>, now: i64, settings: &Settings) -> Result<(), Error> {
    let signed_at = claim.signed_at.epoch();
    let allowed = settings.skew_seconds;
    let skew = Skew { signed_at, now, allowed };
    if signed_at > now.saturating_add(allowed) {
        return Err(Error::NotYetCurrent(skew));
    }
    let holds_for = match claim.place {
        Place::Query { expires: None } if settings.unsigned_payload_allowed => {
            return Err(Error::QueryIncomplete(PARAM_EXPIRES));
        }
        Place::Query { expires: Some(expires) } => expires,
        _ => allowed,
    };
    match claim.place {
        _ if signed_at >= now.saturating_sub(holds_for) => Ok(()),
        Place::Query { expires: Some(_) } => {
            Err(Error::QueryExpired(Skew { allowed: holds_for, ..skew }))
        }
        _ => Err(Error::Expired(skew)),
    }
}

/// The signature that `canonical` has, if it is the one that was given.
fn matching(
    key: &SigningKey,
    claim: &Claim<'_>,
    canonical: &Canonical<'_>,
) -> Result<Option<[u8; 32]>, Error> {
    let expected = signature(key, claim.signed_at.text(), &claim.scope_text, canonical)?;
    // A signature that is not hex equals nothing.
    let holds = claim.signature.is_some_and(|given| equal(&given, &expected));
    Ok(holds.then_some(expected))
}

/// Compares in constant time, eight bytes at a time.
fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let words = |bytes: &[u8; 32]| {
        let word = |i: usize| u64::from_ne_bytes(std::array::from_fn(|j| bytes[8 * i + j]));
        [word(0), word(1), word(2), word(3)]
    };
    words(a).ct_eq(&words(b)).into()
}

/// Signs a canonical request: the string to sign is `algorithm \n date \n scope \n hash`.
pub(crate) fn signature(
    key: &SigningKey,
    date: &str,
    scope_text: &str,
    canonical: &Canonical<'_>,
) -> Result<[u8; 32], Error> {
    let hash = to_hex(&canonical.hash()?);
    Ok(key.sign(&[
        b"AWS4-HMAC-SHA256\n",
        date.as_bytes(),
        b"\n",
        scope_text.as_bytes(),
        b"/aws4_request\n",
        &hash,
    ]))
}
