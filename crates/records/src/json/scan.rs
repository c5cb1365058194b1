//! Bytes to JSON tokens, strictly by RFC 8259 (with Python's `NaN` besides).
//!
//! Owns the grammar. Which values make a row is `read`'s business. The scanner trusts that its
//! bytes are UTF-8.

use crate::{
    Error, Real,
    error::quote,
    number::{self, NotANumber},
};

/// How deep lists and objects may nest.
pub(super) const DEPTH_MAX: usize = 64;

/// A place in a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    body: &'a [u8],
    pub(super) at: usize,
}

/// Whether a list or object goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Item,
    End,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body, at: if body.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 } }
    }

    /// What is left of the body.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.body[self.at.min(self.body.len())..]
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    /// Whether nothing stands between here and the next line.
    pub(super) fn at_line_end(&self) -> bool {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
        matches!(self.rest().iter().find(|byte| !blank(byte)), None | Some(b'\n'))
    }

    /// Moves behind `byte`, if that is the next token.
    #[inline]
    pub(super) fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Moves behind the colon that must follow a key.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Error> {
        if self.accept(b':') { Ok(()) } else { Err(self.unexpected("`:`")) }
    }

    /// Behind the opening bracket: the first item or, at once, the `closing` bracket.
    #[inline]
    pub(super) fn first(&mut self, closing: u8) -> Next {
        if self.accept(closing) { Next::End } else { Next::Item }
    }

    /// Behind an item: a comma, or the `closing` bracket.
    #[inline]
    pub(super) fn next(&mut self, closing: u8) -> Result<Next, Error> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(Next::Item)
            }
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(Next::End)
            }
            _ if closing == b']' => Err(self.unexpected("`,` or `]`")),
            _ => Err(self.unexpected("`,` or `}`")),
        }
    }

    /// The error that names what stands here instead of what was `expected`.
    #[cold]
    pub(super) fn unexpected(&mut self, expected: &str) -> Error {
        let found = match self.peek() {
            None => "the end of the body".to_owned(),
            Some(b'[') => "a list".to_owned(),
            Some(b'{') => "an object".to_owned(),
            Some(_) => quote(self.word()),
        };
        Error::malformed(format!("found {found}, expected {expected}")).at(self.at)
    }

    /// The token here as a person would cut it out.
    fn word(&self) -> &'a [u8] {
        let rest = self.rest();
        let ends = |byte: &u8| b" \n\r\t,]}:".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        &rest[..length.max(1)]
    }

    /// A number, `null`, `NaN`, a boolean or a string that spells a number.
    #[inline]
    pub(super) fn scalar<V: Real>(&mut self, text: &mut Vec<u8>) -> Result<V, Error> {
        self.peek();
        let rest = self.rest();
        if let Some((value, length)) = number::short_integer(rest)
            && let Some(b',' | b']' | b'}' | b' ' | b'\n') = rest.get(length)
            && !has_leading_zero(&rest[..length])
        {
            self.at += length;
            return Ok(value);
        }
        self.any_scalar(text)
    }

    fn any_scalar<V: Real>(&mut self, text: &mut Vec<u8>) -> Result<V, Error> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word_as("null", V::MISSING),
            Some(b'N') => self.word_as("NaN", V::MISSING),
            Some(b't') => self.word_as("true", V::from_short(1, false)),
            Some(b'f') => self.word_as("false", V::from_short(0, false)),
            Some(b'"') => self.spelled_number(text),
            _ => Err(self.unexpected("a number")),
        }
    }

    fn word_as<V: Real>(&mut self, word: &str, value: V) -> Result<V, Error> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unexpected("a number"))
    }

    fn number<V: Real>(&mut self) -> Result<V, Error> {
        let Some(length) = number_length(self.rest()) else {
            return Err(self.unexpected("a number"));
        };
        let text = &self.rest()[..length];
        let value = number::decimal(text).map_err(|why| not_a_value::<V>(text, why).at(self.at))?;
        self.at += length;
        Ok(value)
    }

    fn spelled_number<V: Real>(&mut self, text: &mut Vec<u8>) -> Result<V, Error> {
        let start = self.at;
        self.string(text)?;
        number::decimal(text).map_err(|why| not_a_value::<V>(text, why).at(start))
    }

    /// A string; what it means is put into `text`.
    pub(super) fn string(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        text.clear();
        if !self.accept(b'"') {
            return Err(self.unexpected("a string"));
        }
        loop {
            let rest = self.rest();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
            let Some(length) = plain else {
                self.at = self.body.len();
                return Err(self.unexpected("a closing quote"));
            };
            text.extend_from_slice(&rest[..length]);
            self.at += length + 1;
            match rest[length] {
                b'"' => return Ok(()),
                b'\\' => self.escape(text)?,
                _ => return Err(self.bad_string("a control character")),
            }
        }
    }

    /// Behind a backslash.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        let letter = self.rest().first().copied();
        self.at += 1;
        text.push(match letter {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(text),
            _ => return Err(self.bad_string("an unknown escape")),
        });
        Ok(())
    }

    /// Behind `\u`: one code unit, or the two of a surrogate pair.
    fn unicode_escape(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        let unit = self.code_unit()?;
        let mut units = [unit, 0];
        let mut count = 1;
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with(br"\u") {
            self.at += 2;
            units[1] = self.code_unit()?;
            count = 2;
        }
        let [Ok(character)] =
            char::decode_utf16(units[..count].iter().copied()).collect::<Vec<_>>()[..]
        else {
            return Err(self.bad_string("half of a surrogate pair"));
        };
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn code_unit(&mut self) -> Result<u16, Error> {
        let digits = self.rest().first_chunk::<4>();
        let unit = digits.and_then(|digits| {
            digits.iter().try_fold(0, |unit: u16, digit| {
                let digit = char::from(*digit).to_digit(16)?;
                Some(unit << 4 | digit as u16)
            })
        });
        self.at += 4;
        unit.ok_or_else(|| self.bad_string("an unknown escape"))
    }

    #[cold]
    fn bad_string(&self, found: &str) -> Error {
        let at = self.at.min(self.body.len()).saturating_sub(1);
        Error::malformed(format!("found {found} in a string")).at(at)
    }

    /// Moves behind the next value, whatever it is.
    pub(super) fn skip_value(&mut self, depth: usize, text: &mut Vec<u8>) -> Result<(), Error> {
        match self.peek() {
            Some(b'[') => self.skip_list(depth, text),
            Some(b'{') => self.skip_object(depth, text),
            Some(b'"') => self.string(text),
            Some(b'-' | b'0'..=b'9') => match number_length(self.rest()) {
                Some(length) => {
                    self.at += length;
                    Ok(())
                }
                None => Err(self.unexpected("a value")),
            },
            Some(b'n' | b'N' | b't' | b'f') => self.any_scalar::<f32>(text).map(|_| ()),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn skip_list(&mut self, depth: usize, text: &mut Vec<u8>) -> Result<(), Error> {
        self.deepen(depth)?;
        self.at += 1;
        let mut next = self.first(b']');
        while next == Next::Item {
            self.skip_value(depth + 1, text)?;
            next = self.next(b']')?;
        }
        Ok(())
    }

    fn skip_object(&mut self, depth: usize, text: &mut Vec<u8>) -> Result<(), Error> {
        self.deepen(depth)?;
        self.at += 1;
        let mut next = self.first(b'}');
        while next == Next::Item {
            self.string(text)?;
            self.colon()?;
            self.skip_value(depth + 1, text)?;
            next = self.next(b'}')?;
        }
        Ok(())
    }

    /// Refuses a list or object that would stand more than [`DEPTH_MAX`] deep.
    pub(super) fn deepen(&self, depth: usize) -> Result<(), Error> {
        if depth < DEPTH_MAX {
            return Ok(());
        }
        let message = format!("lists and objects nest more than {DEPTH_MAX} deep");
        Err(Error::malformed(message).at(self.at))
    }
}

#[cold]
fn not_a_value<V: Real>(text: &[u8], why: NotANumber) -> Error {
    Error::malformed(format!("found {}, expected {}", quote(text), why.expected::<V>()))
}

/// Whether `number` starts like `01` or `-01`, which JSON forbids.
#[inline]
fn has_leading_zero(number: &[u8]) -> bool {
    matches!(number, [b'0', _, ..] | [b'-', b'0', _, ..])
}

/// How long the number at the start of `text` is, if RFC 8259 allows it and it ends there.
fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        at += 1 + fraction;
        if fraction == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        at += exponent;
        if exponent == 0 {
            return None;
        }
    }
    Some(at)
}
