//! Predictions to CSV.

use crate::{
    Cell, Real,
    number::{NonFinite, Printer},
};

/// Appends one line per row of `width` values, joined by commas, each line ended by LF.
///
/// A value is printed with the fewest digits that read back as the same number of its type; missing and infinite
/// values as `nan`, `inf` and `-inf`. `values.len()` must be a multiple of `width`, which must not
/// be 0. The layout is that of SageMaker's XGBoost container; that one prints more digits, since it
/// widens each value to 64 bits first.
pub fn write<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
    let mut printer = Printer::new(NonFinite::Words);
    for row in values.chunks_exact(width) {
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            printer.print(*value, out);
        }
        out.push(b'\n');
    }
}

/// Appends one line per row of `width` values, each ended by LF: the value, or if `width` isn't 1
/// a list as Python prints it, `[0.1, 0.9]`.
///
/// That is what SageMaker's XGBoost container answers to batch transform jobs. Values are printed as
/// by [`write()`].
pub fn write_lists<V: Real>(values: &[V], width: usize, out: &mut Vec<u8>) {
    if width == 1 {
        return write(values, width, out);
    }
    let mut printer = Printer::new(NonFinite::Words);
    for row in values.chunks_exact(width) {
        out.push(b'[');
        printer.print_cell(Cell::Numbers(row), ", ", out);
        out.extend_from_slice(b"]\n");
    }
}

/// Appends one line per row of cells, joined by commas; lists in quotes, as `1,"[0.4, 0.6]"`. Names
/// are left out. There is a LF between lines and none behind the last.
///
/// Values are printed as by [`write()`], labels without a fraction. The layout is that of SageMaker's
/// XGBoost container with selected content.
pub fn write_records<'a, V: Real, R>(rows: impl Iterator<Item = R>, out: &mut Vec<u8>)
where
    R: Iterator<Item = (&'a str, Cell<'a, V>)>,
{
    let mut printer = Printer::new(NonFinite::Words);
    for (number, row) in rows.enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        for (index, (_, cell)) in row.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_cell(cell, &mut printer, out);
        }
    }
}

fn write_cell<V: Real>(cell: Cell<'_, V>, printer: &mut Printer, out: &mut Vec<u8>) {
    if cell.is_list() {
        out.extend_from_slice(b"\"[");
    }
    printer.print_cell(cell, ", ", out);
    if cell.is_list() {
        out.extend_from_slice(b"]\"");
    }
}
