//! Request ids: the name under which a reply, a log line and a user's question meet.

use std::fmt;

use http::HeaderValue;

/// A random version 4 UUID in lower-case hex, as AWS writes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 36]);

impl RequestId {
    /// A fresh id from this thread's own random stream.
    pub fn fresh() -> Self {
        let mut text = [b'-'; 36];
        let [first, second] = [fastrand::u64(..), fastrand::u64(..)];
        put_hex(&mut text[..8], first);
        put_hex(&mut text[9..13], first >> 32);
        put_hex(&mut text[15..18], first >> 48);
        put_hex(&mut text[20..23], second);
        put_hex(&mut text[24..], second >> 12);
        text[14] = b'4';
        text[19] = b"89ab"[(second >> 62) as usize];
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits and dashes are ASCII: this is a bug")
    }

    /// The id as a header's value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("hex digits and dashes are visible: this is a bug")
    }
}

/// The lowest bits of a number, as many as there is room for, in hexadecimal digits.
fn put_hex(place: &mut [u8], mut bits: u64) {
    for digit in place {
        *digit = b"0123456789abcdef"[(bits & 15) as usize];
        bits >>= 4;
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn ids_are_random_version_4_uuids() {
        let id = RequestId::fresh();
        let groups: Vec<usize> = id.as_str().split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&id.as_str()[14..15], "4");
        assert!("89ab".contains(&id.as_str()[19..20]), "{id}");
        assert_ne!(id, RequestId::fresh());
    }
}
