//! Protobuf's wire format: a message as a row of numbered fields.
//!
//! Owns the grammar, by <https://protobuf.dev/programming-guides/encoding/>. Which fields there are
//! is `read`'s business. Groups, which no schema has used since 2008, are refused.

use crate::Error;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The fields of a message that are left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The number and value of the next field.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.rest)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.rest)?),
            1 => Value::Fixed64(*self.fixed()?),
            2 => Value::Bytes(self.bytes()?),
            5 => Value::Fixed32(*self.fixed()?),
            _ => return Err(Error::malformed("found a protobuf field of an unknown type")),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn fixed<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (value, rest) = self.rest.split_first_chunk().ok_or_else(cut_short)?;
        self.rest = rest;
        Ok(value)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = varint(&mut self.rest)?;
        let split = usize::try_from(length).ok().and_then(|at| self.rest.split_at_checked(at));
        let (value, rest) = split.ok_or_else(cut_short)?;
        self.rest = rest;
        Ok(value)
    }
}

/// Takes an integer of at most ten bytes, seven bits each, from the front.
#[inline]
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, Error> {
    let mut value = 0;
    for (index, byte) in rest.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if *byte < 0x80 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err(cut_short())
}

#[cold]
fn cut_short() -> Error {
    Error::malformed("a protobuf message ends within a field")
}
