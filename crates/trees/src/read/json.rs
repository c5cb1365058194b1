//! The JSON encoding of a model, with the `NaN` and `Infinity` that XGBoost writes. The schema is
//! `xgboost`'s.

use std::borrow::Cow;

use super::{
    document::{Document, Shape, skip_nested},
    numbers::{self, Reached},
};
use crate::{Error, Label};

/// A cursor over JSON text.
#[derive(Debug)]
pub(super) struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Whether an item of the object or array has been seen, so that a comma must stand first.
#[derive(Debug)]
pub(super) struct Scope {
    first: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The key of the first member of the object that some bytes may be.
    pub(super) fn first_member(bytes: &'a [u8]) -> Option<Cow<'a, str>> {
        let mut json = Self::new(bytes);
        let mut members = json.object().ok()?;
        json.key(&mut members).ok()?
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::malformed(message).at(self.at)
    }

    /// The next byte that is not white space, not consumed.
    fn peek(&mut self) -> Result<u8, Error> {
        self.skip_space();
        self.rest().first().copied().ok_or_else(|| self.error("the JSON text ends too early"))
    }

    fn skip_space(&mut self) {
        self.at = self.bytes.len() - self.rest().trim_ascii_start().len();
    }

    fn open(&mut self, bracket: u8) -> Result<Scope, Error> {
        self.punctuation(bracket)?;
        Ok(Scope { first: true })
    }

    fn punctuation(&mut self, wanted: u8) -> Result<(), Error> {
        let found = self.peek()?;
        if found != wanted {
            return Err(self.error(format!("`{}` expected", char::from(wanted))));
        }
        self.at += 1;
        Ok(())
    }

    /// Moves to the next item, or past the closing bracket.
    fn item(&mut self, scope: &mut Scope, closing: u8) -> Result<bool, Error> {
        if self.peek()? == closing {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(&mut scope.first) {
            self.punctuation(b',')?;
        }
        Ok(true)
    }

    /// Consumes a bare word: digits, signs, `true`, `NaN`.
    fn word(&mut self) -> Result<&'a [u8], Error> {
        self.peek()?;
        let length = self.rest().iter().take_while(|b| numbers::is_part(**b)).count();
        if length == 0 {
            return Err(self.error("a value expected"));
        }
        let word = &self.rest()[..length];
        self.at += length;
        Ok(word)
    }

    /// Whether the next value is an array.
    pub(super) fn is_array(&mut self) -> Result<bool, Error> {
        Ok(self.peek()? == b'[')
    }

    /// Reads a number.
    pub(super) fn double(&mut self) -> Result<f64, Error> {
        self.peek()?;
        let start = self.at;
        fast_float2::parse(self.word()?)
            .map_err(|_| Error::malformed("a number expected").at(start))
    }

    /// Reads an array of numbers.
    pub(super) fn doubles(&mut self) -> Result<Vec<f64>, Error> {
        let mut numbers = Vec::new();
        let mut elements = self.array()?;
        while self.element(&mut elements)? {
            numbers.push(self.double()?);
        }
        Ok(numbers)
    }

    /// Reads what a class is called.
    pub(super) fn label(&mut self) -> Result<Label, Error> {
        if self.peek()? == b'"' {
            return Ok(Label::Text(self.text()?.into_owned()));
        }
        let start = self.at;
        let word = self.word()?;
        Ok(match (word, decimal(word)) {
            (b"true", _) => Label::Truth(true),
            (b"false", _) => Label::Truth(false),
            (_, Some(number)) => Label::Integer(number),
            _ => Label::Real(fast_float2::parse(word).map_err(|_| {
                Error::malformed("a label expected: a text, a number or a truth value").at(start)
            })?),
        })
    }

    /// Reads an array of what classes are called.
    pub(super) fn labels(&mut self) -> Result<Vec<Label>, Error> {
        let mut labels = Vec::new();
        let mut elements = self.array()?;
        while self.element(&mut elements)? {
            labels.push(self.label()?);
        }
        Ok(labels)
    }

    /// Reads an array quickly where that goes, and element by element where it does not.
    fn numbers<T>(
        &mut self,
        numbers: &mut Vec<T>,
        quickly: impl Fn(&[u8], usize, &mut Vec<T>) -> Reached,
        mut one: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<(), Error> {
        let mut elements = self.array()?;
        while self.element(&mut elements)? {
            match quickly(self.bytes, self.at, numbers) {
                Reached::End(at) => {
                    self.at = at;
                    return Ok(());
                }
                Reached::Element(at) => self.at = at,
            }
            numbers.push(one(self)?);
        }
        Ok(())
    }

    /// The bytes between the quotes, and whether there are escapes among them.
    fn quoted(&mut self) -> Result<(&'a [u8], bool), Error> {
        self.punctuation(b'"')?;
        let (start, mut escaped) = (self.at, false);
        loop {
            match self.rest() {
                [b'"', ..] => break,
                [b'\\', _, ..] => (escaped, self.at) = (true, self.at + 2),
                [b, ..] if *b >= b' ' => self.at += 1,
                [_, ..] => return Err(self.error("a control character in a string")),
                [] => return Err(self.error("a string without its closing quote")),
            }
        }
        let inside = &self.bytes[start..self.at];
        self.at += 1;
        Ok((inside, escaped))
    }
}

impl<'a> Document<'a> for Json<'a> {
    type Scope = Scope;

    fn shape(&mut self) -> Result<Shape, Error> {
        Ok(match self.peek()? {
            b'{' => Shape::Object,
            b'[' => Shape::Array,
            _ => Shape::Scalar,
        })
    }

    fn object(&mut self) -> Result<Scope, Error> {
        self.open(b'{')
    }

    fn array(&mut self) -> Result<Scope, Error> {
        self.open(b'[')
    }

    fn key(&mut self, scope: &mut Scope) -> Result<Option<Cow<'a, str>>, Error> {
        if !self.item(scope, b'}')? {
            return Ok(None);
        }
        let key = self.text()?;
        self.punctuation(b':')?;
        // The value's place is where it begins.
        self.skip_space();
        Ok(Some(key))
    }

    fn element(&mut self, scope: &mut Scope) -> Result<bool, Error> {
        self.item(scope, b']')
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        self.peek()?;
        let start = self.at;
        let (bytes, escaped) = self.quoted()?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Error::malformed("a string that is not UTF-8").at(start))?;
        if !escaped {
            return Ok(Cow::Borrowed(text));
        }
        let text = unescape(text).ok_or_else(|| Error::malformed("a broken escape").at(start))?;
        Ok(Cow::Owned(text))
    }

    fn float(&mut self) -> Result<f32, Error> {
        self.peek()?;
        let start = self.at;
        fast_float2::parse(self.word()?)
            .map_err(|_| Error::malformed("a number expected").at(start))
    }

    fn integer(&mut self) -> Result<i64, Error> {
        self.peek()?;
        let start = self.at;
        match self.word()? {
            b"true" => Ok(1),
            b"false" => Ok(0),
            digits => {
                decimal(digits).ok_or_else(|| Error::malformed("a whole number expected").at(start))
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<(), Error> {
        match self.peek()? {
            b'"' => self.quoted().map(drop),
            _ => self.word().map(drop),
        }
    }

    fn skip(&mut self) -> Result<(), Error> {
        if self.peek()? == b'['
            && let Some(end) = numbers::end(self.bytes, self.at + 1)
        {
            self.at = end;
            return Ok(());
        }
        skip_nested(self)
    }

    fn floats_into(&mut self, numbers: &mut Vec<f32>) -> Result<(), Error> {
        numbers.clear();
        self.numbers(numbers, numbers::floats, Self::float)
    }

    fn integers_into(&mut self, numbers: &mut Vec<i32>) -> Result<(), Error> {
        numbers.clear();
        self.numbers(numbers, numbers::integers, Self::index)
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.skip_space();
        match self.rest() {
            [] => Ok(()),
            _ => Err(self.error("something follows the model")),
        }
    }

    fn offset(&self) -> usize {
        self.at
    }
}

fn decimal(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// Resolves the escapes of a JSON string; `None` if one is not JSON's.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let letter = after.chars().next()?;
        rest = &after[letter.len_utf8()..];
        plain.push(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => code_point(&mut rest)?,
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// The character after `\u`: four hex digits, or a surrogate pair of two escapes.
fn code_point(rest: &mut &str) -> Option<char> {
    let high = hex4(rest)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    *rest = rest.strip_prefix("\\u")?;
    let low = hex4(rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)
}

fn hex4(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    *rest = &rest[4..];
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped() {
        for (text, expected) in [
            (r#""plain""#, Some("plain")),
            (r#" "a\"b\\c\/\n" "#, Some("a\"b\\c/\n")),
            (r#""\u00e9 \ud83d\ude00""#, Some("é 😀")),
            (r#""\ud83d""#, None),
            (r#""\x""#, None),
            (r#""\u12"#, None),
            (r#""\u+123""#, None),
            ("\"a\nb\"", None),
            ("\"\u{0}", None),
        ] {
            let mut json = Json::new(text.as_bytes());
            assert_eq!(json.text().ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_round_once() {
        // Halfway between two `f32` when first rounded to `f64`.
        for (text, expected) in [
            ("[1.00000017881393432617187499]", Ok(vec![1.000_000_1])),
            ("[1, -2E-1,Infinity,-Infinity]", Ok(vec![1.0, -0.2, f32::INFINITY, -f32::INFINITY])),
            ("[1 2]", Err(3)),
            ("[,1]", Err(1)),
            ("[1,]", Err(3)),
            ("[1.0.0]", Err(1)),
            ("[\"1\"]", Err(1)),
            ("[1", Err(2)),
        ] {
            let floats = Json::new(text.as_bytes()).floats().map_err(|e| e.offset());
            assert_eq!(floats, expected.map_err(Some), "{text}");
        }
    }

    #[test]
    fn integers_take_truth_values_and_saturate() {
        let mut json = Json::new(b"[true,false,-1,9999999999]");
        assert_eq!(json.integers(), Ok(vec![1, 0, -1, i32::MAX]));
        assert!(Json::new(b"[1.5]").integers().is_err());
    }

    #[test]
    fn any_value_is_skipped_and_depth_is_bounded() {
        let mut json = Json::new(br#" {"a":[1,{"b":null}],"c":"]}"} "#);
        assert_eq!(json.skip().and_then(|()| json.finish()), Ok(()));
        let deep = "[".repeat(100_000);
        let error = Json::new(deep.as_bytes()).skip().expect_err("too deep");
        assert_eq!(error.to_string(), "nested deeper than 64 levels, at byte 64");
    }
}
