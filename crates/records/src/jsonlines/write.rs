//! Predictions to JSON Lines.

use crate::{
    Cell, Real,
    json::{write_record, write_score},
    number::{NonFinite, Printer},
};

/// Appends `{"score":0.87}` and LF per row of `width` values; the score is a list if `width` isn't 1.
///
/// Values are printed as by [`json::write`](crate::json::write). `values.len()` must be a multiple
/// of `width`, which must not be 0.
pub fn write<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
    let mut printer = Printer::new(NonFinite::Null);
    for row in values.chunks_exact(width) {
        write_score(row, &mut printer, out);
        out.push(b'\n');
    }
}

/// Appends an object of named cells and LF per row, as
/// [`json::write_records`](crate::json::write_records) prints them.
pub fn write_records<'a, V: Real, R>(rows: impl Iterator<Item = R>, out: &mut Vec<u8>)
where
    R: Iterator<Item = (&'a str, Cell<'a, V>)>,
{
    let mut printer = Printer::new(NonFinite::Null);
    for row in rows {
        write_record(row, &mut printer, out);
        out.push(b'\n');
    }
}
