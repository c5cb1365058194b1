//! The log store: what models print, in CloudWatch's groups and streams, bounded and in memory.
//!
//! A stream has a lock of its own and nobody else's appends wait for it. When the store is full,
//! the oldest lines go, and each stream tells how many it lost. What a process printed is gone
//! when the server ends; the page tokens, ARNs and errors on the wire are left to `aws-api`.

mod filter;
mod pattern;
mod query;
mod stream;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap},
    mem,
    sync::{
        Arc, Mutex, PoisonError, RwLock, TryLockError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

pub use filter::{FilterQuery, FilteredEvent, FilteredPage};
pub use pattern::Pattern;
pub use query::{
    EventPage, GroupSummary, Page, ReadQuery, StreamOrder, StreamQuery, StreamSummary,
};
use resources::Timestamp;
pub use stream::Event;
use stream::{Position, Stream};

use crate::exposition::{Declared, Kind};

/// The group of an endpoint's logs.
pub fn endpoint_group(endpoint: &str) -> String {
    format!("/aws/sagemaker/Endpoints/{endpoint}")
}

/// The stream of one instance of a variant, within its endpoint's group.
pub fn instance_stream(variant: &str, instance_id: &str) -> String {
    format!("{variant}/{instance_id}")
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Memory for everything together.
    pub bytes_max: usize,
    /// Memory for one stream.
    pub stream_bytes_max: usize,
    /// Longer lines are cut into several events. CloudWatch's own limit was this one for years.
    pub message_bytes_max: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { bytes_max: 64 << 20, stream_bytes_max: 8 << 20, message_bytes_max: 256 * 1024 - 26 }
    }
}

/// What the store holds and has lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogTotals {
    /// Lines appended since the start.
    pub appended: u64,
    /// Lines dropped to stay within the limits.
    pub dropped: u64,
    /// Memory in use.
    pub bytes: usize,
}

const APPENDED: Declared = Declared {
    name: "clary_log_events_total",
    kind: Kind::Counter,
    help: "Lines appended to the log store.",
};
const DROPPED: Declared = Declared {
    name: "clary_log_events_dropped_total",
    kind: Kind::Counter,
    help: "Lines dropped from the log store because it was full; the oldest go first.",
};
const BYTES: Declared = Declared {
    name: "clary_log_bytes",
    kind: Kind::Gauge,
    help: "Memory that the log store uses.",
};

/// All groups and their streams.
#[derive(Debug, Default)]
pub struct Logs {
    limits: LogLimits,
    groups: RwLock<BTreeMap<String, Arc<Group>>>,
    ledger: Ledger,
    evicting: Mutex<()>,
}

/// Counts over all streams; each stream keeps it true for what it holds.
#[derive(Debug, Default)]
struct Ledger {
    bytes: AtomicUsize,
    appended: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Group {
    created: Timestamp,
    overhead_bytes: usize,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
}

/// Appends to one stream without looking it up again.
#[derive(Clone, Debug)]
pub struct LogWriter {
    logs: Arc<Logs>,
    stream: Arc<Stream>,
}

impl LogWriter {
    /// Appends one line, see [`Logs::append`].
    pub fn append(&self, now: Timestamp, line: &str) {
        self.logs.append_to(&self.stream, now, line);
    }
}

impl Logs {
    /// The metrics that [`Logs::render`] shows.
    pub const DECLARED: &[Declared] = &[APPENDED, DROPPED, BYTES];

    /// An empty store.
    pub fn new(limits: LogLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Appends one line to a stream, making group and stream if needed. Never waits for a reader
    /// of another stream. A line without text is not kept: an event has at least one character.
    pub fn append(&self, group: &str, stream: &str, now: Timestamp, line: &str) {
        self.append_to(&self.stream_or_create((group, stream), now), now, line);
    }

    /// A handle that appends to one stream; it makes group and stream if needed.
    pub fn writer(self: &Arc<Self>, group: &str, stream: &str, now: Timestamp) -> LogWriter {
        let stream = self.stream_or_create((group, stream), now);
        LogWriter { logs: Arc::clone(self), stream }
    }

    /// Forgets a group with all its streams; whether there was one.
    pub fn delete_group(&self, group: &str) -> bool {
        let removed = self.groups.write().unwrap_or_else(PoisonError::into_inner).remove(group);
        if let Some(group) = &removed {
            let streams = group.streams.read().unwrap_or_else(PoisonError::into_inner);
            streams.values().for_each(|stream| stream.close(&self.ledger));
            self.ledger.bytes.fetch_sub(group.overhead_bytes, Relaxed);
        }
        removed.is_some()
    }

    /// Forgets every group.
    pub fn clear(&self) {
        let names: Vec<String> = {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            groups.keys().cloned().collect()
        };
        for name in names {
            self.delete_group(&name);
        }
    }

    /// What the store holds and has lost.
    pub fn totals(&self) -> LogTotals {
        LogTotals {
            appended: self.ledger.appended.load(Relaxed),
            dropped: self.ledger.dropped.load(Relaxed),
            bytes: self.ledger.bytes.load(Relaxed),
        }
    }

    /// Appends the store's own metrics in the Prometheus text format.
    pub fn render(&self, out: &mut String) {
        let totals = self.totals();
        APPENDED.head(out);
        APPENDED.value(out, &[], totals.appended);
        DROPPED.head(out);
        DROPPED.value(out, &[], totals.dropped);
        BYTES.head(out);
        BYTES.value(out, &[], totals.bytes);
    }

    fn append_to(&self, stream: &Stream, now: Timestamp, line: &str) {
        for message in cut(line, self.limits.message_bytes_max) {
            stream.append(now, message, self.limits.stream_bytes_max, &self.ledger);
        }
        if self.ledger.bytes.load(Relaxed) > self.limits.bytes_max {
            self.evict();
        }
    }

    fn group(&self, name: &str) -> Option<Arc<Group>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn group_or_create(&self, name: &str, now: Timestamp) -> Arc<Group> {
        self.group(name).unwrap_or_else(|| {
            let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Arc::new(Group::new(now, name.len(), &self.ledger));
            Arc::clone(groups.entry(name.to_owned()).or_insert_with(fresh))
        })
    }

    fn stream_or_create(&self, (group, stream): (&str, &str), now: Timestamp) -> Arc<Stream> {
        let group = self.group_or_create(group, now);
        group.stream(stream).unwrap_or_else(|| {
            let mut streams = group.streams.write().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Arc::new(Stream::new(now, stream.len(), &self.ledger));
            Arc::clone(streams.entry(stream.to_owned()).or_insert_with(fresh))
        })
    }

    /// Drops the oldest lines until a sixteenth of the memory is free. One thread does it; the
    /// others go on appending meanwhile, so the limit can be passed by what they append until
    /// this ends.
    fn evict(&self) {
        let _guard = match self.evicting.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let enough = self.limits.bytes_max - self.limits.bytes_max / 16;
        let mut streams = self.by_age();
        let mut free_soon = 0;
        while self.ledger.bytes.load(Relaxed).saturating_sub(free_soon) > enough {
            let Some(ByAge { stream, .. }) = streams.pop() else { break };
            stream.drop_oldest(self.limits.bytes_max / 64, &self.ledger);
            match stream.first() {
                Some(first) => streams.push(ByAge { first, stream }),
                None => free_soon += stream.overhead_without_writer(),
            }
        }
        drop(streams);
        self.forget_empty_streams();
    }

    /// Streams that have lines, the one with the oldest line on top.
    fn by_age(&self) -> BinaryHeap<ByAge> {
        let streams = self.all_groups().into_iter().flat_map(|group| group.all_streams());
        streams.filter_map(|stream| Some(ByAge { first: stream.first()?, stream })).collect()
    }

    /// A stream that lost all its lines and has no writer would only cost memory, and so would a
    /// group that lost all its streams.
    fn forget_empty_streams(&self) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|_, group| {
            let keep = Arc::strong_count(group) > 1 || !group.forget_empty(&self.ledger);
            if !keep {
                self.ledger.bytes.fetch_sub(group.overhead_bytes, Relaxed);
            }
            keep
        });
    }

    fn all_groups(&self) -> Vec<Arc<Group>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Group {
    fn new(created: Timestamp, name_bytes: usize, ledger: &Ledger) -> Self {
        let overhead_bytes = GROUP_BYTES + name_bytes;
        ledger.bytes.fetch_add(overhead_bytes, Relaxed);
        Self { created, overhead_bytes, streams: RwLock::default() }
    }

    fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn all_streams(&self) -> Vec<Arc<Stream>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Whether nothing is left.
    fn forget_empty(&self, ledger: &Ledger) -> bool {
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|_, stream| {
            let keep = Arc::strong_count(stream) > 1 || stream.first().is_some();
            if !keep {
                stream.close(ledger);
            }
            keep
        });
        streams.is_empty()
    }

    fn bytes(&self) -> usize {
        self.all_streams().iter().map(|stream| stream.bytes()).sum()
    }
}

/// The pieces of a line, none longer than `bytes_max`, cut between characters. Nothing for a line
/// without text.
fn cut(mut line: &str, bytes_max: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let whole = if line.len() <= bytes_max { line.len() } else { boundary(line, bytes_max) };
        let (piece, rest) = line.split_at(whole);
        line = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The last character boundary at or before `at`, but at least one character on.
fn boundary(line: &str, at: usize) -> usize {
    let first = line.chars().next().map_or(0, char::len_utf8);
    line.floor_char_boundary(at).max(first)
}

/// A stream in the order of its oldest line, the greatest first.
struct ByAge {
    first: Position,
    stream: Arc<Stream>,
}

impl Ord for ByAge {
    fn cmp(&self, other: &Self) -> Ordering {
        other.first.cmp(&self.first)
    }
}

impl PartialOrd for ByAge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByAge {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first
    }
}

impl Eq for ByAge {}

/// What a group costs beside its name and its streams: its entry, and room for streams' entries.
const GROUP_BYTES: usize = 448;

/// What an event costs beside its text: its place in the stream, and the head of the text.
const EVENT_BYTES: usize = mem::size_of::<Event>() + 2 * mem::size_of::<usize>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_between_characters() {
        let check = |line, bytes_max, pieces: &[&str]| {
            assert_eq!(cut(line, bytes_max).collect::<Vec<_>>(), pieces, "{line:?}");
        };
        check("", 4, &[]);
        check("abcd", 4, &["abcd"]);
        check("abcde", 4, &["abcd", "e"]);
        check("aé€", 2, &["a", "é", "€"]);
    }
}
