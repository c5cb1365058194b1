//! Secrets, the keys derived from them, and a small cache of those. Who owns a secret is the
//! caller's to know.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::staging::Staging;

/// Slots of a cache; a collision costs one derivation (five HMACs), never a wrong answer.
const SLOTS: usize = 64;

/// The terminator of every credential scope.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// A secret access key, borrowed from its owner and never printed.
#[derive(Clone, Copy)]
pub struct Secret<'k>(&'k str);

impl<'k> Secret<'k> {
    /// Wraps the secret's text.
    pub const fn new(text: &'k str) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a signing key is derived from, beside the secret.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// `YYYYMMDD`.
    pub(crate) day: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// A derived key. It holds both HMAC states with the key already hashed in, so that a signature
/// costs only the blocks of its text and one more.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// `HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request")`.
    pub(crate) fn derive(secret: Secret<'_>, scope: Scope<'_>) -> Self {
        let first = [b"AWS4", secret.0.as_bytes()].concat();
        let mut key = hmac(&keyed(&first), scope.day.as_bytes());
        for part in [scope.region, scope.service, TERMINATOR] {
            key = hmac(&keyed(&key), part.as_bytes());
        }
        Self(keyed(&key))
    }

    /// The signature of the concatenated `parts`.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Staging::new(self.0.clone());
        for part in parts {
            mac.put(part);
        }
        mac.into_inner().finalize().into_bytes().into()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length: this is a bug")
}

fn hmac(key: &Hmac<Sha256>, text: &[u8]) -> [u8; 32] {
    key.clone().chain_update(text).finalize().into_bytes().into()
}

/// Derived keys by access key id and scope. A key whose secret has changed is derived anew.
pub(crate) struct KeyCache {
    slots: Vec<Option<Entry>>,
}

struct Entry {
    access_key_id: String,
    secret: String,
    /// `YYYYMMDD/region/service`.
    scope: String,
    key: SigningKey,
}

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self { slots: std::iter::repeat_with(|| None).take(SLOTS).collect() }
    }

    /// The key of `secret` for `scope`, whose text `scope_text` is `YYYYMMDD/region/service`.
    pub(crate) fn get(
        &mut self,
        access_key_id: &str,
        secret: Secret<'_>,
        scope_text: &str,
        scope: Scope<'_>,
    ) -> &SigningKey {
        let slot = &mut self.slots[slot_of(access_key_id, scope_text)];
        let fits = slot.as_ref().is_some_and(|entry| {
            entry.scope == scope_text
                && entry.access_key_id == access_key_id
                && entry.secret == secret.0
        });
        if !fits {
            *slot = None;
        }
        let entry = slot.get_or_insert_with(|| Entry {
            access_key_id: access_key_id.to_owned(),
            secret: secret.0.to_owned(),
            scope: scope_text.to_owned(),
            key: SigningKey::derive(secret, scope),
        });
        &entry.key
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache")
    }
}

/// Access key ids differ most at their ends, and scopes of one day in length and service.
fn slot_of(access_key_id: &str, scope_text: &str) -> usize {
    let mut mixed = 0u64;
    for byte in access_key_id.bytes().rev().take(8).chain(scope_text.bytes().rev().take(4)) {
        mixed = mixed.rotate_left(7) ^ u64::from(byte);
    }
    mixed = (mixed ^ scope_text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::{KeyCache, Scope, Secret, SigningKey};

    const SCOPE: Scope<'_> = Scope { day: "20150830", region: "us-east-1", service: "iam" };

    // The value is from AWS's documentation of signature version 4.
    #[test]
    fn derives_the_documented_key() {
        let key =
            SigningKey::derive(Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), SCOPE);
        let text = b"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
            f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let hex = crate::payload::to_hex(&key.sign(&[text]));
        assert_eq!(&hex, b"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn a_changed_secret_is_a_changed_key() {
        let mut cache = KeyCache::new();
        let mut sign = |secret| {
            cache.get("AKID", Secret::new(secret), "20150830/us-east-1/iam", SCOPE).sign(&[b"x"])
        };
        let first = sign("one");
        assert_ne!(first, sign("two"));
        assert_eq!(first, sign("one"));
    }
}
