//! Time: the one place that asks the system for it.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_epoch_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn epoch_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// That long after it, to the millisecond.
    #[must_use]
    pub const fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_millis() as i64))
    }

    /// How long it is until `later`, to the millisecond; nothing if that has passed.
    pub const fn until(self, later: Self) -> Duration {
        let ms = later.0.saturating_sub(self.0);
        Duration::from_millis(if ms > 0 { ms as u64 } else { 0 })
    }

    /// Seconds since the epoch with milliseconds as the fraction: AWS's JSON timestamp.
    pub fn epoch_seconds_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.epoch_seconds(), self.0.rem_euclid(1000))
    }
}

/// The server's clock. It follows the system's and can be advanced by test suites, so that an
/// hourly schedule is tested in a second.
#[derive(Debug, Default)]
pub struct Clock {
    advanced_ms: AtomicI64,
}

impl Clock {
    /// A clock that shows the system's time.
    pub const fn new() -> Self {
        Self { advanced_ms: AtomicI64::new(0) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp(Self::system().0 + self.advanced_ms.load(Ordering::Relaxed))
    }

    /// The system's time, whatever this clock shows: what clients elsewhere see, too.
    #[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
    pub fn system() -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(since_epoch.as_millis() as i64)
    }

    /// Moves the clock forward for good; it never goes back.
    pub fn advance(&self, by: Duration) {
        self.advanced_ms.fetch_add(by.as_millis() as i64, Ordering::Relaxed);
    }
}
