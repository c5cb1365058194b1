//! The watch of one thread over its connections: how long each has been where it is, and what is
//! too long. One timer for all of them, so that no request starts or stops one of its own.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use telemetry::Limit;

use super::line::{Line, Phase};

/// How often the connections are looked at; a time limit may be exceeded by so much.
const ROUND: Duration = Duration::from_millis(250);
/// A connection that is idle for so long rests: it gives its buffers back.
const REST_AFTER: Duration = Duration::from_secs(2);
/// How long the end of a refused connection waits for the client's.
const LINGER: Duration = Duration::from_secs(2);

/// For how long the server waits for a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the next request.
    pub(crate) idle: Duration,
    /// For all of a request's head.
    pub(crate) head: Duration,
    /// For `stall_bytes_min` more bytes of an answer to be taken.
    pub(crate) stall: Duration,
    /// See `stall`.
    pub(crate) stall_bytes_min: u64,
}

/// The connections of one thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Vec<Entry>>>);

/// A connection, and what was seen of it.
#[derive(Debug)]
struct Entry {
    line: Weak<Line>,
    step: u32,
    /// When that step was first seen.
    since: Instant,
    /// When the client last had taken enough, and all that had moved until then.
    fed: Instant,
    fed_bytes: u64,
}

/// What is to be done about a connection that takes too long.
#[derive(Debug, PartialEq)]
enum Verdict {
    Wait,
    Cut(Option<Limit>),
}

impl Watch {
    /// Watches over a connection from now on, until it is dropped.
    pub(super) fn over(&self, line: &Arc<Line>) {
        let now = Instant::now();
        let (_, step) = line.step();
        let line = Arc::downgrade(line);
        self.entries().push(Entry { line, step, since: now, fed: now, fed_bytes: 0 });
    }

    /// Tells every connection to end after its call.
    pub(super) fn stop(&self) {
        for entry in self.entries().iter() {
            if let Some(line) = entry.line.upgrade() {
                line.stop();
            }
        }
    }

    /// Cuts off who takes too long, for ever. `enforced` is told why, each time.
    pub(super) async fn keep(&self, patience: Patience, enforced: impl Fn(Limit)) {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            self.round(patience, Instant::now(), &enforced);
        }
    }

    fn round(&self, patience: Patience, now: Instant, enforced: impl Fn(Limit)) {
        self.entries().retain_mut(|entry| {
            let Some(line) = entry.line.upgrade() else { return false };
            match entry.judge(&line, patience, now) {
                Verdict::Wait => true,
                Verdict::Cut(limit) => {
                    line.cut();
                    limit.inspect(|limit| enforced(*limit));
                    false
                }
            }
        });
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn judge(&mut self, line: &Line, patience: Patience, now: Instant) -> Verdict {
        let (phase, step) = line.step();
        if step != self.step {
            (self.step, self.since) = (step, now);
        }
        // An answer may wait in the connection's buffer after its call is over.
        if line.is_blocked() {
            return self.judge_pace(line.moved_bytes(), patience, now);
        }
        (self.fed, self.fed_bytes) = (now, line.moved_bytes());
        let (allowed, limit) = match phase {
            Phase::Idle => (patience.idle, Some(Limit::IdleTimeout)),
            Phase::Head => (patience.head, Some(Limit::HeadTimeout)),
            Phase::Ending => (LINGER, None),
            Phase::Call => return Verdict::Wait,
        };
        let waited = now - self.since;
        if phase == Phase::Idle && waited >= REST_AFTER {
            line.rest();
        }
        if waited < allowed { Verdict::Wait } else { Verdict::Cut(limit) }
    }

    /// The client owes us progress: in each window of time it must take so many bytes.
    fn judge_pace(&mut self, moved_bytes: u64, patience: Patience, now: Instant) -> Verdict {
        if moved_bytes - self.fed_bytes >= patience.stall_bytes_min {
            (self.fed, self.fed_bytes) = (now, moved_bytes);
        }
        if now - self.fed < patience.stall {
            return Verdict::Wait;
        }
        Verdict::Cut(Some(Limit::StallTimeout))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_secs(10),
        head: Duration::from_secs(3),
        stall: Duration::from_secs(5),
        stall_bytes_min: 100,
    };

    struct Rounds {
        watch: Watch,
        line: Arc<Line>,
        start: Instant,
        enforced: RefCell<Vec<Limit>>,
    }

    impl Rounds {
        fn new() -> Self {
            let (watch, line) = (Watch::default(), Arc::new(Line::new(None)));
            watch.over(&line);
            let start = Instant::now();
            Self { watch, line, start, enforced: RefCell::default() }
        }

        /// Whether the connection lives after the round at that second.
        fn lives_at(&self, second: u64) -> bool {
            let now = self.start + Duration::from_secs(second);
            self.watch.round(PATIENCE, now, |limit| self.enforced.borrow_mut().push(limit));
            !self.line.is_cut()
        }
    }

    #[test]
    fn idle_connections_have_their_time() {
        let rounds = Rounds::new();
        assert!(rounds.lives_at(9));
        assert!(!rounds.lives_at(11));
        assert_eq!(*rounds.enforced.borrow(), [Limit::IdleTimeout]);
        rounds.lives_at(12);
        assert_eq!(rounds.enforced.borrow().len(), 1, "once is enough");
    }

    #[test]
    fn who_is_idle_rests_until_the_next_byte() {
        let rounds = Rounds::new();
        rounds.lives_at(1);
        assert!(!rounds.line.rests());
        rounds.lives_at(2);
        assert!(rounds.line.rests());
        rounds.line.received(b"P", 100);
        let call = rounds.line.begin_call();
        drop(call);
        assert!(!rounds.line.rests(), "it has just been busy");
        rounds.lives_at(3);
        rounds.lives_at(5);
        assert!(rounds.line.rests());
        rounds.line.blocked();
        assert!(!rounds.line.rests(), "its answer is still to be taken");
    }

    #[test]
    fn a_head_has_its_time_however_it_trickles() {
        let rounds = Rounds::new();
        rounds.line.received(b"P", 100);
        assert!(rounds.lives_at(8), "the time begins with the first byte, not with the wait");
        rounds.line.received(b"O", 100);
        assert!(rounds.lives_at(10));
        rounds.line.received(b"S", 100);
        assert!(!rounds.lives_at(12));
        assert_eq!(*rounds.enforced.borrow(), [Limit::HeadTimeout]);
    }

    #[test]
    fn a_call_may_take_its_time() {
        let rounds = Rounds::new();
        rounds.line.received(b"P", 100);
        let _call = rounds.line.begin_call();
        assert!(rounds.lives_at(1));
        assert!(rounds.lives_at(10_000));
    }

    #[test]
    fn an_answer_must_be_taken_at_a_pace() {
        let rounds = Rounds::new();
        let _call = rounds.line.begin_call();
        rounds.line.blocked();
        assert!(rounds.lives_at(4));
        rounds.line.sent(100);
        rounds.line.blocked();
        assert!(rounds.lives_at(5), "enough was taken");
        rounds.line.sent(99);
        rounds.line.blocked();
        assert!(rounds.lives_at(9));
        assert!(!rounds.lives_at(10), "one byte too few");
        assert_eq!(*rounds.enforced.borrow(), [Limit::StallTimeout]);
    }

    #[test]
    fn closed_connections_are_forgotten() {
        let Rounds { watch, line, start, .. } = Rounds::new();
        drop(line);
        watch.round(PATIENCE, start, |_| {});
        assert!(watch.entries().is_empty());
    }
}
