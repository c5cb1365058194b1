//! Fields to rows: the header, the order of columns, how many there must be.
//!
//! Owns the meaning of a CSV body. Delimiters and quotes are `fields`' business.

use super::fields::{End, Field, Fields};
use crate::{
    Columns, Error, Matrix, Real,
    error::{list, missing, no_columns, quote, wrong_count},
    matrix::SKIP,
    number::{self, NotANumber},
};

/// Reads a CSV `body` into the rows of `matrix`, whatever it held before.
///
/// See the [module](super) for what is read. On an error `matrix` is empty; the error is
/// [`Malformed`](crate::ErrorKind::Malformed) for text that is neither numbers nor a header, and for broken quotes, and
/// [`Columns`](crate::ErrorKind::Columns) for rows that are not as wide as the model and for headers
/// that lack a column of the model or have one twice.
pub fn read<V: Real>(body: &[u8], columns: &Columns, matrix: &mut Matrix<V>) -> Result<(), Error> {
    matrix.begin(columns.width());
    let mut reader = Reader { fields: Fields::new(body), columns, row: 0 };
    let outcome = reader.rows(matrix);
    if outcome.is_err() {
        matrix.begin(columns.width());
    }
    outcome
}

struct Reader<'a> {
    fields: Fields<'a>,
    columns: &'a Columns,
    /// Number of the row being read, from 1.
    row: usize,
}

/// What a first row that can't be read as values turned out to be.
enum FirstRow {
    Header,
    Values,
}

impl<'a> Reader<'a> {
    fn rows<V: Real>(&mut self, matrix: &mut Matrix<V>) -> Result<(), Error> {
        if self.fields.at_end() {
            return Err(Error::malformed("the body holds no rows"));
        }
        // Fields are what moves the reader on; a row without any would be read for ever.
        if self.columns.width() == 0 {
            return Err(no_columns());
        }
        let start = self.fields;
        self.row = 1;
        if let Err(error) = self.positional(matrix.push_row()) {
            self.fields = start;
            return match self.header(matrix)? {
                FirstRow::Header => self.named_rows(matrix),
                FirstRow::Values => Err(error),
            };
        }
        while self.next_row() {
            self.positional(matrix.push_row())?;
        }
        Ok(())
    }

    fn next_row(&mut self) -> bool {
        self.fields.skip_blank_lines();
        self.row += 1;
        !self.fields.at_end()
    }

    /// A row whose fields stand in the model's order.
    fn positional<V: Real>(&mut self, row: &mut [V]) -> Result<(), Error> {
        let start = self.fields;
        let width = row.len();
        let mut index = 0;
        while index < width {
            // The last field is not among them: none stands behind it.
            if index + number::DIGITS < width
                && let Some(values) = self.fields.digits()
            {
                row[index..index + number::DIGITS].copy_from_slice(&values);
                index += number::DIGITS;
                continue;
            }
            let (value, end) = self.value(index)?;
            row[index] = value;
            if !Self::in_step(end, index, width) {
                return Err(self.miscounted(start, |found| wrong_count(found, width)));
            }
            index += 1;
        }
        Ok(())
    }

    #[inline]
    fn value<V: Real>(&mut self, index: usize) -> Result<(V, End), Error> {
        match self.short_integer() {
            Some(found) => Ok(found),
            None => self.any_value(index),
        }
    }

    #[inline]
    fn short_integer<V: Real>(&mut self) -> Option<(V, End)> {
        let at = self.fields.at;
        let (value, length) = number::short_integer(self.fields.body.get(at..)?)?;
        Some((value, self.fields.end_at(at + length)?))
    }

    #[inline(never)]
    fn any_value<V: Real>(&mut self, index: usize) -> Result<(V, End), Error> {
        let at = self.fields.at;
        let field = self.field(index)?;
        match number::from_text(field.text.trim_ascii()) {
            Ok(value) => Ok((value, field.end)),
            Err(why) => Err(self.not_a_value::<V>(&field, why, index).at(at)),
        }
    }

    fn field(&mut self, index: usize) -> Result<Field<'a>, Error> {
        let row = self.row;
        self.fields.next().map_err(|error| error.in_row(row).in_column(index + 1))
    }

    #[cold]
    fn not_a_value<V: Real>(&self, field: &Field<'_>, why: NotANumber, index: usize) -> Error {
        let message = format!("found {}, expected {}", quote(&field.text), why.expected::<V>());
        Error::malformed(message).in_row(self.row).in_column(index + 1)
    }

    /// Whether a row that has an `end` behind the field at `index` is `width` fields wide.
    #[inline]
    fn in_step(end: End, index: usize, width: usize) -> bool {
        (end == End::Row) == (index + 1 == width)
    }

    /// Names the row that starts at `start` in an error about how wide it is.
    #[cold]
    fn miscounted(&self, mut start: Fields<'_>, error: impl FnOnce(usize) -> Error) -> Error {
        let at = start.at;
        let mut found = 1;
        while let Ok(Field { end: End::Field, .. }) = start.next() {
            found += 1;
        }
        error(found).in_row(self.row).at(at)
    }
}

/// Bodies with a header.
impl Reader<'_> {
    /// Reads the first row as names, if that is what it is: if one of the model's is among them.
    #[cold]
    fn header<V: Real>(&mut self, matrix: &mut Matrix<V>) -> Result<FirstRow, Error> {
        matrix.pop_row();
        let start = self.fields.at;
        let order = &mut matrix.scratch.order;
        order.clear();
        let mut any_number = false;
        loop {
            let Ok(field) = self.fields.next() else { return Ok(FirstRow::Values) };
            any_number |= number::from_text::<f32>(&field.text).is_ok();
            let index = self.columns.index_of(&field.text);
            order.push(index.map_or(SKIP, |index| index as u32));
            if field.end == End::Row {
                break;
            }
        }
        if order.iter().any(|index| *index != SKIP) {
            return self.complete(order).map(|()| FirstRow::Header).map_err(|e| e.in_row(1));
        }
        if any_number {
            return Ok(FirstRow::Values);
        }
        Err(self.not_our_header().in_row(1).at(start))
    }

    /// Whether each column of the model occurs exactly once.
    fn complete(&self, order: &[u32]) -> Result<(), Error> {
        let mut counts = vec![0_u32; self.columns.width()];
        for index in order.iter().filter(|index| **index != SKIP) {
            counts[*index as usize] += 1;
        }
        let which = |wanted: fn(u32) -> bool| {
            counts.iter().enumerate().filter(move |(_, count)| wanted(**count)).map(|(i, _)| i)
        };
        if counts.contains(&0) {
            return Err(missing(self.columns, which(|count| count == 0)));
        }
        if counts.iter().any(|count| *count > 1) {
            let twice = list(self.columns, which(|count| count > 1));
            return Err(Error::columns(format!("the header names {twice} more than once")));
        }
        Ok(())
    }

    fn not_our_header(&self) -> Error {
        Error::malformed(if self.columns.has_names() {
            let names = list(self.columns, 0..self.columns.width());
            format!("found text that is neither numbers nor a header with the columns {names}")
        } else {
            "found text instead of numbers; the model was saved without column names, so send the \
             rows without a header, in the model's order"
                .to_owned()
        })
    }

    fn named_rows<V: Real>(&mut self, matrix: &mut Matrix<V>) -> Result<(), Error> {
        let order = std::mem::take(&mut matrix.scratch.order);
        let mut outcome = Ok(());
        while outcome.is_ok() && self.next_row() {
            outcome = self.named(&order, matrix.push_row());
        }
        matrix.scratch.order = order;
        if outcome.is_ok() && matrix.row_count() == 0 {
            return Err(Error::malformed("the body holds a header, but no rows"));
        }
        outcome
    }

    /// A row whose fields stand in the header's order.
    fn named<V: Real>(&mut self, order: &[u32], row: &mut [V]) -> Result<(), Error> {
        let start = self.fields;
        for (index, column) in order.iter().enumerate() {
            let end = if *column == SKIP {
                self.field(index)?.end
            } else {
                let (value, end) = self.value(index)?;
                row[*column as usize] = value;
                end
            };
            if !Self::in_step(end, index, order.len()) {
                let width = order.len();
                return Err(self.miscounted(start, |found| not_as_header(found, width)));
            }
        }
        Ok(())
    }
}

#[cold]
fn not_as_header(found: usize, expected: usize) -> Error {
    Error::malformed(format!("found {found} values, but the header names {expected} columns"))
}
