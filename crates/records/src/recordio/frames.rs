//! Bytes to frames: one payload after the other. What is in them is `read`'s business.

use super::MAGIC;
use crate::Error;

/// A place between two frames of a body.
#[derive(Clone, Debug)]
pub(super) struct Frames<'a> {
    body: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Frames<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    /// The payload of the next frame, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<&'a [u8]>, Error> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let Some((magic, rest)) = rest.split_first_chunk() else { return Err(cut_short()) };
        if u32::from_le_bytes(*magic) != MAGIC {
            return Err(Error::malformed("found no RecordIO frame: its magic number is missing"));
        }
        let Some((length, rest)) = rest.split_first_chunk() else { return Err(cut_short()) };
        let length = u32::from_le_bytes(*length) as usize;
        let payload = rest.get(..length).ok_or_else(cut_short)?;
        self.at += 8 + length.next_multiple_of(4);
        Ok(Some(payload))
    }
}

#[cold]
fn cut_short() -> Error {
    Error::malformed("the body ends within a RecordIO frame")
}
