//! One access key: its id and its secret, in AWS's forms.

use crate::Secret;

/// RFC 4648's alphabet, of which AWS makes key ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ID_RANDOM: usize = 16;
const SECRET_RANDOM: usize = 40;

/// An access key id and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Such as `AKIA` and 16 characters more; not secret.
    pub id: String,
    /// 40 characters in keys of our making.
    pub secret: Secret,
}

impl AccessKey {
    /// A key made by somebody else. Both texts must have a form that survives a header and an
    /// INI file; the error says what is wrong with which.
    pub fn new(id: &str, secret: &str) -> Result<Self, String> {
        let id_ok = (3..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !id_ok {
            return Err(format!(
                "`{id}` is not an access key id; give 3 to 128 letters, digits and `_`"
            ));
        }
        let secret_ok =
            (1..=256).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !secret_ok {
            return Err(format!(
                "the secret of access key `{id}` is not one; give 1 to 256 visible ASCII \
                 characters without spaces"
            ));
        }
        Ok(Self { id: id.to_owned(), secret: Secret::new(secret) })
    }

    /// A new key of 80 random bits for the id and 240 for the secret, from the operating system.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0; ID_RANDOM + SECRET_RANDOM];
        getrandom::fill(&mut random)?;
        let (for_id, for_secret) = random.split_at(ID_RANDOM);
        // 32 and 64 divide 256: every letter is as likely as any other.
        let letters = |bytes: &[u8], alphabet: &[u8]| -> String {
            bytes.iter().map(|&byte| alphabet[byte as usize % alphabet.len()] as char).collect()
        };
        Ok(Self {
            id: format!("AKIA{}", letters(for_id, BASE32)),
            secret: Secret::new(letters(for_secret, BASE64)),
        })
    }
}
