//! How often somebody may call: a steady rate after a burst, kept in one number.
//!
//! It is the generic cell rate algorithm (ITU-T I.371): what is remembered is when all calls so far
//! would be due if they had come at the allowed rate.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallRate {
    /// Calls a second, in the long run.
    pub per_second: f64,
    /// Calls that may come at once after a pause; at least one may.
    pub burst: u32,
}

/// The calls of one who is held to a rate.
#[derive(Debug, Default)]
pub struct Pacer {
    due_ns: AtomicU64,
}

impl Pacer {
    /// Takes one call at `now_ns`, in nanoseconds since some origin; if there is none left, says
    /// in what time there will be. Costs one atomic exchange.
    pub fn take(&self, rate: CallRate, now_ns: u64) -> Result<(), Duration> {
        let between_ns = (1e9 / rate.per_second) as u64;
        let ahead_ns = between_ns * u64::from(rate.burst.max(1));
        let due = |due: u64| {
            let next = due.max(now_ns) + between_ns;
            (next <= now_ns + ahead_ns).then_some(next)
        };
        let taken = self.due_ns.fetch_update(Relaxed, Relaxed, due);
        let wait = |due_ns| Duration::from_nanos(due_ns + between_ns - now_ns - ahead_ns);
        taken.map(drop).map_err(wait)
    }

    /// Whether it has called so lately that to forget it would let it off.
    pub fn is_ahead(&self, now_ns: u64) -> bool {
        self.due_ns.load(Relaxed) > now_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_at_the_rate_after_a_burst() {
        let pacer = Pacer::default();
        let at = |ms: u64| pacer.take(CallRate { per_second: 10.0, burst: 3 }, ms * 1_000_000);
        for _ in 0..3 {
            assert_eq!(at(1000), Ok(()));
        }
        assert_eq!(at(1000), Err(Duration::from_millis(100)));
        assert_eq!(at(1099), Err(Duration::from_millis(1)));
        assert!(pacer.is_ahead(1_099_000_000));
        assert_eq!(at(1100), Ok(()));
        assert_eq!(at(1101), Err(Duration::from_millis(99)));
        for _ in 0..3 {
            assert_eq!(at(9000), Ok(()));
        }
        assert!(at(9000).is_err(), "a pause gives no more than a burst");
        assert!(!pacer.is_ahead(9_300_000_000));
    }
}
