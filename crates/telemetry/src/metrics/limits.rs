//! How often each limit at the doors was enforced, and how close to the bounded amounts the
//! server is. The limits themselves are kept by those who own them: the listeners and the AWS face.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// A limit at the doors. Each is a setting, and its metric's label is the setting's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Connections open at a time.
    Connections,
    /// Connections open at a time from one address.
    ConnectionsPerClient,
    /// Calls a second from one address.
    CallsPerClient,
    /// Calls a second signed with one access key.
    CallsPerKey,
    /// Bytes of a request's head.
    HeadBytes,
    /// Time for a request's head.
    HeadTimeout,
    /// Time between two requests of a connection.
    IdleTimeout,
    /// Time for agreeing on a key.
    HandshakeTimeout,
    /// Time for a body that is kept in memory.
    BodyTimeout,
    /// Time in which something must move while the server waits for a client.
    StallTimeout,
    /// Bytes of an invocation's body.
    PayloadBytes,
    /// Bytes of a control-plane call's body.
    ControlBytes,
    /// Bytes of a model's answer.
    AnswerBytes,
    /// Bytes of all bodies kept in memory.
    BodiesInFlight,
    /// Uploads under way at a time.
    Uploads,
    /// Uploads under way at a time from one client.
    UploadsPerClient,
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 16] = [
        Self::Connections,
        Self::ConnectionsPerClient,
        Self::CallsPerClient,
        Self::CallsPerKey,
        Self::HeadBytes,
        Self::HeadTimeout,
        Self::IdleTimeout,
        Self::HandshakeTimeout,
        Self::BodyTimeout,
        Self::StallTimeout,
        Self::PayloadBytes,
        Self::ControlBytes,
        Self::AnswerBytes,
        Self::BodiesInFlight,
        Self::Uploads,
        Self::UploadsPerClient,
    ];

    /// The name of the setting, as the `[limits]` table of the configuration file has it.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Connections => "connections-max",
            Self::ConnectionsPerClient => "connections-per-client-max",
            Self::CallsPerClient => "calls-per-second-per-client",
            Self::CallsPerKey => "calls-per-second-per-key",
            Self::HeadBytes => "head-bytes-max",
            Self::HeadTimeout => "head-timeout-seconds",
            Self::IdleTimeout => "idle-timeout-seconds",
            Self::HandshakeTimeout => "handshake-timeout-seconds",
            Self::BodyTimeout => "body-timeout-seconds",
            Self::StallTimeout => "stall-timeout-seconds",
            Self::PayloadBytes => "payload-bytes-max",
            Self::ControlBytes => "control-bytes-max",
            Self::AnswerBytes => "answer-bytes-max",
            Self::BodiesInFlight => "bodies-in-flight-bytes-max",
            Self::Uploads => "uploads-max",
            Self::UploadsPerClient => "uploads-per-client-max",
        }
    }
}

/// How often each limit was enforced.
#[derive(Debug, Default)]
pub(super) struct Enforced([AtomicU64; Limit::ALL.len()]);

impl Enforced {
    pub(super) fn count(&self, limit: Limit) {
        self.0[limit as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn total(&self, limit: Limit) -> u64 {
        self.0[limit as usize].load(Relaxed)
    }
}

/// An amount that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicUsize);

impl Gauge {
    /// Adds, and says what there is then.
    pub fn add(&self, amount: usize) -> usize {
        self.0.fetch_add(amount, Relaxed) + amount
    }

    /// Takes away what was added before.
    pub fn take(&self, amount: usize) {
        self.0.fetch_sub(amount, Relaxed);
    }

    /// What there is now.
    pub fn value(&self) -> usize {
        self.0.load(Relaxed)
    }
}
