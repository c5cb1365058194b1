//! `EncodingType=url`: names in lists, escaped so that every key fits into XML.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{S3Result, dto::EncodingType};

use super::errors::invalid_argument;

const ESCAPED: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How a list writes names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    escaped: bool,
}

impl Names {
    /// As the request asks for.
    pub(super) fn new(encoding_type: Option<&EncodingType>) -> S3Result<Self> {
        match encoding_type.map(EncodingType::as_str) {
            None => Ok(Self { escaped: false }),
            Some(EncodingType::URL) => Ok(Self { escaped: true }),
            Some(other) => Err(invalid_argument(format!(
                "`{other}` is not an encoding type; the one there is, is `url`"
            ))),
        }
    }

    /// A name as the list writes it.
    pub(super) fn show(self, name: impl Into<String>) -> String {
        let name = name.into();
        if self.escaped { utf8_percent_encode(&name, &ESCAPED).to_string() } else { name }
    }
}
