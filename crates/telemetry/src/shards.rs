//! Sharding by thread: each thread that records writes to a shard of its own, so that no cache
//! line travels between cores on the hot path, and adding to a counter there needs no locked
//! instruction, which would wait for its line and let nothing pass. What a shard holds is the
//! caller's.

use std::{
    array,
    cell::Cell,
    fmt,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use footprint::Footprint;
use once_cell::race::OnceBox;

/// Threads for each core that can have shards of their own: there is one that listens, and a few
/// work in the background. All others share a shard; the counts stay right, only slower.
const OWN_PER_CORE: usize = 4;

/// Of so many the way leads through no memory but the shards' owner. The threads that answer calls
/// are the first to record, and get the lowest indices.
const NEAR: usize = 8;

/// An index that this thread has not looked for yet.
const UNKNOWN: usize = usize::MAX;

thread_local! {
    /// The index of the shard that this thread writes to. Apart from the lease, because what has to
    /// be dropped is slower to reach.
    static INDEX: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEASE: Lease = Lease::take();
}

/// Indices that no thread has to itself. Being locked, it also puts what a thread recorded before
/// what the next one with the same index does, who may therefore go on where it ended.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// An index that a thread has to itself until it ends, if there was one.
struct Lease(Option<usize>);

impl Lease {
    fn take() -> Self {
        shared_index();
        Self(free().pop())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What the thread still records goes where everybody may write: the next one who gets the
        // index counts on being alone there.
        INDEX.set(shared_index());
        free().extend(self.0);
    }
}

fn free() -> MutexGuard<'static, Vec<usize>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The index of the shard for threads without one of their own: the last, and never a near one.
fn shared_index() -> usize {
    static INDEX: OnceLock<usize> = OnceLock::new();
    *INDEX.get_or_init(|| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = (OWN_PER_CORE * cores).max(NEAR);
        free().extend((0..count).rev());
        count
    })
}

fn index() -> usize {
    match INDEX.get() {
        UNKNOWN => find_index(),
        index => index,
    }
}

#[cold]
fn find_index() -> usize {
    let own = LEASE.try_with(|lease| lease.0).ok().flatten();
    let index = own.unwrap_or_else(shared_index);
    INDEX.set(index);
    index
}

/// One `T` for each of several threads and one for all others, made when one first records. Each is
/// a separate allocation with alignment of its own, so two shards never share a cache line. Where
/// the first few lie is said in one line, here.
#[repr(C, align(64))]
pub(crate) struct Shards<T> {
    near: [Place<T>; NEAR],
    /// At least one: the last is of the threads that share.
    others: Box<[Place<T>]>,
}

type Place<T> = OnceBox<Padded<T>>;

/// 128 bytes: the pair of lines that x86 prefetches together, and one line of Apple's cores.
#[derive(Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// The shard of the calling thread.
pub(crate) struct Mine<'a, T> {
    pub(crate) shard: &'a T,
    pub(crate) writer: Writer,
}

/// Who else writes to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// Nobody.
    Alone,
    /// Other threads.
    OneOfSeveral,
}

impl Writer {
    /// Adds to a counter of the writer's shard, and wraps around. Any thread may read it.
    pub(crate) fn add(self, counter: &AtomicU64, count: u64) {
        match self {
            Self::Alone => counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed),
            Self::OneOfSeveral => {
                counter.fetch_add(count, Relaxed);
            }
        }
    }

    /// Lowers a mark of the writer's shard to `value`, if it is higher. Any thread may read it.
    pub(crate) fn lower(self, mark: &AtomicU64, value: u64) {
        match self {
            Self::Alone => mark.store(mark.load(Relaxed).min(value), Relaxed),
            Self::OneOfSeveral => {
                mark.fetch_min(value, Relaxed);
            }
        }
    }

    /// Raises a mark of the writer's shard to `value`, if it is lower. Any thread may read it.
    pub(crate) fn raise(self, mark: &AtomicU64, value: u64) {
        match self {
            Self::Alone => mark.store(mark.load(Relaxed).max(value), Relaxed),
            Self::OneOfSeveral => {
                mark.fetch_max(value, Relaxed);
            }
        }
    }
}

impl<T: Default> Shards<T> {
    /// The shard of the calling thread.
    pub(crate) fn mine(&self) -> Mine<'_, T> {
        let index = index();
        let (place, writer) = match self.near.get(index) {
            Some(place) => (place, Writer::Alone),
            None => self.other(index),
        };
        Mine { shard: &place.get_or_init(Box::default).0, writer }
    }
}

impl<T> Shards<T> {
    /// The shard of the calling thread, if it has recorded before.
    pub(crate) fn mine_if_any(&self) -> Option<&T> {
        let index = index();
        let place = self.near.get(index).unwrap_or_else(|| self.other(index).0);
        place.get().map(|padded| &padded.0)
    }

    /// Adds what leads to the shards of those threads that record first.
    pub(crate) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&self.near);
    }

    /// The shards that have been written to.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places().filter_map(OnceBox::get).map(|padded| &padded.0)
    }

    fn other(&self, index: usize) -> (&Place<T>, Writer) {
        let other = index - NEAR;
        let is_shared = other == self.others.len() - 1;
        let writer = if is_shared { Writer::OneOfSeveral } else { Writer::Alone };
        (&self.others[other], writer)
    }

    fn places(&self) -> impl Iterator<Item = &Place<T>> {
        self.near.iter().chain(&self.others)
    }
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        let others = NEAR..=shared_index();
        Self {
            near: array::from_fn(|_| OnceBox::new()),
            others: others.map(|_| OnceBox::new()).collect(),
        }
    }
}

impl<T> fmt::Debug for Shards<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shards({} of {})", self.iter().count(), self.places().count())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn total(shards: &Shards<AtomicU64>) -> u64 {
        shards.iter().map(|count| count.load(Relaxed)).sum()
    }

    #[test]
    fn nothing_is_lost_by_more_threads_than_have_shards_of_their_own() {
        let (threads, each) = (shared_index() * 2 + 3, 20_000);
        let (shards, barrier) = (Shards::<AtomicU64>::default(), Barrier::new(threads));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    shards.mine();
                    // All are there at once, so that not all can be alone.
                    barrier.wait();
                    for _ in 0..each {
                        let Mine { shard, writer } = shards.mine();
                        writer.add(shard, 1);
                    }
                });
            }
        });
        assert_eq!(total(&shards), (threads * each) as u64);
        let shared = shards.places().last().and_then(OnceBox::get).expect("some had to share");
        assert!(shared.0.load(Relaxed) >= each as u64);
    }

    #[test]
    fn who_is_alone_has_an_index_that_no_other_thread_has_at_a_time() {
        let (threads, rounds) = (3, 20);
        let (shards, taken) = (Shards::<AtomicU64>::default(), Mutex::new(Vec::new()));
        for _ in 0..rounds {
            let barrier = Barrier::new(threads);
            taken.lock().expect("no test failed").clear();
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        if shards.mine().writer == Writer::Alone {
                            taken.lock().expect("no test failed").push(index());
                        }
                        barrier.wait();
                    });
                }
            });
            let mut taken = taken.lock().expect("no test failed");
            taken.sort_unstable();
            assert!(taken.windows(2).all(|pair| pair[0] < pair[1]), "{taken:?}");
        }
    }

    #[test]
    fn a_thread_that_ends_gives_its_index_back() {
        let rounds = shared_index() * 20;
        let alone = |_| thread::spawn(|| Shards::<AtomicU64>::default().mine().writer).join();
        let alone = (0..rounds).map(alone).filter(|writer| matches!(writer, Ok(Writer::Alone)));
        // Other tests take some meanwhile, but by far not all of the time.
        assert!(alone.count() > shared_index());
    }

    #[test]
    fn the_last_place_is_shared_and_the_first_are_in_one_line() {
        let shards = Shards::<AtomicU64> {
            others: [(); 3].map(|()| OnceBox::new()).into(),
            ..Shards::default()
        };
        let writers = [NEAR, NEAR + 1, NEAR + 2].map(|index| shards.other(index).1);
        assert_eq!(writers, [Writer::Alone, Writer::Alone, Writer::OneOfSeveral]);
        let mut footprint = Footprint::default();
        shards.footprint(&mut footprint);
        assert_eq!(footprint.lines(), 1);
    }
}
