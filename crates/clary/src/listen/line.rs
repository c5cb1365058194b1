//! What is known of one connection while it is open: where it stands, what moved, and what it was
//! told. Its stream writes it, its calls mark their beginning and end, the watch reads it.
//!
//! A connection lives on one thread, but for the end of an answer that another thread drops; the
//! atomics are there so that the parts can share it, and cost what plain integers do.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicU32, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::{Context, Poll, Waker},
};

use super::clients::ClientGuard;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of the next request has come.
    Idle,
    /// A part of a request's head has come.
    Head,
    /// A request is worked on or answered.
    Call,
    /// We have said all; the client may still be sending.
    Ending,
}

const PHASES: [Phase; 4] = [Phase::Idle, Phase::Head, Phase::Call, Phase::Ending];

/// What a connection was told.
const NOTHING: u8 = 0;
/// To end after the call that it works on.
const STOP: u8 = 1;
/// To end now.
const CUT: u8 = 2;

/// A head of more bytes than this is not remembered in memory of its own while nobody needs it.
const HEAD_KEPT_BYTES: usize = 4096;

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The phase in the two lowest bits, and above them how often it changed.
    step: AtomicU32,
    moved_bytes: AtomicU64,
    is_blocked: AtomicBool,
    lingers: AtomicBool,
    told: AtomicU8,
    /// Whether it has been idle for so long that it should keep no more than it must.
    rests: AtomicBool,
    waker: OnceLock<Waker>,
    head: Mutex<Vec<u8>>,
    /// Whether no call has begun since the head's first bytes.
    head_is_latest: AtomicBool,
    client: Option<ClientGuard>,
}

impl Line {
    /// A connection of `client`, as far as clients are told apart.
    pub(super) fn new(client: Option<ClientGuard>) -> Self {
        Self { client, ..Self::default() }
    }

    pub(super) fn client(&self) -> Option<&ClientGuard> {
        self.client.as_ref()
    }

    /// The phase, and a number that no two visits of a phase share.
    pub(super) fn step(&self) -> (Phase, u32) {
        let step = self.step.load(Relaxed);
        (PHASES[step as usize & 3], step)
    }

    pub(super) fn phase(&self) -> Phase {
        self.step().0
    }

    fn enter(&self, phase: Phase) {
        let (_, step) = self.step();
        self.step.store((step & !3).wrapping_add(4) | phase as u32, Relaxed);
    }

    /// Bytes that went either way so far.
    pub(super) fn moved_bytes(&self) -> u64 {
        self.moved_bytes.load(Relaxed)
    }

    fn moved(&self, bytes: usize) {
        self.moved_bytes.store(self.moved_bytes() + bytes as u64, Relaxed);
    }

    /// Whether an answer waits until the client takes it.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Relaxed)
    }

    /// Notes what the client sent; at most `head_bytes_max` of a head are remembered.
    pub(super) fn received(&self, bytes: &[u8], head_bytes_max: usize) {
        self.moved(bytes.len());
        let phase = self.phase();
        if bytes.is_empty() || !matches!(phase, Phase::Idle | Phase::Head) {
            return;
        }
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if phase == Phase::Idle {
            self.rests.store(false, Relaxed);
            head.clear();
            head.shrink_to(HEAD_KEPT_BYTES);
            self.head_is_latest.store(true, Relaxed);
            self.enter(Phase::Head);
        }
        let room = head_bytes_max.saturating_sub(head.len());
        head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Notes that the client took bytes of an answer.
    pub(super) fn sent(&self, bytes: usize) {
        self.moved(bytes);
        self.is_blocked.store(false, Relaxed);
    }

    /// Notes that the client takes no more bytes for now.
    pub(super) fn blocked(&self) {
        self.is_blocked.store(true, Relaxed);
    }

    /// Notes that a request's head is complete. The call ends with the guard.
    pub(super) fn begin_call(self: &Arc<Self>) -> CallGuard {
        self.enter(Phase::Call);
        CallGuard(Arc::clone(self))
    }

    /// Notes that the head of the call is of no more use.
    pub(super) fn pass_head(&self) {
        self.head_is_latest.store(false, Relaxed);
    }

    /// Whether `look` finds what it looks for in the head of the call that has just begun, as it
    /// came; to be asked at most once a call. False if the head came together with an earlier
    /// call, because then its beginning is not known.
    pub(super) fn head_has(&self, look: impl FnOnce(&[u8]) -> bool) -> bool {
        self.head_is_latest.load(Relaxed)
            && look(&self.head.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the end should wait for the client: one that was refused may still be sending, and
    /// a connection closed upon unread bytes takes the answer with it.
    pub(super) fn linger(&self, yes: bool) {
        self.lingers.store(yes, Relaxed);
    }

    /// Notes that we have said all; whether to wait for the client's end.
    pub(super) fn end(&self) -> bool {
        let head = self.phase() == Phase::Head;
        self.enter(Phase::Ending);
        head || self.lingers.load(Relaxed)
    }

    /// Tells a connection that is idle to keep no more memory than it must until the next byte comes.
    pub(super) fn rest(&self) {
        if !self.rests.swap(true, Relaxed) {
            self.wake();
        }
    }

    /// Whether the connection should rest, which it can between two calls only.
    pub(super) fn rests(&self) -> bool {
        self.rests.load(Relaxed) && self.phase() == Phase::Idle && !self.is_blocked()
    }

    /// Forgets the last head; the next one gets memory of its own again.
    pub(super) fn forget_head(&self) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }

    /// Ends the connection after the call that it works on.
    pub(super) fn stop(&self) {
        // Of two words the stronger stays.
        self.told.fetch_max(STOP, SeqCst);
        self.wake();
    }

    /// Ends the connection now.
    pub(super) fn cut(&self) {
        self.told.fetch_max(CUT, SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn must_stop(&self) -> bool {
        self.told.load(SeqCst) != NOTHING
    }

    pub(super) fn is_cut(&self) -> bool {
        self.told.load(SeqCst) == CUT
    }

    /// To be called with the context of every poll of the connection's task, whose waker is one
    /// and the same for all its life.
    pub(super) fn hear(&self, cx: &Context<'_>) {
        self.waker.get_or_init(|| cx.waker().clone());
    }

    /// Waits for `wanted`; none if the connection is to end first.
    pub(super) async fn unless_stopped<T>(&self, wanted: impl Future<Output = T>) -> Option<T> {
        let mut wanted = std::pin::pin!(wanted);
        std::future::poll_fn(|cx| {
            self.hear(cx);
            match wanted.as_mut().poll(cx) {
                Poll::Ready(got) => Poll::Ready(Some(got)),
                Poll::Pending if self.must_stop() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// A call under way, until its answer was handed over or nobody wants it any more.
#[derive(Debug)]
pub(super) struct CallGuard(Arc<Line>);

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.0.phase() == Phase::Call {
            self.0.enter(Phase::Idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_goes_from_head_to_call_and_back() {
        let line = Arc::new(Line::new(None));
        assert_eq!(line.phase(), Phase::Idle);
        line.received(b"", 100);
        assert_eq!(line.phase(), Phase::Idle, "the end of a stream is no head");
        line.received(b"POST", 100);
        let first = line.step();
        assert_eq!(first.0, Phase::Head);
        let call = line.begin_call();
        line.received(b"body", 100);
        assert_eq!(line.phase(), Phase::Call);
        drop(call);
        assert_eq!(line.phase(), Phase::Idle);
        line.received(b"GET", 100);
        assert_eq!(line.phase(), Phase::Head);
        assert_ne!(line.step(), first, "two visits of a phase are told apart");
        assert_eq!(line.moved_bytes(), 11);
    }

    #[test]
    fn a_head_is_remembered_for_its_own_call_only() {
        let line = Arc::new(Line::new(None));
        line.received(b"POST / HT", 12);
        line.received(b"TP/1.1", 12);
        let call = line.begin_call();
        assert!(line.head_has(|head| head == b"POST / HTTP/"), "no more than asked for");
        line.pass_head();
        drop(call);
        let pipelined = line.begin_call();
        assert!(!line.head_has(|_| true), "it was another call's");
        drop(pipelined);
        line.received(b"GET", 12);
        assert!(line.head_has(|head| head == b"GET"));
    }

    #[test]
    fn of_two_words_the_stronger_stays() {
        let line = Line::new(None);
        assert!(!line.must_stop());
        line.cut();
        line.stop();
        assert!(line.must_stop() && line.is_cut());
    }
}
