//! Predictions to JSON.

use crate::number::{NonFinite, Printer};

/// Appends `{"predictions":[{"score":0.87},…]}` with an element per row of `width` values; the
/// score is a list if `width` isn't 1.
///
/// A value is printed with the fewest digits that read back as the same `f32`; missing and infinite
/// values as `null`. `values.len()` must be a multiple of `width`, which must not be 0. The layout
/// is that of SageMaker's XGBoost container.
pub fn write(values: &[f32], width: usize, out: &mut Vec<u8>) {
    let mut printer = Printer::new(NonFinite::Null);
    out.extend_from_slice(br#"{"predictions":["#);
    for (index, row) in values.chunks_exact(width).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_score(row, &mut printer, out);
    }
    out.extend_from_slice(b"]}");
}

/// Appends `{"score":…}` for one row.
pub(crate) fn write_score(row: &[f32], printer: &mut Printer, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"score":"#);
    if let [value] = row {
        printer.print(*value, out);
    } else {
        write_list(row, printer, out);
    }
    out.push(b'}');
}

fn write_list(row: &[f32], printer: &mut Printer, out: &mut Vec<u8>) {
    for (index, value) in row.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        printer.print(*value, out);
    }
    out.push(b']');
}
