//! The UBJSON encoding of a model (<https://ubjson.org>, draft 12): big-endian numbers, and
//! containers with a fixed type and count. The schema is `xgboost`'s.

use std::borrow::Cow;

use super::document::{Document, Shape};
use crate::Error;

/// A cursor over UBJSON bytes.
#[derive(Debug)]
pub(super) struct Ubjson<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The type of the next value where its container fixed it, so that no marker precedes it.
    implied: Option<u8>,
}

/// What is left of an object or array.
#[derive(Debug)]
pub(super) struct Scope {
    /// `None`: up to a closing bracket.
    count: Option<usize>,
    /// The type of all items, if fixed.
    kind: Option<u8>,
}

impl<'a> Ubjson<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, implied: None }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::malformed(message).at(self.at)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or_else(|| {
            self.error(format!("{length} bytes expected, but the model has {} left", rest.len()))
        })?;
        self.at += length;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("`take` returns the length asked for: this is a bug"))
    }

    /// The next byte that is not the no-op marker, not consumed.
    fn peek(&mut self) -> Result<u8, Error> {
        while self.bytes.get(self.at) == Some(&b'N') {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().ok_or_else(|| self.error("the UBJSON ends too early"))
    }

    fn consume(&mut self, wanted: u8) -> Result<bool, Error> {
        let found = self.peek()? == wanted;
        self.at += usize::from(found);
        Ok(found)
    }

    /// The type of the next value.
    fn marker(&mut self) -> Result<u8, Error> {
        if let Some(kind) = self.implied.take() {
            return Ok(kind);
        }
        let kind = self.peek()?;
        self.at += 1;
        Ok(kind)
    }

    fn integer_of(&mut self, kind: u8) -> Result<i64, Error> {
        match kind {
            b'i' => Ok(i8::from_be_bytes(self.number()?).into()),
            b'U' => Ok(u8::from_be_bytes(self.number()?).into()),
            b'I' => Ok(i16::from_be_bytes(self.number()?).into()),
            b'l' => Ok(i32::from_be_bytes(self.number()?).into()),
            b'L' => Ok(i64::from_be_bytes(self.number()?)),
            b'T' => Ok(1),
            b'F' => Ok(0),
            _ => Err(self.error(format!("a whole number expected, not {}", named(kind)))),
        }
    }

    /// A length or count: an integer with its own marker, whatever the container's type.
    fn length(&mut self) -> Result<usize, Error> {
        let start = self.at;
        let kind = self.peek()?;
        self.at += 1;
        let length = self.integer_of(kind)?;
        usize::try_from(length)
            .map_err(|_| Error::malformed(format!("a length of {length}")).at(start))
    }

    fn characters(&mut self, length: usize) -> Result<Cow<'a, str>, Error> {
        let start = self.at;
        match std::str::from_utf8(self.take(length)?) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(Error::malformed("a string that is not UTF-8").at(start)),
        }
    }

    fn open(&mut self, bracket: u8) -> Result<Scope, Error> {
        let start = self.at;
        if self.marker()? != bracket {
            let message = format!("`{}` expected", char::from(bracket));
            return Err(Error::malformed(message).at(start));
        }
        let kind = self.consume(b'$')?.then(|| self.fixed_kind()).transpose()?;
        let counted = self.consume(b'#')?;
        if kind.is_some() && !counted {
            return Err(self.error("`#` expected after a fixed type"));
        }
        let count = counted.then(|| self.length()).transpose()?;
        Ok(Scope { count, kind })
    }

    /// Values of a fixed type that take no bytes would let a few bytes stand for endless work.
    fn fixed_kind(&mut self) -> Result<u8, Error> {
        match self.number()? {
            [b'Z' | b'T' | b'F' | b'N'] => Err(self.error("a fixed type without content")),
            [kind] => Ok(kind),
        }
    }

    /// Moves to the next item, or past the end.
    fn item(&mut self, scope: &mut Scope, closing: u8) -> Result<bool, Error> {
        match &mut scope.count {
            Some(0) => Ok(false),
            Some(count) => {
                *count -= 1;
                Ok(true)
            }
            None => Ok(!self.consume(closing)?),
        }
    }
}

impl<'a> Document<'a> for Ubjson<'a> {
    type Scope = Scope;

    fn shape(&mut self) -> Result<Shape, Error> {
        let kind = match self.implied {
            Some(kind) => kind,
            None => self.peek()?,
        };
        Ok(match kind {
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
        let length = self.length()?;
        let key = self.characters(length)?;
        self.implied = scope.kind;
        Ok(Some(key))
    }

    fn element(&mut self, scope: &mut Scope) -> Result<bool, Error> {
        let more = self.item(scope, b']')?;
        self.implied = scope.kind.filter(|_| more);
        Ok(more)
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        match self.marker()? {
            b'S' => {
                let length = self.length()?;
                self.characters(length)
            }
            b'C' => self.characters(1),
            kind => Err(self.error(format!("a string expected, not {}", named(kind)))),
        }
    }

    fn float(&mut self) -> Result<f32, Error> {
        match self.marker()? {
            b'd' => Ok(f32::from_be_bytes(self.number()?)),
            b'D' => Ok(f64::from_be_bytes(self.number()?) as f32),
            kind => Ok(self.integer_of(kind)? as f32),
        }
    }

    fn integer(&mut self) -> Result<i64, Error> {
        let kind = self.marker()?;
        self.integer_of(kind)
    }

    fn skip_scalar(&mut self) -> Result<(), Error> {
        match self.marker()? {
            b'Z' | b'T' | b'F' => Ok(()),
            b'i' | b'U' | b'C' => self.take(1).map(drop),
            b'I' => self.take(2).map(drop),
            b'l' | b'd' => self.take(4).map(drop),
            b'L' | b'D' => self.take(8).map(drop),
            b'S' | b'H' => {
                let length = self.length()?;
                self.take(length).map(drop)
            }
            kind => Err(self.error(format!("a value expected, not {}", named(kind)))),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            more => Err(self.error(format!("{more} bytes follow the model"))),
        }
    }

    fn offset(&self) -> usize {
        self.at
    }
}

fn named(kind: u8) -> String {
    format!("type `{}`", kind.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_every_form_are_read() {
        for (bytes, expected) in [
            (&b"[U\x01i\xffI\x01\x00l\x00\x01\x00\x00]"[..], vec![1, -1, 256, 65536]),
            (b"[#i\x02U\x07L\x00\x00\x00\x01\x00\x00\x00\x00", vec![7, i32::MAX]),
            (b"[$l#L\0\0\0\0\0\0\0\x02\xff\xff\xff\xff\0\0\0\x05", vec![-1, 5]),
            (b"[NTNFN]", vec![1, 0]),
            (b"[]", vec![]),
            (b"[$U#i\0", vec![]),
        ] {
            let mut document = Ubjson::new(bytes);
            assert_eq!(document.integers(), Ok(expected), "{}", bytes.escape_ascii());
            assert_eq!(document.finish(), Ok(()));
        }
    }

    #[test]
    fn floats_of_both_widths_are_read() {
        let mut document = Ubjson::new(b"[d\x3f\xc0\0\0D\xc0\x04\0\0\0\0\0\0U\x03]");
        assert_eq!(document.floats(), Ok(vec![1.5, -2.5, 3.0]));
        let mut document = Ubjson::new(b"[$d#U\x01\x3f\xc0\0\0");
        assert_eq!(document.floats(), Ok(vec![1.5]));
    }

    #[test]
    fn typed_objects_and_nested_typed_arrays_are_walked() {
        let mut document = Ubjson::new(b"{$[#i\x02i\x01a$U#i\x01\x09i\x01bi\x04]");
        let mut scope = document.object().expect("an object");
        assert_eq!(document.key(&mut scope), Ok(Some("a".into())));
        assert_eq!(document.integers(), Ok(vec![9]));
        assert_eq!(document.key(&mut scope), Ok(Some("b".into())));
        assert_eq!(document.integers(), Ok(vec![4]));
        assert_eq!(document.key(&mut scope), Ok(None));
        assert_eq!(document.finish(), Ok(()));
    }

    #[test]
    fn lies_about_sizes_are_refused() {
        for bytes in [
            &b"[$U#l\x7f\xff\xff\xff\x01"[..],
            b"[#l\x80\0\0\0",
            b"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"[$U\x01]",
            b"[#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"[SL\x7f\xff\xff\xff\xff\xff\xff\xffa]",
            b"[q]",
            b"[",
        ] {
            let error = Ubjson::new(bytes).skip().expect_err("a lie");
            assert!(error.offset().is_some_and(|at| at <= bytes.len()), "{error}");
        }
    }

    #[test]
    fn any_value_is_skipped_and_depth_is_bounded() {
        let mut document =
            Ubjson::new(b"{i\x01aSi\x02hii\x01bHi\x0212i\x01cCxi\x01dZi\x01e[[]{}]}");
        assert_eq!(document.skip().and_then(|()| document.finish()), Ok(()));
        assert!(Ubjson::new(&vec![b'['; 100_000]).skip().is_err());
    }
}
