//! One log stream: its lines in time order, within a bound, and what it lost.

use std::{
    collections::VecDeque,
    fmt,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use resources::Timestamp;

use super::{EVENT_BYTES, Ledger};

/// What a stream costs beside its lines and its name: its entry, lock, counters, room for lines.
const STREAM_BYTES: usize = 320;
/// Lines that there may always be room for.
const ROOM_MIN: usize = 4;

/// Numbers every event of the process, so that events of one millisecond keep their order.
static NEXT_SEQUENCE: AtomicU64 = AtomicU64::new(1);

/// Where an event stands among all events: by time, then in the order of arrival.
pub(super) type Position = (Timestamp, u64);

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was said.
    pub timestamp: Timestamp,
    /// When it was stored.
    pub ingested: Timestamp,
    /// The line, without its line end.
    pub message: Arc<str>,
    pub(super) sequence: u64,
}

impl Event {
    /// Unique in the process, 56 digits as CloudWatch's.
    pub fn id(&self) -> String {
        format!("{:020}{:036}", self.timestamp.epoch_ms().max(0), self.sequence)
    }

    pub(super) fn position(&self) -> Position {
        (self.timestamp, self.sequence)
    }

    fn bytes(&self) -> usize {
        EVENT_BYTES + self.message.len()
    }
}

/// One stream; locked by itself.
pub(super) struct Stream {
    pub(super) created: Timestamp,
    overhead_bytes: usize,
    lines: Mutex<Lines>,
}

#[derive(Default)]
pub(super) struct Lines {
    events: VecDeque<Event>,
    bytes: usize,
    pub(super) dropped: u64,
    /// The group was deleted: what writers still append goes nowhere.
    closed: bool,
}

impl Stream {
    pub(super) fn new(created: Timestamp, name_bytes: usize, ledger: &Ledger) -> Self {
        let overhead_bytes = STREAM_BYTES + name_bytes;
        ledger.bytes.fetch_add(overhead_bytes, Relaxed);
        Self { created, overhead_bytes, lines: Mutex::default() }
    }

    pub(super) fn append(&self, now: Timestamp, message: &str, bytes_max: usize, ledger: &Ledger) {
        let sequence = NEXT_SEQUENCE.fetch_add(1, Relaxed);
        let event = Event { timestamp: now, ingested: now, message: message.into(), sequence };
        let mut lines = self.lock();
        if lines.closed {
            return;
        }
        ledger.appended.fetch_add(1, Relaxed);
        ledger.bytes.fetch_add(event.bytes(), Relaxed);
        lines.insert(event);
        if lines.bytes > bytes_max {
            let excess = lines.bytes - bytes_max;
            lines.drop_oldest(excess, ledger);
        }
    }

    /// Drops lines from the front until `bytes` are free or nothing is left.
    pub(super) fn drop_oldest(&self, bytes: usize, ledger: &Ledger) {
        self.lock().drop_oldest(bytes, ledger);
    }

    /// Takes the stream out of the ledger for good. What it held was deleted on purpose and
    /// does not count as dropped.
    pub(super) fn close(&self, ledger: &Ledger) {
        let mut lines = self.lock();
        if !lines.closed {
            ledger.bytes.fetch_sub(self.overhead_bytes + lines.bytes, Relaxed);
            *lines = Lines { closed: true, ..Lines::default() };
        }
    }

    /// Where the oldest line stands.
    pub(super) fn first(&self) -> Option<Position> {
        self.lock().events.front().map(Event::position)
    }

    /// What forgetting the stream would free at least, if nobody but the store and the caller has it.
    pub(super) fn overhead_without_writer(self: &Arc<Self>) -> usize {
        if Arc::strong_count(self) > 2 { 0 } else { self.overhead_bytes }
    }

    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("created", &self.created).finish_non_exhaustive()
    }
}

impl Lines {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn first(&self) -> Option<&Event> {
        self.events.front()
    }

    pub(super) fn last(&self) -> Option<&Event> {
        self.events.back()
    }

    pub(super) fn get(&self, index: usize) -> &Event {
        &self.events[index]
    }

    /// The indices of the lines whose time is within `start` (inclusive) and `end` (exclusive).
    pub(super) fn between(&self, start: Option<Timestamp>, end: Option<Timestamp>) -> Range<usize> {
        let from = start.map_or(0, |start| self.events.partition_point(|e| e.timestamp < start));
        let to =
            end.map_or(self.events.len(), |end| self.events.partition_point(|e| e.timestamp < end));
        from..to.max(from)
    }

    /// The index of the first line after `position`.
    pub(super) fn after(&self, position: Position) -> usize {
        self.events.partition_point(|event| event.position() <= position)
    }

    /// The index of the first line at or after `position`.
    pub(super) fn at(&self, position: Position) -> usize {
        self.events.partition_point(|event| event.position() < position)
    }

    /// Two threads that append at once may arrive in the wrong order: nearly always at the end.
    fn insert(&mut self, event: Event) {
        self.bytes += event.bytes();
        let index = self.after(event.position());
        self.events.insert(index, event);
    }

    fn drop_oldest(&mut self, bytes: usize, ledger: &Ledger) {
        let mut freed = 0;
        while freed < bytes {
            let Some(event) = self.events.pop_front() else { break };
            freed += event.bytes();
            self.dropped += 1;
            ledger.dropped.fetch_add(1, Relaxed);
        }
        self.bytes -= freed;
        ledger.bytes.fetch_sub(freed, Relaxed);
        if self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to((2 * self.events.len()).max(ROOM_MIN));
        }
    }
}
