//! A ring of records: the newest takes the place of the oldest. Writing waits for nobody.

use std::{
    array,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{Answered, record::RequestRecord};

/// Places of a ring, made a block at a time, so that a server that is asked little takes little.
const BLOCK: usize = 32;
const BLOCKS: usize = 16;
/// Records that a ring keeps.
pub(super) const KEPT: usize = BLOCK * BLOCKS;

type Block = Box<[Mutex<RequestRecord>; BLOCK]>;

/// The last [`KEPT`] records of one kind.
#[derive(Debug, Default)]
pub(super) struct Ring {
    written: AtomicUsize,
    blocks: [OnceLock<Block>; BLOCKS],
}

impl Ring {
    /// Keeps a record. A place that somebody reads from, which takes no longer than a copy, is
    /// passed over for the next.
    pub(super) fn keep(&self, answered: &Answered<'_>) {
        for _ in 0..KEPT {
            let place = self.place(self.written.fetch_add(1, Relaxed) % KEPT);
            let mut record = match place.try_lock() {
                Ok(record) => record,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            record.write(answered);
            return self.fetch_next();
        }
    }

    /// Every record, in no order, one at a time.
    pub(super) fn records(&self) -> impl Iterator<Item = MutexGuard<'_, RequestRecord>> {
        let places = self.blocks.iter().filter_map(OnceLock::get).flat_map(|block| block.iter());
        places
            .map(|place| place.lock().unwrap_or_else(PoisonError::into_inner))
            .filter(|record| record.arrived().is_some())
    }

    /// Forgets every record; the places stay.
    pub(super) fn clear(&self) {
        for mut record in self.records() {
            *record = RequestRecord::default();
        }
    }

    /// By the next call other memory will have been in its way.
    fn fetch_next(&self) {
        let index = self.written.load(Relaxed) % KEPT;
        if let Some(block) = self.blocks[index / BLOCK].get() {
            footprint::fetch(&block[index % BLOCK]);
        }
    }

    fn place(&self, index: usize) -> &Mutex<RequestRecord> {
        let fresh = || Box::new(array::from_fn(|_| Mutex::default()));
        &self.blocks[index / BLOCK].get_or_init(fresh)[index % BLOCK]
    }
}
