//! Connections to backends that wait for their next call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;

use super::Origin;

/// A connection that calls are sent on.
pub(super) type Sender = http1::SendRequest<Full<Bytes>>;

/// Connections kept for one backend at most.
const KEPT_PER_ORIGIN: usize = 32;
/// Backends that connections are kept for at most.
const ORIGINS_MAX: usize = 256;

/// Connections by backend. The lock is held for a push or a pop, never over a call.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Origin, Vec<Sender>>>,
}

impl Pool {
    /// A connection that is open, as far as is known.
    pub(super) fn take(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.get_mut(origin)?;
        while let Some(sender) = senders.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection for the next call, unless there are enough.
    pub(super) fn keep(&self, origin: Origin, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= ORIGINS_MAX && !idle.contains_key(&origin) {
            idle.clear();
        }
        let senders = idle.entry(origin).or_default();
        if senders.len() < KEPT_PER_ORIGIN {
            senders.push(sender);
        }
    }
}
