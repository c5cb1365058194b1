//! Answers of one precision from models of the other: computed in memory that a thread keeps.

use std::cell::RefCell;

thread_local! {
    static WIDE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    static NARROW: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lets `work` compute in `f64`, and rounds.
pub(crate) fn rounded(out: &mut [f32], work: impl FnOnce(&mut [f64])) {
    WIDE.with_borrow_mut(|results| {
        results.resize(out.len(), 0.0);
        work(results);
        for (out, result) in out.iter_mut().zip(results) {
            *out = *result as f32;
        }
    });
}

/// Lets `work` compute in `f32`, and widens.
pub(crate) fn widened(out: &mut [f64], work: impl FnOnce(&mut [f32])) {
    NARROW.with_borrow_mut(|results| {
        results.resize(out.len(), 0.0);
        work(results);
        for (out, result) in out.iter_mut().zip(results) {
            *out = f64::from(*result);
        }
    });
}
