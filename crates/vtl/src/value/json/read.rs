//! Owns the way from JSON text to values: strict where Java's parsers are, with a bound on nesting.
//! What a number's digits are worth is `numbers`' business.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Json, JsonError, numbers};

/// How deep arrays and objects may be nested.
const DEPTH_MAX: usize = 128;
/// How many items or members have room at first: what a list takes when it grows for the first time.
const ROOM: usize = 4;
/// How many bytes of a string are looked at one by one.
const SHORT: usize = 16;

/// Reads one text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The value that the whole text is.
    pub(super) fn whole(mut self) -> Result<Json<'a>, JsonError> {
        self.blanks();
        let value = self.value()?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(self.error("more text behind the value"));
        }
        Ok(value)
    }

    fn error(&self, message: &'static str) -> JsonError {
        JsonError { offset: self.at, message }
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Json<'a>, JsonError> {
        match self.next() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    /// Passes the bracket that opens an array or object.
    fn open(&mut self) -> Result<(), JsonError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// Whether the array or object closes here, which passes its bracket.
    fn close(&mut self, bracket: u8) -> bool {
        let closes = self.take(bracket);
        self.depth -= usize::from(closes);
        closes
    }

    fn word(&mut self) -> Result<Json<'a>, JsonError> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("no JSON value"))
    }

    fn array(&mut self) -> Result<Json<'a>, JsonError> {
        self.open()?;
        if self.close(b']') {
            return Ok(Json::Array(Vec::new()));
        }
        let mut items = Vec::with_capacity(ROOM);
        loop {
            self.blanks();
            items.push(self.value()?);
            self.blanks();
            if self.close(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("no `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        self.open()?;
        if self.close(b'}') {
            return Ok(Json::Object(Vec::new()));
        }
        let mut members = Members { list: Vec::with_capacity(ROOM), places: None };
        loop {
            self.blanks();
            if self.next() != Some(b'"') {
                return Err(self.error("no name of a member"));
            }
            let name = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.error("no `:`"));
            }
            self.blanks();
            let value = self.value()?;
            members.put(name, value);
            self.blanks();
            if self.close(b'}') {
                return Ok(Json::Object(members.list));
            }
            if !self.take(b',') {
                return Err(self.error("no `,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Json<'a>, JsonError> {
        let rest = &self.text[self.at..];
        if let Some((number, length)) = numbers::short(rest.as_bytes()) {
            self.at += length;
            return Ok(number);
        }
        let length = numbers::length(rest.as_bytes());
        self.at += length;
        numbers::any(&rest[..length]).map_err(|message| self.error(message))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let end = plain_length(rest).ok_or_else(|| self.error("no closing quote"))?;
        self.at = start + end;
        if rest[end] == b'"' {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..start + end]));
        }
        self.escaped(self.text[start..start + end].to_owned()).map(Cow::Owned)
    }

    fn escaped(&mut self, mut out: String) -> Result<String, JsonError> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain = plain_length(rest).ok_or_else(|| self.error("no closing quote"))?;
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.next().ok_or_else(|| self.error("no closing quote"))?;
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(byte),
            b'u' => self.unicode()?,
            _ => return Err(self.error("an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.unit()?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.unit()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let unit = u32::from_str_radix(digits, 16)
            .map_err(|_| self.error("no four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

/// How much of a string there is before its closing quote or an escape. Names are short: to look at
/// their bytes one by one is over before a search of vectors has begun.
#[inline]
fn plain_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < SHORT {
        if matches!(text.get(at)?, b'"' | b'\\') {
            return Some(at);
        }
        at += 1;
    }
    Some(SHORT + memchr::memchr2(b'"', b'\\', &text[SHORT..])?)
}

/// From how many members on their names are hashed, so that an object of many is read in linear time.
const HASHED_FROM: usize = 16;

/// Members read so far.
struct Members<'a> {
    list: Vec<Member<'a>>,
    /// Where each name is, once there are many.
    places: Option<HashMap<Cow<'a, str>, usize>>,
}

type Member<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Members<'a> {
    #[inline]
    fn put(&mut self, name: Cow<'a, str>, value: Json<'a>) {
        if self.list.len() >= HASHED_FROM {
            return self.put_hashed(name, value);
        }
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.list.push((name, value)),
        }
    }

    fn put_hashed(&mut self, name: Cow<'a, str>, value: Json<'a>) {
        let places = self.places.get_or_insert_with(|| {
            let names = self.list.iter().enumerate();
            names.map(|(at, (name, _))| (name.clone(), at)).collect()
        });
        match places.entry(name) {
            Entry::Occupied(place) => self.list[*place.get()].1 = value,
            Entry::Vacant(place) => {
                self.list.push((place.key().clone(), value));
                place.insert(self.list.len() - 1);
            }
        }
    }
}
