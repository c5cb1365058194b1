//! The published route table: what the data plane reads without waiting, and the order in which
//! the reconciler and a reset may replace it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};

use crate::table::RouteTable;

/// Which resets a table knows of: a table made before the last one is out of date for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// The table that serves.
#[derive(Debug, Default)]
pub(crate) struct LiveRoutes {
    table: ArcSwap<RouteTable>,
    /// Held while the table is replaced, never while it is read.
    epoch: Mutex<Epoch>,
}

impl LiveRoutes {
    /// The table as it is now.
    pub(crate) fn load(&self) -> Guard<Arc<RouteTable>> {
        self.table.load()
    }

    /// The epoch that a table made from now on is of.
    pub(crate) fn epoch(&self) -> Epoch {
        *self.locked_epoch()
    }

    /// Replaces the table, unless there was a reset since `made_in`.
    pub(crate) fn publish(&self, table: RouteTable, made_in: Epoch) {
        let epoch = self.locked_epoch();
        if *epoch == made_in {
            self.table.store(Arc::new(table));
        }
    }

    /// Empties the table, and begins a new epoch.
    pub(crate) fn forget_all(&self) {
        let mut epoch = self.locked_epoch();
        epoch.0 += 1;
        self.table.store(Arc::default());
    }

    fn locked_epoch(&self) -> MutexGuard<'_, Epoch> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Route;

    fn table() -> RouteTable {
        [("e", Route::Returning)].into_iter().collect()
    }

    #[test]
    fn what_was_made_before_a_reset_is_not_published_after_it() {
        let live = LiveRoutes::default();
        let before = live.epoch();
        live.publish(table(), before);
        assert_eq!(live.load().len(), 1);
        live.forget_all();
        assert_eq!(live.load().len(), 0);
        live.publish(table(), before);
        assert_eq!(live.load().len(), 0);
        live.publish(table(), live.epoch());
        assert_eq!(live.load().len(), 1);
    }
}
