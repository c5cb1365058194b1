//! Owns `$util`: functions over text. They do what Java's and commons-lang's do, which API Gateway
//! calls.

use std::cell::Cell;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use vtl::{Json, JsonLists, Object, ObjectError, Value};

use super::allowance::Allowance;
use super::documents::Document;

/// Java's decoder takes text without padding, too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What Java's `URLEncoder` writes as percent escapes; a blank becomes `+`.
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b' ');

/// `$util`
#[derive(Debug)]
pub(super) struct Functions<'d> {
    documents: Cell<&'d Document>,
    allowance: &'d Allowance,
}

impl<'d> Functions<'d> {
    pub(super) fn new(documents: &'d Document, allowance: &'d Allowance) -> Self {
        Self { documents: Cell::new(documents), allowance }
    }

    /// `parseJson`: what already is a list or map stays what it is.
    fn parse_json(&self, argument: &Value<'d>) -> Result<Value<'d>, ObjectError> {
        let Some(text) = argument.as_text() else { return Ok(argument.clone()) };
        if text.is_empty() {
            return Ok(Value::Null);
        }
        // A document takes more than its text: `[[],[],…` ten times as much.
        self.allowance.spend(text.len().saturating_mul(10))?;
        let json = Json::parse(text)
            .map_err(|error| ObjectError::new(format!("the text is no JSON: {error}")))?;
        let (json, next) = self.documents.get().keep(json.into_owned());
        self.documents.set(next);
        Ok(Value::json(json))
    }
}

impl<'d> Object<'d> for Functions<'d> {
    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        let [argument] = arguments else { return Ok(None) };
        if method == "parseJson" {
            return self.parse_json(argument).map(Some);
        }
        let text = argument.written(JsonLists::Json);
        let made = match method {
            "escapeJavaScript" => escape_java_script(&text),
            "urlEncode" => utf8_percent_encode(&text, FORM).to_string().replace(' ', "+"),
            "urlDecode" => url_decode(&text)?,
            "base64Encode" => BASE64.encode(text.as_bytes()),
            "base64Decode" => base64_decode(&text)?,
            _ => return Ok(None),
        };
        self.allowance.spend(text.len() + made.len())?;
        Ok(Some(made.into()))
    }
}

/// As commons-lang's `escapeJavaScript`: quotes, backslash and slash, control characters, and all
/// that is not ASCII, by its UTF-16 units.
pub(super) fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04X}").expect("a string takes all: this is a bug");
                }
            }
        }
    }
    out
}

fn url_decode(text: &str) -> Result<String, ObjectError> {
    let plain = text.replace('+', " ");
    let escapes = plain.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'%');
    for (at, _) in escapes {
        let digits = plain.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            let message = format!("a `%` at byte {at} has no two hexadecimal digits behind it");
            return Err(ObjectError::new(message));
        }
    }
    Ok(percent_decode_str(&plain).decode_utf8_lossy().into_owned())
}

fn base64_decode(text: &str) -> Result<String, ObjectError> {
    let bytes = BASE64
        .decode(text)
        .map_err(|error| ObjectError::new(format!("the text is no base64: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
