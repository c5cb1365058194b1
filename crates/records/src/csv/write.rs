//! Predictions to CSV.

use crate::number::{NonFinite, Printer};

/// Appends one line per row of `width` values, joined by commas, each line ended by LF.
///
/// A value is printed with the fewest digits that read back as the same `f32`; missing and infinite
/// values as `nan`, `inf` and `-inf`. `values.len()` must be a multiple of `width`, which must not
/// be 0. The layout is that of SageMaker's XGBoost container; that one prints more digits, since it
/// widens each value to 64 bits first.
pub fn write(values: &[f32], width: usize, out: &mut Vec<u8>) {
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
