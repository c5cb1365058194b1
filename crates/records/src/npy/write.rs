//! Predictions to an array.

use std::io::Write as _;

use super::MAGIC;
use crate::Real;

/// Data starts at a multiple of this, so that it can be mapped into memory.
const ALIGNMENT: usize = 64;

/// Appends an array of floats of the values' type as `numpy.save` does: a vector with a value per row if `width`
/// is 1, else a matrix with a row per row.
///
/// `values.len()` must be a multiple of `width`, which must not be 0.
pub fn write<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let row_count = values.len() / width;
    out.extend_from_slice(MAGIC);
    // Version 1.0 and room for the length.
    out.extend_from_slice(&[1, 0, 0, 0]);
    let shape = if width == 1 { format!("{row_count},") } else { format!("{row_count}, {width}") };
    let header =
        write!(out, "{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}", V::DESCR);
    header.expect("memory takes it: this is a bug");
    let length = (out.len() - start + 1).next_multiple_of(ALIGNMENT);
    out.resize(start + length - 1, b' ');
    out.push(b'\n');
    // Text of this kind stays far below 64 KiB.
    let header_length = (length - MAGIC.len() - 4) as u16;
    out[start + 8..start + 10].copy_from_slice(&header_length.to_le_bytes());
    for value in values {
        value.write_le(out);
    }
}
