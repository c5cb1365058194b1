//! The body's part in a signature: which hash is signed, and whether the body is that one.

use sha2::{Digest, Sha256};

use crate::{
    Error, Request, Settings,
    chunks::ChunkForm,
    claim::{Claim, Place},
    headers::Headers,
    presigned,
};

/// The header that declares the body's hash.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// What stands for the hash of a body that is not signed.
pub(crate) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The longest payload line: the name of a chunked form.
const LINE_BYTES_MAX: usize = 64;

/// What the verifier knows of the body.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// All of it; it is hashed here.
    Body(&'a [u8]),
    /// Its SHA-256, computed by the caller while the body came in.
    Digest([u8; 32]),
    /// Nothing yet. The request must declare a hash, which the caller compares once the body is
    /// in ([`Content::Declared`]).
    Unread,
}

/// What the signature says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The body is the one that was signed.
    Verified,
    /// The signature holds for a body with this SHA-256; the body itself was not seen.
    Declared([u8; 32]),
    /// The signature does not cover the body.
    Unsigned,
    /// The body is in the `aws-chunked` form; [`crate::Verified::chunks`] verifies it.
    Chunked(ChunkForm),
}

/// The payload line of the canonical request and what it proves.
pub(crate) struct PayloadLine {
    text: [u8; LINE_BYTES_MAX],
    len: usize,
    pub(crate) content: Content,
}

impl PayloadLine {
    /// Chooses the line as AWS does: what the request declares, else the body's own hash. A
    /// presigned request whose body need not be signed leaves it unsigned by declaring nothing.
    pub(crate) fn of(
        request: Request<'_>,
        claim: &Claim<'_>,
        headers: &Headers<'_>,
        (payload, settings): (Payload<'_>, &Settings),
    ) -> Result<Self, Error> {
        let presigned = claim.place != Place::Header;
        let declared = headers.first(CONTENT_SHA256).or_else(|| {
            let query = request.uri.query().filter(|_| presigned)?;
            presigned::content_sha256(query).map(str::as_bytes)
        });
        match declared {
            Some(declared) => Self::of_declared(declared, payload, settings),
            None if presigned && settings.unsigned_payload_allowed => Ok(Self::unsigned()),
            None => match digest_of(payload) {
                Some(digest) => Ok(Self::of_digest(&digest, Content::Verified)),
                None => Err(Error::ContentForm(String::new())),
            },
        }
    }

    fn of_declared(
        declared: &[u8],
        payload: Payload<'_>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        if settings.unsigned_payload_allowed {
            if declared == UNSIGNED.as_bytes() {
                return Ok(Self::unsigned());
            }
            if let Some(form) = ChunkForm::named(declared) {
                return Ok(Self::of_chunks(form));
            }
        }
        let form = || Error::ContentForm(String::from_utf8_lossy(declared).into_owned());
        let declared = from_hex(declared).ok_or_else(form)?;
        match digest_of(payload) {
            None => Ok(Self::of_digest(&declared, Content::Declared(declared))),
            Some(digest) if digest == declared => Ok(Self::of_digest(&digest, Content::Verified)),
            Some(_) => Err(Error::ContentMismatch),
        }
    }

    /// The line for a body that is at hand.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        Self::of_digest(&Sha256::digest(body).into(), Content::Verified)
    }

    /// The line for a body whose hash is known.
    pub(crate) fn of_hash(digest: &[u8; 32]) -> Self {
        Self::of_digest(digest, Content::Declared(*digest))
    }

    fn of_digest(digest: &[u8; 32], content: Content) -> Self {
        Self { text: to_hex(digest), len: 64, content }
    }

    /// The line for a body in a chunked form.
    pub(crate) fn of_chunks(form: ChunkForm) -> Self {
        Self::of_text(form.name().unwrap_or(UNSIGNED), Content::Chunked(form))
    }

    /// The line for a body that is not signed.
    pub(crate) fn unsigned() -> Self {
        Self::of_text(UNSIGNED, Content::Unsigned)
    }

    fn of_text(line: &str, content: Content) -> Self {
        let mut text = [0; LINE_BYTES_MAX];
        text[..line.len()].copy_from_slice(line.as_bytes());
        Self { text, len: line.len(), content }
    }

    /// The line's bytes, without a line end.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

fn digest_of(payload: Payload<'_>) -> Option<[u8; 32]> {
    match payload {
        Payload::Body(body) => Some(Sha256::digest(body).into()),
        Payload::Digest(digest) => Some(digest),
        Payload::Unread => None,
    }
}

/// Lower-case hex.
pub(crate) fn to_hex(digest: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// No digit of hex.
const NO_DIGIT: u8 = 0xff;

/// The value of each digit of lower-case hex. Digits and letters alternate without a pattern, so
/// that a look-up is faster than a branch.
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    table
};

/// Reads 64 digits of lower-case hex; upper case is refused, as it is on AWS.
pub(crate) fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let text: &[u8; 64] = text.try_into().ok()?;
    let mut digest = [0; 32];
    let mut seen = 0;
    for (byte, pair) in digest.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | (low & 15);
    }
    (seen < 16).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::{from_hex, to_hex};

    #[test]
    fn hex_goes_both_ways() {
        let digest = std::array::from_fn(|i| i as u8 * 8 + 1);
        assert_eq!(from_hex(&to_hex(&digest)), Some(digest));
    }

    #[test]
    fn only_lower_case_hex_is_read() {
        for wrong in [b'A', b'g', b'/', b':', b'`', 0, 255] {
            let mut text = [b'0'; 64];
            text[17] = wrong;
            assert_eq!(from_hex(&text), None, "{wrong}");
        }
        assert_eq!(from_hex(&[b'0'; 63]), None);
    }
}
