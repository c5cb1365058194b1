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
/// How many words of a string are looked at before it counts as long.
const SHORT_WORDS: usize = 4;

/// The text is refused, and the reader knows why.
struct Refused;

type Read<T> = Result<T, Refused>;

/// Reads one text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// What is wrong, kept here so that values pass from hand to hand without room for it.
    refusal: Option<JsonError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, refusal: None }
    }

    /// The value that the whole text is.
    pub(super) fn whole(mut self) -> Result<Json<'a>, JsonError> {
        let read = self.only_value();
        read.map_err(|Refused| self.refusal.expect("who refuses says why: this is a bug"))
    }

    fn only_value(&mut self) -> Read<Json<'a>> {
        self.blanks();
        let value = self.value()?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(self.refused("more text behind the value"));
        }
        Ok(value)
    }

    #[cold]
    fn refused(&mut self, message: &'static str) -> Refused {
        self.refusal = Some(JsonError { offset: self.at, message });
        Refused
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

    fn value(&mut self) -> Read<Json<'a>> {
        match self.next() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    /// Passes the bracket that opens an array or object.
    fn open(&mut self) -> Read<()> {
        if self.depth == DEPTH_MAX {
            return Err(self.refused("nested too deeply"));
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

    fn word(&mut self) -> Read<Json<'a>> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.refused("no JSON value"))
    }

    fn array(&mut self) -> Read<Json<'a>> {
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
                return Err(self.refused("no `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Read<Json<'a>> {
        self.open()?;
        if self.close(b'}') {
            return Ok(Json::Object(Vec::new()));
        }
        let mut members = Members { list: Vec::with_capacity(ROOM), places: None };
        loop {
            self.blanks();
            if self.next() != Some(b'"') {
                return Err(self.refused("no name of a member"));
            }
            let name = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.refused("no `:`"));
            }
            self.blanks();
            let value = self.value()?;
            members.put(name, value);
            self.blanks();
            if self.close(b'}') {
                return Ok(Json::Object(members.list));
            }
            if !self.take(b',') {
                return Err(self.refused("no `,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Read<Json<'a>> {
        let rest = &self.text[self.at..];
        if let Some((number, length)) = numbers::plain(rest.as_bytes()) {
            self.at += length;
            return Ok(number);
        }
        let length = numbers::length(rest.as_bytes());
        self.at += length;
        numbers::any(&rest[..length]).map_err(|message| self.refused(message))
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let Some(end) = plain_length(rest) else { return Err(self.refused("no closing quote")) };
        self.at = start + end;
        if rest[end] == b'"' {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..start + end]));
        }
        self.escaped(self.text[start..start + end].to_owned()).map(Cow::Owned)
    }

    fn escaped(&mut self, mut out: String) -> Read<String> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(plain) = plain_length(rest) else {
                return Err(self.refused("no closing quote"));
            };
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Read<char> {
        let Some(byte) = self.next() else { return Err(self.refused("no closing quote")) };
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(byte),
            b'u' => self.unicode()?,
            _ => return Err(self.refused("an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Read<char> {
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

    fn unit(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let unit = u32::from_str_radix(digits, 16)
            .map_err(|_| self.refused("no four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

/// How much of a string there is before its closing quote or an escape. Names are short: to look at
/// eight of their bytes at a time is over before a search of vectors has begun.
#[inline]
fn plain_length(text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks();
    let mut at = 0;
    for word in words.iter().take(SHORT_WORDS) {
        let found = ends_in(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += word.len();
    }
    Some(at + memchr::memchr2(b'"', b'\\', &text[at..])?)
}

/// The highest bit of each byte that is a quote or a backslash, up to the first one: what is above it is
/// not to be looked at.
#[inline]
fn ends_in(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    (zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES)) & (ONES << 7)
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
