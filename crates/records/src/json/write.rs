//! Predictions to JSON.

use crate::{
    Cell, Real,
    number::{NonFinite, Printer},
};

/// Appends `{"predictions":[{"score":0.87},…]}` with an element per row of `width` values; the
/// score is a list if `width` isn't 1.
///
/// A value is printed with the fewest digits that read back as the same number of its type; missing and infinite
/// values as `null`. `values.len()` must be a multiple of `width`, which must not be 0. The layout
/// is that of SageMaker's XGBoost container.
pub fn write<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
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

/// Appends `{"predictions":[{"predicted_label":1,"probabilities":[0.4,0.6]},…]}` with an object of
/// named cells per row.
///
/// Values are printed as by [`write()`], labels without a fraction. The layout is that of SageMaker's
/// XGBoost container with selected content; that one prints `NaN` for what is missing, which is not
/// JSON.
pub fn write_records<'a, V: Real, R>(rows: impl Iterator<Item = R>, out: &mut Vec<u8>)
where
    R: Iterator<Item = (&'a str, Cell<'a, V>)>,
{
    let mut printer = Printer::new(NonFinite::Null);
    out.extend_from_slice(br#"{"predictions":["#);
    for (index, row) in rows.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_record(row, &mut printer, out);
    }
    out.extend_from_slice(b"]}");
}

/// Appends `{"score":…}` for one row.
pub(crate) fn write_score<V: Real>(row: &[V], printer: &mut Printer, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"score":"#);
    if let [value] = row {
        printer.print(*value, out);
    } else {
        write_list(row, printer, out);
    }
    out.push(b'}');
}

fn write_list<V: Real>(row: &[V], printer: &mut Printer, out: &mut Vec<u8>) {
    for (index, value) in row.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        printer.print(*value, out);
    }
    out.push(b']');
}

/// Appends an object of named cells for one row.
pub(crate) fn write_record<'a, V: Real>(
    members: impl Iterator<Item = (&'a str, Cell<'a, V>)>,
    printer: &mut Printer,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (index, (name, cell)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        if cell.is_list() {
            out.push(b'[');
        }
        printer.print_cell(cell, ",", out);
        if cell.is_list() {
            out.push(b']');
        }
    }
    out.push(b'}');
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1F => {
                out.extend_from_slice(br"\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
