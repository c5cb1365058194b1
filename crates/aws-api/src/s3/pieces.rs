//! Which bytes of an object a read asks for: all of them, a range, or one of the parts that it
//! was uploaded in; and the checksums that go with those bytes.

use std::ops::Range;

use s3s::{S3Error, S3ErrorCode, S3Result, dto};
use store::Object;

use super::checksums::Checksums;

/// Some bytes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Range<u64>,
    /// Of how many parts it is one; none unless a part was asked for.
    pub(super) parts_count: Option<i32>,
    /// The part's index, from 0; none unless it is a part of several.
    part: Option<usize>,
    /// Whether the reply shows checksums.
    pub(super) with_checksums: bool,
    /// Whether the reply says which bytes these are.
    is_partial: bool,
    size: u64,
}

impl Piece {
    /// What `range` and `part_number` ask for of an object.
    pub(super) fn of(
        object: &Object,
        range: Option<dto::Range>,
        part_number: Option<i32>,
    ) -> S3Result<Self> {
        let size = object.info().size;
        let all = Self {
            bytes: 0..size,
            parts_count: None,
            part: None,
            with_checksums: false,
            is_partial: false,
            size,
        };
        match (range, part_number) {
            (None, None) => Ok(all),
            (Some(_), Some(_)) => {
                let text = "Cannot specify both Range header and partNumber query parameter";
                Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text))
            }
            (Some(range), None) => {
                Ok(Self { bytes: satisfy(range, size)?, is_partial: true, ..all })
            }
            (None, Some(number)) => all.narrowed(object.part_sizes().as_deref(), number),
        }
    }

    /// The part of that number; an object that was uploaded in one piece is its own first part.
    fn narrowed(self, sizes: Option<&[u64]>, number: i32) -> S3Result<Self> {
        let index = usize::try_from(i64::from(number) - 1).map_err(|_| invalid(number))?;
        if index >= sizes.map_or(1, <[u64]>::len) {
            return Err(unsatisfiable_part());
        }
        let is_partial = self.size > 0;
        let Some(sizes) = sizes else { return Ok(Self { is_partial, ..self }) };
        let start = sizes[..index].iter().sum::<u64>();
        Ok(Self {
            bytes: start..start + sizes[index],
            parts_count: i32::try_from(sizes.len()).ok(),
            part: Some(index),
            // A part of nothing is no range that could be written down.
            is_partial: sizes[index] > 0,
            ..self
        })
    }

    pub(super) fn length(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }

    /// `Content-Range`, if the reply is a part of the whole.
    pub(super) fn content_range(&self) -> Option<String> {
        self.is_partial.then(|| {
            let Range { start, end } = self.bytes;
            format!("bytes {start}-{}/{}", end.saturating_sub(1), self.size)
        })
    }

    /// The checksums of these very bytes, as far as they are known, and what they are over.
    pub(super) fn checksums(&self, headers: &store::Headers) -> (Checksums, Option<String>) {
        match self.part {
            None if self.bytes == (0..self.size) => {
                (headers.checksums.clone(), headers.checksum_type.clone())
            }
            None => (Checksums::new(), None),
            Some(part) => (of_part(headers, part), headers.checksum_type.clone()),
        }
    }
}

/// The checksums of one part.
pub(super) fn of_part(headers: &store::Headers, index: usize) -> Checksums {
    let sum = headers.part_checksums.get(index).cloned();
    headers.checksums.keys().next().cloned().zip(sum).into_iter().collect()
}

/// The bytes that a range asks for.
pub(super) fn satisfy(range: dto::Range, size: u64) -> S3Result<Range<u64>> {
    let unsatisfiable = |_| {
        let text = "The requested range is not satisfiable";
        S3Error::with_message(S3ErrorCode::InvalidRange, text)
    };
    range.check(size).map_err(unsatisfiable)
}

fn invalid(number: i32) -> S3Error {
    let text = format!("Part number must be an integer between 1 and 10000, inclusive: {number}");
    S3Error::with_message(S3ErrorCode::InvalidArgument, text)
}

fn unsatisfiable_part() -> S3Error {
    let text = "The requested partnumber is not satisfiable";
    let mut error = S3Error::with_message(super::errors::custom("InvalidPartNumber"), text);
    error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
    error
}
