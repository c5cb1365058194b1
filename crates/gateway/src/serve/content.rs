//! Bytes and text: what becomes of a body by its media type and the wish of the author.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use resources::rest_apis::ContentHandling;

/// What a body is and what it should become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    /// Whether its media type is one of the API's binary ones.
    pub(crate) is_binary: bool,
    /// Whether bytes are wanted where the author says nothing; of a request, as it came.
    pub(crate) wants_binary: bool,
    pub(crate) handling: Option<ContentHandling>,
}

/// What is done with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// It stays bytes.
    Keep,
    /// It is text; what is no UTF-8 is replaced.
    Text,
    /// Bytes become base64 text.
    Encode,
    /// Base64 text becomes bytes.
    Decode,
}

impl Content {
    pub(crate) fn conversion(self) -> Conversion {
        use ContentHandling as Handling;
        match (self.handling, self.is_binary, self.wants_binary) {
            (Some(Handling::ConvertToBinary), true, _) | (None, true, true) => Conversion::Keep,
            (Some(Handling::ConvertToText), true, _) | (None, true, false) => Conversion::Encode,
            (Some(Handling::ConvertToBinary), false, _) | (None, false, true) => Conversion::Decode,
            (Some(Handling::ConvertToText), false, _) | (None, false, false) => Conversion::Text,
        }
    }
}

/// The body as text, for a template.
pub(crate) fn text_of(body: &[u8], conversion: Conversion) -> Cow<'_, str> {
    match conversion {
        Conversion::Encode => BASE64_STANDARD.encode(body).into(),
        Conversion::Keep | Conversion::Text | Conversion::Decode => lossy(body),
    }
}

/// As [`String::from_utf8_lossy`], but quick where nothing is to be replaced.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The body without a template; none if it should be base64 and is not.
pub(crate) fn converted(body: Bytes, conversion: Conversion) -> Option<Bytes> {
    match conversion {
        Conversion::Keep => Some(body),
        Conversion::Text if std::str::from_utf8(&body).is_ok() => Some(body),
        Conversion::Text | Conversion::Encode => {
            Some(Bytes::from(text_of(&body, conversion).into_owned()))
        }
        Conversion::Decode => decoded(&body),
    }
}

/// The bytes that base64 text stands for.
pub(crate) fn decoded(text: &[u8]) -> Option<Bytes> {
    BASE64_STANDARD.decode(text.trim_ascii()).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are AWS's answers, as recorded for an S3 integration.
    #[test]
    fn bodies_are_converted_as_aws_was_seen_to_do() {
        use {ContentHandling as Handling, Conversion as To};
        let (text, bytes) = (Some(Handling::ConvertToText), Some(Handling::ConvertToBinary));
        for (handling, is_binary, wants_binary, expect) in [
            (None, false, false, To::Text),
            (None, false, true, To::Decode),
            (None, true, true, To::Keep),
            (None, true, false, To::Encode),
            (text, false, false, To::Text),
            (text, false, true, To::Text),
            (text, true, true, To::Encode),
            (text, true, false, To::Encode),
            (bytes, false, false, To::Decode),
            (bytes, false, true, To::Decode),
            (bytes, true, true, To::Keep),
            (bytes, true, false, To::Keep),
        ] {
            let content = Content { is_binary, wants_binary, handling };
            assert_eq!(content.conversion(), expect, "{content:?}");
        }
    }

    #[test]
    fn conversions_do_what_they_say() {
        let check = |body: &'static [u8], conversion, expect: Option<&'static [u8]>| {
            let found = converted(Bytes::from_static(body), conversion);
            assert_eq!(found.as_deref(), expect, "{conversion:?}");
        };
        check(b"\x1f\xff", Conversion::Keep, Some(b"\x1f\xff"));
        check(b"\x1f\xff", Conversion::Text, Some("\x1f\u{fffd}".as_bytes()));
        check(b"\x1f\xff", Conversion::Encode, Some(b"H/8="));
        check(b"H/8=", Conversion::Decode, Some(b"\x1f\xff"));
        check(b"no base64!", Conversion::Decode, None);
    }
}
