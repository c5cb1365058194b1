//! libsvm bodies: sparse rows of `index:value`.
//!
//! # What is read
//! * One row per line, its features as `index:value` in any order, apart by spaces or tabs. A
//!   feature that isn't there is missing (not 0), as it is to SageMaker's XGBoost container.
//! * A row may start with a label, which is ignored. So is `qid:…` behind it. `1:0.2` at the start
//!   is a feature, not a label and its weight, since nothing tells the two apart.
//! * Features count from 1; if any row of the body has a feature 0, they count from 0. The
//!   container decides it in the same way.
//! * Values are read as in [CSV](crate::csv). Lines without anything are skipped; a line with
//!   nothing but a label is a row of missing values.

use crate::{
    Columns, Error, Matrix, Real,
    error::{no_columns, quote},
    number::{self, NotANumber},
};

/// Reads a libsvm body, a block of rows at a time.
///
/// A row of two bytes can be as wide as the model. Blocks keep memory bounded by what the caller
/// allows, not by what a client sends.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    columns: &'a Columns,
    /// The index of the model's first feature: 0 or 1.
    base: u64,
    /// Number of the row being read, from 1.
    row: usize,
}

impl<'a> Reader<'a> {
    /// Starts on a body whose rows are to be read for a model with these `columns`.
    pub fn new(body: &'a [u8], columns: &'a Columns) -> Self {
        let at = if body.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let base = u64::from(!has_feature_0(&body[at..]));
        Self { body, at, columns, base, row: 0 }
    }

    /// Reads the next rows into `matrix`, at most `rows_max` (which must not be 0), whatever it held
    /// before. At the end of the body `matrix` stays empty.
    ///
    /// After an error, with which `matrix` is empty too, there is nothing more to read. The error is
    /// [`Malformed`](crate::ErrorKind::Malformed) for what isn't libsvm, for a body without rows and
    /// for a feature that comes twice, and [`Columns`](crate::ErrorKind::Columns) for features that
    /// the model doesn't have.
    pub fn read<V: Real>(&mut self, matrix: &mut Matrix<V>, rows_max: usize) -> Result<(), Error> {
        matrix.begin(self.columns.width());
        if self.columns.width() == 0 {
            return Err(no_columns());
        }
        while matrix.row_count() < rows_max && self.next_line() {
            if let Err(error) = self.line(matrix.push_row()) {
                matrix.begin(self.columns.width());
                return Err(error.in_row(self.row));
            }
        }
        if self.row == 0 {
            return Err(Error::malformed("the body holds no rows"));
        }
        Ok(())
    }

    /// Moves to the next line that holds anything.
    fn next_line(&mut self) -> bool {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.body.get(self.at) {
            self.at += 1;
        }
        let found = self.at < self.body.len();
        self.row += usize::from(found);
        found
    }

    fn line<V: Real>(&mut self, row: &mut [V]) -> Result<(), Error> {
        let mut position = 0;
        while !self.line_ends() {
            let start = self.at;
            match self.index() {
                Some(index) => self.feature(index, row),
                None => self.no_feature(position),
            }
            .map_err(|error| error.at(start))?;
            position += 1;
        }
        Ok(())
    }

    /// Moves to the next token of the line.
    fn line_ends(&mut self) -> bool {
        while let Some(b' ' | b'\t' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
        matches!(self.body.get(self.at), None | Some(b'\n'))
    }

    /// Moves behind digits and a colon, if that is what stands here.
    fn index(&mut self) -> Option<u64> {
        let rest = &self.body[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 || rest.get(length) != Some(&b':') {
            return None;
        }
        self.at += length + 1;
        let digits = rest[..length].iter().map(|digit| u64::from(digit - b'0'));
        Some(digits.fold(0, |index: u64, digit| index.saturating_mul(10).saturating_add(digit)))
    }

    fn feature<V: Real>(&mut self, index: u64, row: &mut [V]) -> Result<(), Error> {
        let width = row.len() as u64;
        let column = index.wrapping_sub(self.base);
        let slot = usize::try_from(column).ok().and_then(|column| row.get_mut(column));
        let slot = slot.ok_or_else(|| stranger(index, self.base, width))?;
        let value = self.value()?;
        if !slot.missing() {
            return Err(Error::malformed(format!("feature {index} stands there twice")));
        }
        *slot = value;
        Ok(())
    }

    #[inline]
    fn value<V: Real>(&mut self) -> Result<V, Error> {
        let rest = &self.body[self.at..];
        if let Some((value, length)) = number::short_integer(rest)
            && let None | Some(b' ' | b'\n' | b'\r' | b'\t') = rest.get(length)
        {
            self.at += length;
            return Ok(value);
        }
        let text = self.token();
        number::from_text(text).map_err(|why| not_a_value::<V>(text, why))
    }

    /// Moves behind everything up to the next blank.
    fn token(&mut self) -> &'a [u8] {
        let rest = &self.body[self.at..];
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let length = rest.iter().position(blank).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// What is not a feature must be a label or the number of a query.
    fn no_feature(&mut self, position: usize) -> Result<(), Error> {
        let text = self.token();
        match position {
            0 if number::from_text::<f32>(text).is_ok() => Ok(()),
            0 | 1 if text.starts_with(b"qid:") => Ok(()),
            _ => {
                let found = quote(text);
                Err(Error::malformed(format!("found {found}, expected `index:value`")))
            }
        }
    }
}

/// Whether any token starts with an index that is 0.
fn has_feature_0(body: &[u8]) -> bool {
    memchr::memmem::find_iter(body, b"0:").any(|at| {
        let before = &body[..at];
        let start = before.iter().rposition(|byte| *byte != b'0');
        start.is_none_or(|start| matches!(before[start], b' ' | b'\t' | b'\r' | b'\n'))
    })
}

#[cold]
fn stranger(index: u64, base: u64, width: u64) -> Error {
    let last = width - 1 + base;
    Error::columns(format!("found feature {index}, but the model has features {base} to {last}"))
}

#[cold]
fn not_a_value<V: Real>(text: &[u8], why: NotANumber) -> Error {
    Error::malformed(format!("found {}, expected {}", quote(text), why.expected::<V>()))
}
