//! What the server itself does: requests by operation and answer, and what it refuses at the
//! door. The places that record are the one wrapper around the operations and the listeners.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::limits::{Enforced, Gauge, Limit};

/// A server-wide count of one kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCounter {
    /// A request whose signature, key or time was not accepted.
    SignatureRefused,
}

impl ServerCounter {
    /// Every counter.
    pub const ALL: [Self; 1] = [Self::SignatureRefused];
}

/// The names come from the tables of served operations, never from the wire: the number of
/// entries is bounded by them.
type Answered = (&'static str, &'static str, u16);

/// The server's counters.
#[derive(Debug, Default)]
pub struct ServerMetrics {
    /// Connections that are open.
    pub connections: Gauge,
    /// Bytes of bodies that are kept in memory.
    pub bodies_in_flight_bytes: Gauge,
    /// Uploads that are being received.
    pub uploads: Gauge,
    enforced: Enforced,
    counters: [AtomicU64; ServerCounter::ALL.len()],
    requests: RwLock<BTreeMap<Answered, AtomicU64>>,
}

impl ServerMetrics {
    /// Counts one event.
    pub fn count(&self, counter: ServerCounter) {
        self.counters[counter as usize].fetch_add(1, Relaxed);
    }

    /// How often it happened.
    pub fn total(&self, counter: ServerCounter) -> u64 {
        self.counters[counter as usize].load(Relaxed)
    }

    /// Counts that a limit was enforced: something was refused, or a connection cut off.
    pub fn enforce(&self, limit: Limit) {
        self.enforced.count(limit);
    }

    /// How often a limit was enforced.
    pub fn enforced(&self, limit: Limit) -> u64 {
        self.enforced.total(limit)
    }

    /// Counts one answered control-plane request. For an operation that is not in the tables say
    /// `unknown`. Only the first of a kind takes the write lock.
    pub fn count_request(&self, service: &'static str, operation: &'static str, status: u16) {
        let key = (service, operation, status);
        if !self.count_known(key) {
            let mut requests = self.requests.write().unwrap_or_else(PoisonError::into_inner);
            requests.entry(key).or_default().fetch_add(1, Relaxed);
        }
    }

    /// Service, operation, HTTP status and count of all requests answered so far, in order.
    pub fn requests(&self) -> Vec<(&'static str, &'static str, u16, u64)> {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        requests
            .iter()
            .map(|(&(service, operation, status), count)| {
                (service, operation, status, count.load(Relaxed))
            })
            .collect()
    }

    fn count_known(&self, key: Answered) -> bool {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        requests.get(&key).map(|count| count.fetch_add(1, Relaxed)).is_some()
    }
}
