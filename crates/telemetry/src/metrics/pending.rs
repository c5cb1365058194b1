//! The last few words that one thread put down, in the two cache lines that it touches anyway, to be
//! settled together later where that is dear; and how readers see both as one. What the words mean
//! and where they are settled is the caller's.
//!
//! It is a sequence lock: while the one writer settles, its state says so, and afterwards it is
//! another state, so that a reader knows whether all that it read was of one moment, and reads again
//! if it was not. The writer waits for nobody and needs no locked instruction.

use std::{
    array, hint,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
    thread,
};

/// As many as fit into two lines of 64 bytes with the state and one word more.
const WORDS: usize = 14;

/// How many words there are, in the low bits of the state; above them is the count of settlements.
const COUNT_BITS: u32 = 4;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// In place of the count, while they are being settled.
const SETTLING: u64 = COUNT_MASK;

/// How often a reader tries before it leaves the core to the writer, who may need it to go on.
const TRIES_BEFORE_YIELDING: usize = 32;

/// Words of one writer at a time. It may be another thread later, if something else, like a mutex
/// that both took, has put one after the other.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Pending {
    state: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl Pending {
    /// Puts down a word, unless there is no room. For the one writer.
    pub(super) fn put(&self, word: u64) -> bool {
        // Nobody else changes it.
        let state = self.state.load(Relaxed);
        let Some(place) = self.words.get((state & COUNT_MASK) as usize) else {
            return false;
        };
        // Who sees the word and has a fence after that sees that what was here before is settled,
        // even if that was another thread's work.
        place.store(word, Release);
        // Who sees the count sees the words.
        self.state.store(state + 1, Release);
        true
    }

    /// Has all words settled: once `settle`, which must not panic, has returned, there are none. For
    /// the one writer.
    pub(super) fn settle(&self, settle: impl FnOnce(&[AtomicU64])) {
        let state = self.state.load(Relaxed);
        self.state.store(state | SETTLING, Relaxed);
        // Who sees any of what `settle` stores and has a fence after that sees that this began.
        fence(Release);
        settle(self.words_of(state));
        // Who sees that it ended sees all of it.
        self.state.store((state | COUNT_MASK).wrapping_add(1), Release);
    }

    /// What `read` makes, of the words and of what others were settled into, at one moment. It may
    /// be called more than once, each time to begin anew. For anybody.
    pub(super) fn read<R: Default>(&self, read: impl Fn(&[AtomicU64], &mut R)) -> R {
        let mut tries = 0;
        loop {
            let mut made = R::default();
            if self.try_read(|words| read(words, &mut made)) {
                return made;
            }
            tries += 1;
            if tries % TRIES_BEFORE_YIELDING == 0 { thread::yield_now() } else { hint::spin_loop() }
        }
    }

    /// Whether what was read was of one moment.
    fn try_read(&self, read: impl FnOnce(&[AtomicU64])) -> bool {
        // With it comes all that was stored before it, so that nothing read is older.
        let state = self.state.load(Acquire);
        if is_settling(state) {
            return false;
        }
        read(self.words_of(state));
        // If anything read was newer, the load that follows is not of the same settlement; see
        // `settle` and `put`. Words that were put down meanwhile were not looked at, and do no harm.
        fence(Acquire);
        let now = self.state.load(Relaxed);
        !is_settling(now) && now >> COUNT_BITS == state >> COUNT_BITS
    }

    fn words_of(&self, state: u64) -> &[AtomicU64] {
        &self.words[..(state & COUNT_MASK) as usize]
    }
}

fn is_settling(state: u64) -> bool {
    state & COUNT_MASK == SETTLING
}

impl Default for Pending {
    fn default() -> Self {
        Self { state: AtomicU64::new(0), words: array::from_fn(|_| AtomicU64::new(0)) }
    }
}
