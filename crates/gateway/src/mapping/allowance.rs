//! Owns how much work a rendering may have the gateway's own objects do: the engine counts its steps,
//! but not theirs.

use std::cell::Cell;

use vtl::ObjectError;

/// Bytes of text that functions may read, and paths be read from, while a template renders.
const BYTES_MAX: usize = 64 << 20;
/// Values that paths may visit.
const VISITS_MAX: u64 = 10_000_000;

/// What is left.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: Cell<usize>,
    visits: Cell<u64>,
}

impl Allowance {
    pub(super) fn new() -> Self {
        Self { bytes: Cell::new(BYTES_MAX), visits: Cell::new(VISITS_MAX) }
    }

    /// Takes bytes off; an error where there are not enough left.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), ObjectError> {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) => {
                self.bytes.set(left);
                Ok(())
            }
            None => Err(ObjectError::new(format!(
                "the template has more than {BYTES_MAX} bytes read or made by functions"
            ))),
        }
    }

    /// Runs a search, which takes its visits off.
    pub(super) fn search<T>(&self, run: impl FnOnce(&mut u64) -> T) -> T {
        let mut visits = self.visits.get();
        let found = run(&mut visits);
        self.visits.set(visits);
        found
    }
}
