//! Owns parsed JSON as templates see it: members in their order, text borrowed where it has no
//! escapes, integers apart from decimals. Querying it is somebody else's (a JSON path crate's).

use std::borrow::Cow;
use std::fmt;

use num_bigint::BigInt;

/// How deep arrays and objects may be nested.
const DEPTH_MAX: usize = 128;

/// A JSON text, parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without point or exponent that fits 64 bits.
    Int(i64),
    /// One that does not.
    Big(Box<BigInt>),
    /// Any other number.
    Double(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object, its members in their order; of equal names the last counts, at the first's place.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// What is wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    offset: usize,
    message: &'static str,
}

impl JsonError {
    /// Where, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for JsonError {}

impl<'a> Json<'a> {
    /// Parses a JSON text.
    ///
    /// ```
    /// use vtl::Json;
    ///
    /// let json = Json::parse(r#"{"a": [1, 2.5, "x"]}"#).unwrap();
    /// assert_eq!(json.get("a").and_then(|a| a.at(1)), Some(&Json::Double(2.5)));
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        reader.blanks();
        let value = reader.value()?;
        reader.blanks();
        if reader.at < text.len() {
            return Err(reader.error("more text behind the value"));
        }
        Ok(value)
    }

    /// The same with text of its own, that borrows from nothing.
    pub fn into_owned(self) -> Json<'static> {
        let text = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Int(value) => Json::Int(value),
            Self::Big(value) => Json::Big(value),
            Self::Double(value) => Json::Double(value),
            Self::Text(value) => Json::Text(text(value)),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => {
                let owned =
                    members.into_iter().map(|(name, value)| (text(name), value.into_owned()));
                Json::Object(owned.collect())
            }
        }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// An item of an array.
    pub fn at(&self, index: usize) -> Option<&Json<'a>> {
        let Self::Array(items) = self else { return None };
        items.get(index)
    }
}

/// The JSON text, without blanks; doubles as Java writes them.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Big(value) => write!(f, "{value}"),
            Self::Double(value) => super::print::write_double(*value, f),
            Self::Text(text) => write_string(text, f),
            Self::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    write_string(name, f)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A JSON string with its quotes.
pub(super) fn write_string(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.write_str(&text[from..at])?;
        from = at + 1;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}")?;
        } else {
            out.write_str(escape)?;
        }
    }
    out.write_str(&text[from..])?;
    out.write_char('"')
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
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
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'a>, JsonError>,
    ) -> Result<Json<'a>, JsonError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error("nested too deeply"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
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
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.blanks();
            items.push(self.value()?);
            self.blanks();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("no `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        self.at += 1;
        let mut members = Members::default();
        self.blanks();
        if self.take(b'}') {
            return Ok(Json::Object(members.list));
        }
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
            members.put(name, self.value()?);
            self.blanks();
            if self.take(b'}') {
                return Ok(Json::Object(members.list));
            }
            if !self.take(b',') {
                return Err(self.error("no `,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Json<'a>, JsonError> {
        let start = self.at;
        let part =
            |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        while self.next().is_some_and(part) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if !text.contains(['.', 'e', 'E']) {
            if let Ok(value) = text.parse() {
                return Ok(Json::Int(value));
            }
            let big = text.parse().map_err(|_| self.error("no number"))?;
            return Ok(Json::Big(Box::new(big)));
        }
        let number: f64 = text.parse().map_err(|_| self.error("no number"))?;
        if number.is_infinite() {
            return Err(self.error("a number beyond the range of doubles"));
        }
        Ok(Json::Double(number))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let end =
            memchr::memchr2(b'"', b'\\', rest).ok_or_else(|| self.error("no closing quote"))?;
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
            let plain =
                memchr::memchr2(b'"', b'\\', rest).ok_or_else(|| self.error("no closing quote"))?;
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

/// Members read so far; from some size on their names are hashed, so that an object of many members
/// is read in linear time.
#[derive(Default)]
struct Members<'a> {
    list: Vec<(Cow<'a, str>, Json<'a>)>,
    places: std::collections::HashMap<Cow<'a, str>, usize>,
}

impl<'a> Members<'a> {
    fn put(&mut self, name: Cow<'a, str>, value: Json<'a>) {
        const HASHED_FROM: usize = 16;
        if self.list.len() == HASHED_FROM {
            let names = self.list.iter().enumerate();
            self.places = names.map(|(at, (name, _))| (name.clone(), at)).collect();
        }
        let place = if self.list.len() < HASHED_FROM {
            self.list.iter().position(|(known, _)| *known == name)
        } else {
            self.places.get(&name).copied()
        };
        if let Some(at) = place {
            self.list[at].1 = value;
            return;
        }
        if self.list.len() >= HASHED_FROM {
            self.places.insert(name.clone(), self.list.len());
        }
        self.list.push((name, value));
    }
}
