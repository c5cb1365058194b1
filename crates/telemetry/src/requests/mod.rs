//! The ways of the last requests, for whoever asks why one of them went as it did.
//!
//! Whoever answers requests carries a [`Trail`] along, enters a [`Phase`] where one begins, and
//! in the end hands both to [`Requests::keep`]. Each thread that answers has rings of its own.
//! Requests that failed have another one than those answered well, so that many good calls do not
//! wash away the one bad call that somebody will ask about. What the phases are of, and how a
//! record looks to people, is left to the callers.

mod record;
mod rest;
mod ring;
mod text;
mod trail;

use std::cmp::Reverse;

pub use record::{Blame, Fleet, RequestFailure, RequestRecord};
pub use rest::RestCall;
use ring::Ring;
pub use trail::{Phase, Trail};

use crate::shards::Shards;

/// A request whose answer is known.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// The id that the client got.
    pub id: &'a str,
    /// The service's name, as SDKs have it.
    pub service: &'static str,
    /// The operation's name.
    pub operation: &'static str,
    /// The HTTP status that the client got.
    pub status: u16,
    /// Who and what it is about.
    pub names: Names<'a>,
    /// The way that it took.
    pub trail: &'a Trail,
    /// Why it failed, if it did.
    pub failure: Option<Failure<'a>>,
    /// What it went through in the gateway, if it is a call of a deployed REST API.
    pub rest: Option<RestCall<'a>>,
}

/// Who and what a request is about; what is not known is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The access key that it was signed with, or claims to be.
    pub caller: &'a str,
    /// The endpoint, path or whatever else it asks for.
    pub resource: &'a str,
    /// The variant that it was routed to.
    pub variant: &'a str,
    /// The model that the variant serves.
    pub model: &'a str,
    /// Which of two fleets the variant is of, if there were two.
    pub fleet: Option<Fleet>,
}

/// Why a request failed; its phase is that of [`Trail::fail`].
pub type Failure<'a> = RequestFailure<'a>;

/// The last requests.
#[derive(Debug, Default)]
pub struct Requests {
    threads: Shards<Rings>,
}

#[derive(Debug, Default)]
struct Rings {
    answered: Ring,
    failed: Ring,
}

impl Requests {
    /// So many of each thread's requests are kept, of those that failed and of the others.
    pub const KEPT_PER_THREAD: usize = ring::KEPT;

    /// Keeps a request, in place of the oldest of its kind. It neither waits nor allocates, but
    /// for the first ones of a thread and the first of a REST API in each place.
    pub fn keep(&self, answered: &Answered<'_>) {
        let rings = self.threads.mine().shard;
        let ring = if answered.failure.is_some() { &rings.failed } else { &rings.answered };
        ring.keep(answered);
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        for rings in self.threads.iter() {
            rings.answered.clear();
            rings.failed.clear();
        }
    }

    /// The request that a client knows by that id, if it is still kept.
    pub fn find(&self, id: &str) -> Option<RequestRecord> {
        let rings = self.threads.iter().flat_map(|rings| [&rings.failed, &rings.answered]);
        rings
            .flat_map(Ring::records)
            .find(|record| record.is_known_as(id))
            .map(|record| record.clone())
    }

    /// The last requests, at most `count`, the latest first; of those that failed only, if told so.
    pub fn latest(&self, count: usize, failed_only: bool) -> Vec<RequestRecord> {
        let rings = self.threads.iter().flat_map(|rings| {
            let answered = (!failed_only).then_some(&rings.answered);
            answered.into_iter().chain([&rings.failed])
        });
        let mut records: Vec<_> =
            rings.flat_map(Ring::records).map(|record| record.clone()).collect();
        records.sort_unstable_by_key(|record| Reverse(record.arrived()));
        records.truncate(count);
        records
    }
}
