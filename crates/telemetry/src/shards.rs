//! Sharding by thread: each thread that records writes to a shard of its own, so that no cache
//! line travels between cores on the hot path. What a shard holds is the caller's.

use std::{
    cell::Cell,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// More threads than this share shards; the counts stay right, only slower.
const SHARDS_MAX: usize = 64;

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A number per thread, dense from 0 in the order in which threads first record.
fn thread_number() -> usize {
    THREAD.with(|number| {
        number.get().unwrap_or_else(|| {
            let fresh = NEXT_THREAD.fetch_add(1, Ordering::Relaxed);
            number.set(Some(fresh));
            fresh
        })
    })
}

/// Twice the cores, so that listener and background threads rarely meet in one shard.
fn shard_count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (2 * cores).next_power_of_two().min(SHARDS_MAX)
    })
}

/// One `T` per recording thread, made when the thread first records. Each is a separate
/// allocation with alignment of its own, so two shards never share a cache line.
pub(crate) struct Shards<T>(Box<[OnceLock<Box<Padded<T>>>]>);

/// 128 bytes: the pair of lines that x86 prefetches together, and one line of Apple's cores.
#[derive(Default)]
#[repr(align(128))]
struct Padded<T>(T);

impl<T: Default> Shards<T> {
    /// The shard of the calling thread.
    pub(crate) fn mine(&self) -> &T {
        let index = thread_number() & (self.0.len() - 1);
        &self.0[index].get_or_init(Box::default).0
    }

    /// The shards that have been written to.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(OnceLock::get).map(|padded| &padded.0)
    }
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self((0..shard_count()).map(|_| OnceLock::new()).collect())
    }
}

impl<T> fmt::Debug for Shards<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().filter(|shard| shard.get().is_some()).count();
        write!(f, "Shards({used} of {})", self.0.len())
    }
}
