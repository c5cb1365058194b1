//! Rows of one precision for models of the other: converted in blocks, in memory that a thread
//! keeps.

use std::cell::RefCell;

use crate::Rows;

/// Rows that are converted at a time.
const ROWS: usize = 64;

thread_local! {
    static WIDE: RefCell<(Vec<f64>, Vec<f64>)> = RefCell::default();
    static NARROW: RefCell<(Vec<f32>, Vec<f32>)> = RefCell::default();
}

/// Lets `work` fill its part of `out` for rows of `f32`.
pub(crate) fn widened_rows<T>(
    rows: Rows<'_>,
    out: &mut [T],
    work: impl Fn(Rows<'_, f64>, &mut [T]),
) {
    let out_width = out.len().checked_div(rows.len()).unwrap_or(0).max(1);
    for (rows, out) in rows.blocks(ROWS).zip(out.chunks_mut(ROWS * out_width)) {
        WIDE.with_borrow_mut(|(values, _)| {
            values.clear();
            values.extend(rows.values().iter().map(|value| f64::from(*value)));
            work(Rows::new(values, rows.width()), out);
        });
    }
}

/// Lets `work` answer in `f64` for rows of `f32`; results are rounded.
pub(crate) fn widened(rows: Rows<'_>, out: &mut [f32], work: impl Fn(Rows<'_, f64>, &mut [f64])) {
    let out_width = out.len().checked_div(rows.len()).unwrap_or(0).max(1);
    for (rows, out) in rows.blocks(ROWS).zip(out.chunks_mut(ROWS * out_width)) {
        WIDE.with_borrow_mut(|(values, results)| {
            values.clear();
            values.extend(rows.values().iter().map(|value| f64::from(*value)));
            results.resize(out.len(), 0.0);
            work(Rows::new(values, rows.width()), results);
            for (out, result) in out.iter_mut().zip(results) {
                *out = *result as f32;
            }
        });
    }
}

/// Lets `work` answer in `f32` for rows of `f64`, which are rounded.
pub(crate) fn narrowed(rows: Rows<'_, f64>, out: &mut [f64], work: impl Fn(Rows<'_>, &mut [f32])) {
    let out_width = out.len().checked_div(rows.len()).unwrap_or(0).max(1);
    for (rows, out) in rows.blocks(ROWS).zip(out.chunks_mut(ROWS * out_width)) {
        NARROW.with_borrow_mut(|(values, results)| {
            values.clear();
            values.extend(rows.values().iter().map(|value| *value as f32));
            results.resize(out.len(), 0.0);
            work(Rows::new(values, rows.width()), results);
            for (out, result) in out.iter_mut().zip(results) {
                *out = f64::from(*result);
            }
        });
    }
}
