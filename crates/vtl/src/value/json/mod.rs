//! Owns parsed JSON as templates see it: members in their order, text borrowed where it has no
//! escapes, integers apart from decimals. Reading it is `read`'s and `numbers`' business, querying it
//! somebody else's (a JSON path crate's).

mod numbers;
mod read;

use std::borrow::Cow;
use std::fmt;

use num_bigint::BigInt;

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
        read::Reader::new(text).whole()
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
            Self::Double(value) => crate::value::print::write_double(*value, f),
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
