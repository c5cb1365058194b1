//! Owns a body: its text, and the JSON it is read as when a template first asks.

use std::cell::OnceCell;

use vtl::{Json, JsonError};

/// The body of a request or of an integration's answer.
#[derive(Debug, Default)]
pub struct Body<'b> {
    text: &'b str,
    json: OnceCell<Result<Json<'b>, String>>,
}

impl<'b> Body<'b> {
    /// A body of text; bytes that are no UTF-8 are to be replaced before, as Java replaces them:
    /// [`String::from_utf8_lossy`].
    pub fn new(text: &'b str) -> Self {
        Self { text, json: OnceCell::new() }
    }

    /// The text.
    pub fn text(&self) -> &'b str {
        self.text
    }

    /// The body as templates see it: JSON if it is that, `{}` if it is empty, text otherwise. What
    /// begins like an object or array and is none is refused, with the message for the caller.
    pub(super) fn json(&self) -> Result<&Json<'b>, &str> {
        self.json.get_or_init(|| read(self.text)).as_ref().map_err(String::as_str)
    }

    /// Why a template could not read the body, if one tried.
    pub(super) fn refused(&self) -> Option<&str> {
        self.json.get()?.as_ref().err().map(String::as_str)
    }
}

fn read(text: &str) -> Result<Json<'_>, String> {
    if text.is_empty() {
        return Ok(Json::Object(Vec::new()));
    }
    match Json::parse(text) {
        Ok(json) => Ok(json),
        Err(error) if text.trim_start().starts_with(['{', '[']) => Err(refusal(text, &error)),
        Err(_) => Ok(Json::Text(text.into())),
    }
}

/// In the words of the parser that API Gateway used when it was recorded. That one takes names and
/// strings without quotes, so that `{a` is to it no wrong character but an end that comes early.
fn refusal(text: &str, error: &JsonError) -> String {
    let last = text.chars().count() - 1;
    let unclosed = !text.trim_end().ends_with(['}', ']']);
    let detail = if unclosed {
        let token = if text.starts_with('{') { "null" } else { "EOF" };
        format!("Unexpected End Of File position {last}: {token}")
    } else {
        format!("Unexpected token: {error}")
    };
    format!("Could not process payloadnet.minidev.json.parser.ParseException: {detail}")
}
