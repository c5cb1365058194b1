//! What one variant of one endpoint does: calls by how they ended, two latencies, calls in flight.
//!
//! The names are CloudWatch's for `AWS/SageMaker`. Who records is the invocation path in
//! `hosting`; periods and alarms are made from snapshots.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use footprint::Footprint;

use super::distribution::{Distribution, Recorders};
use crate::shards::{Mine, Shards};

/// How a call of the variant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallClass {
    /// The model answered 2xx.
    Answered,
    /// The model answered 4xx.
    ClientError,
    /// The model answered 5xx.
    ServerError,
    /// The model timed out, hung up or answered with anything else than 2xx, 4xx and 5xx.
    NoAnswer,
    /// The call was refused before it reached the model: no capacity.
    Refused,
}

impl CallClass {
    /// Every class, in the order of the counters.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::ClientError, Self::ServerError, Self::NoAnswer, Self::Refused];

    /// The class that a model's HTTP status stands for.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Answered,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::NoAnswer,
        }
    }
}

/// One finished call.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// `ModelLatency`: from handing the call to the model until its answer was complete.
    pub model: Duration,
    /// `OverheadLatency`: the rest of the time between receiving the request and answering it.
    pub overhead: Duration,
    /// How it ended.
    pub class: CallClass,
}

/// The instruments of one variant. Recording is six additions or fewer, to memory that no
/// other thread writes to.
#[derive(Debug, Default)]
pub struct VariantMetrics {
    shards: Shards<Shard>,
}

/// What every call adds to comes first, in two cache lines.
#[derive(Default)]
#[repr(C)]
struct Shard {
    classes: [AtomicU64; CallClass::ALL.len()],
    /// In two's complement, for a call may end on another thread than it began on: a single shard can
    /// be below zero.
    in_flight: AtomicU64,
    latencies: Recorders<2>,
}

/// The latencies by their place in a shard.
const MODEL: usize = 0;
const OVERHEAD: usize = 1;

impl VariantMetrics {
    /// Counts one call that the model was given.
    pub fn record(&self, sample: Sample) {
        let Mine { shard, writer } = self.shards.mine();
        writer.add(&shard.classes[sample.class as usize], 1);
        shard.latencies.record([sample.model, sample.overhead], writer);
    }

    /// Counts one call that was refused before it reached the model; it has no latencies.
    pub fn refused(&self) {
        let Mine { shard, writer } = self.shards.mine();
        writer.add(&shard.classes[CallClass::Refused as usize], 1);
    }

    /// Counts a call as in flight until the guard goes.
    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight_inc();
        InFlight(self)
    }

    /// One more call in flight, for callers that cannot hold the guard of [`Self::enter`].
    pub fn in_flight_inc(&self) {
        let Mine { shard, writer } = self.shards.mine();
        writer.add(&shard.in_flight, 1);
    }

    /// One less call in flight.
    pub fn in_flight_dec(&self) {
        let Mine { shard, writer } = self.shards.mine();
        writer.add(&shard.in_flight, 1_u64.wrapping_neg());
    }

    /// Adds what leads to the memory that calls write to; that itself is each thread's own, and
    /// [`fetch`](Self::fetch) brings it.
    pub fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(self);
        self.shards.footprint(footprint);
    }

    /// Fetches what this thread writes to when a call comes.
    pub fn fetch(&self) {
        if let Some(shard) = self.shards.mine_if_any() {
            footprint::fetch(&shard.classes);
            footprint::fetch(&shard.in_flight);
            shard.latencies.fetch();
        }
    }

    /// Everything so far, merged.
    pub fn snapshot(&self) -> VariantSnapshot {
        let mut snapshot = VariantSnapshot::default();
        for shard in self.shards.iter() {
            for (total, class) in snapshot.classes.iter_mut().zip(&shard.classes) {
                *total += class.load(Relaxed);
            }
            snapshot.in_flight += shard.in_flight.load(Relaxed) as i64;
            shard.latencies.merge_into(MODEL, &mut snapshot.model);
            shard.latencies.merge_into(OVERHEAD, &mut snapshot.overhead);
        }
        snapshot
    }
}

/// Keeps a call counted as in flight.
#[derive(Debug)]
#[must_use = "the call counts as in flight only as long as this lives"]
pub struct InFlight<'a>(&'a VariantMetrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight_dec();
    }
}

/// One variant's totals at one moment. The difference of two is a CloudWatch period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantSnapshot {
    classes: [u64; CallClass::ALL.len()],
    /// Calls under way.
    pub in_flight: i64,
    /// `ModelLatency`.
    pub model: Distribution,
    /// `OverheadLatency`.
    pub overhead: Distribution,
}

impl VariantSnapshot {
    /// How many calls ended so.
    pub fn calls(&self, class: CallClass) -> u64 {
        self.classes[class as usize]
    }

    /// `Invocations`: calls of the variant, however they ended.
    pub fn invocations(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// `Invocation4XXErrors`: the model answered 4xx.
    pub fn invocation_4xx_errors(&self) -> u64 {
        self.calls(CallClass::ClientError)
    }

    /// `Invocation5XXErrors`: the model answered 5xx.
    pub fn invocation_5xx_errors(&self) -> u64 {
        self.calls(CallClass::ServerError)
    }

    /// `InvocationModelErrors`: the model gave anything but a 2xx answer, or none.
    pub fn invocation_model_errors(&self) -> u64 {
        self.calls(CallClass::ClientError)
            + self.calls(CallClass::ServerError)
            + self.calls(CallClass::NoAnswer)
    }

    /// `NoCapacityInvocationFailures`: refused before the model.
    pub fn no_capacity_failures(&self) -> u64 {
        self.calls(CallClass::Refused)
    }

    /// What happened after `earlier`, a snapshot of the same variant. `in_flight` stays as it is.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut classes = self.classes;
        for (count, before) in classes.iter_mut().zip(&earlier.classes) {
            *count = count.saturating_sub(*before);
        }
        Self {
            classes,
            in_flight: self.in_flight,
            model: self.model.since(&earlier.model),
            overhead: self.overhead.since(&earlier.overhead),
        }
    }
}
