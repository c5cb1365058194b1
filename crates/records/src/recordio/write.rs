//! Predictions to records.

use super::MAGIC;
use crate::{
    Real,
    cell::{Cell, Item},
};

/// Appends a record per row of `width` values, whose label `score` is a tensor of floats of the
/// values' type.
///
/// `values.len()` must be a multiple of `width`, which must not be 0. The name is that of the JSON
/// answer.
pub fn write<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
    let rows = values.chunks_exact(width);
    write_records(rows.map(|row| std::iter::once(("score", Cell::Numbers(row)))), out);
}

/// Appends a record per row, with a label per cell: a tensor of floats under the cell's name;
/// what is missing is `NaN`.
///
/// The layout is that of SageMaker's XGBoost container with selected content.
pub fn write_records<'a, V: Real, R>(rows: impl Iterator<Item = R>, out: &mut Vec<u8>)
where
    R: Iterator<Item = (&'a str, Cell<'a, V>)>,
{
    for row in rows {
        out.extend_from_slice(&MAGIC.to_le_bytes());
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        for (name, cell) in row {
            label(name, cell, out);
        }
        let length = out.len() - length_at - 4;
        let written = u32::try_from(length).expect("a row of over 4 GiB: this is a bug");
        out[length_at..length_at + 4].copy_from_slice(&written.to_le_bytes());
        out.resize(out.len() + length.next_multiple_of(4) - length, 0);
    }
}

/// An entry of the map `label`. Lengths stand before what they count, so they are worked out from
/// the inside: values, tensor, value, entry.
fn label<V: Real>(name: &str, cell: Cell<'_, V>, out: &mut Vec<u8>) {
    let values = V::BITS / 8 * cell.len();
    let tensor = field_length(values);
    let value = field_length(tensor);
    let entry = field_length(name.len()) + field_length(value);
    open(2, entry, out);
    open(1, name.len(), out);
    out.extend_from_slice(name.as_bytes());
    open(2, value, out);
    open(V::TENSOR, tensor, out);
    open(1, values, out);
    cell.visit(|item| {
        let value = match item {
            Item::Number(value) => value,
            Item::Label(label) => V::from_u64(label.into()),
            // A tensor of numbers has no room for names.
            Item::Name(name) => V::from_u64(name.class().into()),
        };
        value.write_le(out);
    });
}

/// How long a field of `length` bytes is with its tag and length.
fn field_length(length: usize) -> usize {
    1 + (length.max(1).ilog2() as usize) / 7 + 1 + length
}

/// The tag and the length of a field of bytes.
fn open(number: u8, length: usize, out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
