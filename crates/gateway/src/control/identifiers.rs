//! Ids as API Gateway makes them: small letters and digits.

/// Letters of an id of an API or a part of one.
const API: usize = 10;
/// Letters of an id of what an API has few of.
const PART: usize = 6;

/// The id of a new API, of its root resource, or of a validator.
pub(crate) fn long() -> String {
    random(API)
}

/// The id of a new resource, deployment or model.
pub(crate) fn short() -> String {
    random(PART)
}

fn random(length: usize) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_small_letters_and_digits() {
        for (id, length) in [(long(), 10), (short(), 6)] {
            assert_eq!(id.len(), length);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(id.chars().all(plain), "{id}");
        }
    }
}
