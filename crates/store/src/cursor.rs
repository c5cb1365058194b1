//! Opaque continuation tokens: JSON in hex, so that they pass anywhere unescaped.

use std::fmt::Write;

use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// Makes a token of a position.
pub(crate) fn encode(position: &impl Serialize) -> String {
    let json = serde_json::to_vec(position).expect("a position is plain data: this is a bug");
    to_hex(&json)
}

/// Reads a token back; anything that is not one of ours is [`Error::Cursor`].
pub(crate) fn decode<T: DeserializeOwned>(token: &str) -> Result<T, Error> {
    let json = from_hex(token).ok_or(Error::Cursor)?;
    serde_json::from_slice(&json).map_err(|_| Error::Cursor)
}

/// Lower-case hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of hex of either case; none if it is not that.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
