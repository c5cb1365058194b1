//! What one variant of one endpoint does: calls by how they ended, two latencies, calls in flight.
//!
//! The names are CloudWatch's for `AWS/SageMaker`. Who records is the invocation path in
//! `hosting`; periods and alarms are made from snapshots.

use std::{
    iter,
    mem::offset_of,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use footprint::Footprint;

use super::{
    distribution::{Distribution, Recorders},
    pending::Pending,
};
use crate::shards::{Mine, Shards, Writer};

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

/// The instruments of one variant. Recording is a word put down in memory that no other thread
/// writes to, and once in several calls what that adds up to, in more of it.
#[derive(Debug, Default)]
pub struct VariantMetrics {
    shards: Shards<Shard>,
}

/// What most calls touch comes first, in two cache lines.
#[derive(Default)]
#[repr(C)]
struct Shard {
    /// In two's complement, for a call may end on another thread than it began on: a single shard can
    /// be below zero.
    in_flight: AtomicU64,
    /// The last calls of a thread that is alone, as [`Packed`].
    pending: Pending,
    classes: [AtomicU64; CallClass::ALL.len()],
    latencies: Recorders<LATENCIES>,
}

const _: () = assert!(offset_of!(Shard, classes) == 2 * 64, "most calls touch two cache lines");

/// The latencies by their place in a shard.
const MODEL: usize = 0;
const OVERHEAD: usize = 1;
const LATENCIES: usize = 2;

/// What is counted of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    class: usize,
    latencies_ns: [u64; LATENCIES],
}

/// A call in one word: both latencies in nanoseconds, for which 30 bits do below a second, and over
/// them its class.
struct Packed(u64);

impl VariantMetrics {
    /// Counts one call that the model was given.
    pub fn record(&self, sample: Sample) {
        let Mine { shard, writer } = self.shards.mine();
        match writer {
            Writer::Alone => shard.record_alone(sample),
            Writer::OneOfSeveral => shard.record_among_others(sample),
        }
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
        self.shards.footprint(footprint);
    }

    /// Fetches what this thread writes to when a call comes.
    pub fn fetch(&self) {
        if let Some(shard) = self.shards.mine_if_any() {
            // The words fill all of two lines but what `in_flight` takes of the first.
            footprint::fetch(&shard.pending);
        }
    }

    /// Everything so far, merged. Of calls that are being recorded meanwhile each is in it whole or
    /// not at all, unless more threads record than have memory of their own.
    pub fn snapshot(&self) -> VariantSnapshot {
        let mut snapshot = VariantSnapshot::default();
        for shard in self.shards.iter() {
            snapshot.add(&shard.snapshot());
        }
        snapshot
    }
}

impl Shard {
    fn record_alone(&self, sample: Sample) {
        let is_put = Packed::of(sample).is_some_and(|Packed(word)| self.pending.put(word));
        if !is_put {
            self.settle_with(Counted::of(sample));
        }
    }

    /// Counts the calls that were put down, and one more.
    #[inline(never)]
    fn settle_with(&self, last: Counted) {
        self.pending.settle(|words| {
            // One loop, which a chain of both would not be compiled to.
            let call = |place| words.get(place).map_or(last, Packed::load);
            self.count((0..=words.len()).map(call), Writer::Alone);
        });
    }

    #[inline(never)]
    fn record_among_others(&self, sample: Sample) {
        self.count(iter::once(Counted::of(sample)), Writer::OneOfSeveral);
    }

    fn count(&self, calls: impl Iterator<Item = Counted>, writer: Writer) {
        let latencies_ns = calls.map(|Counted { class, latencies_ns }| {
            writer.add(&self.classes[class], 1);
            latencies_ns
        });
        self.latencies.record(latencies_ns, writer);
    }

    fn snapshot(&self) -> VariantSnapshot {
        self.pending.read(|words, snapshot: &mut VariantSnapshot| {
            for (total, class) in snapshot.classes.iter_mut().zip(&self.classes) {
                *total = class.load(Relaxed);
            }
            snapshot.in_flight = self.in_flight.load(Relaxed) as i64;
            self.latencies.merge_into(MODEL, &mut snapshot.model);
            self.latencies.merge_into(OVERHEAD, &mut snapshot.overhead);
            words.iter().map(Packed::load).for_each(|call| snapshot.count(call));
        })
    }
}

impl Counted {
    fn of(Sample { model, overhead, class }: Sample) -> Self {
        let ns = |latency: Duration| u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let mut latencies_ns = [0; LATENCIES];
        (latencies_ns[MODEL], latencies_ns[OVERHEAD]) = (ns(model), ns(overhead));
        Self { class: class as usize, latencies_ns }
    }
}

impl Packed {
    const LATENCY_BITS: u32 = 30;
    const LATENCY_MASK: u64 = (1 << Self::LATENCY_BITS) - 1;

    /// None, if a latency is a second or more.
    fn of(Sample { model, overhead, class }: Sample) -> Option<Self> {
        let is_short = model.as_secs() | overhead.as_secs() == 0;
        is_short.then(|| {
            let [model_ns, overhead_ns] = [model, overhead].map(|d| u64::from(d.subsec_nanos()));
            let over_model = (class as u64) << Self::LATENCY_BITS | overhead_ns;
            Self(over_model << Self::LATENCY_BITS | model_ns)
        })
    }

    fn load(word: &AtomicU64) -> Counted {
        let word = word.load(Relaxed);
        let over_model = word >> Self::LATENCY_BITS;
        let mut latencies_ns = [0; LATENCIES];
        latencies_ns[MODEL] = word & Self::LATENCY_MASK;
        latencies_ns[OVERHEAD] = over_model & Self::LATENCY_MASK;
        Counted { class: (over_model >> Self::LATENCY_BITS) as usize, latencies_ns }
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

    fn add(&mut self, other: &Self) {
        for (total, class) in self.classes.iter_mut().zip(&other.classes) {
            *total += class;
        }
        self.in_flight += other.in_flight;
        self.model.add(&other.model);
        self.overhead.add(&other.overhead);
    }

    fn count(&mut self, Counted { class, latencies_ns }: Counted) {
        self.classes[class] += 1;
        self.model.count_ns(latencies_ns[MODEL]);
        self.overhead.count_ns(latencies_ns[OVERHEAD]);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicBool, Ordering::Relaxed},
        },
        thread,
    };

    use proptest::prelude::*;

    use super::*;

    /// One of a sequence of samples, of which some are too long to be put down.
    fn nth(n: u64) -> Sample {
        let step_ns = if n.is_multiple_of(61) { 1_000_000_000 } else { 10 };
        Sample {
            model: Duration::from_nanos(3_000 + n % 97 * step_ns),
            overhead: Duration::from_nanos(n % 1_009),
            class: CallClass::ALL[(n % 4) as usize],
        }
    }

    /// The first so many samples of the sequence, as a snapshot has them.
    #[derive(Default)]
    struct Prefix {
        len: u64,
        snapshot: VariantSnapshot,
    }

    impl Prefix {
        fn extend_to(&mut self, len: u64) {
            assert!(len >= self.len, "{len} after {}", self.len);
            (self.len..len).for_each(|n| self.snapshot.count(Counted::of(nth(n))));
            self.len = len;
        }
    }

    /// Tells the writers to stop, however the test ends.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }

    /// Records the sequence until told to stop. Whoever has the mutex is the one writer.
    fn write(shard: &Shard, next: &Mutex<u64>, stopped: &AtomicBool) {
        while !stopped.load(Relaxed) {
            let mut next = next.lock().expect("no writer failed");
            // Fewer than are settled together, and no divisor of them.
            for _ in 0..11 {
                shard.record_alone(nth(*next));
                *next += 1;
            }
        }
    }

    #[test]
    fn every_snapshot_is_a_prefix_of_what_the_writers_of_a_shard_recorded_in_turn() {
        for writers in [1, 3] {
            let (shard, next, stopped) = (Shard::default(), Mutex::new(0), AtomicBool::new(false));
            let mut expected = Prefix::default();
            thread::scope(|scope| {
                let _stop = Stop(&stopped);
                (0..writers).for_each(|_| _ = scope.spawn(|| write(&shard, &next, &stopped)));
                for _ in 0..2_000 {
                    let snapshot = shard.snapshot();
                    expected.extend_to(snapshot.invocations());
                    assert_eq!(snapshot, expected.snapshot, "the first {}", expected.len);
                }
            });
            expected.extend_to(next.into_inner().expect("no writer failed"));
            assert_eq!(shard.snapshot(), expected.snapshot);
        }
    }

    fn any_latency() -> impl Strategy<Value = Duration> {
        let edges_ns = [0, 1, 15, 16, 999_999_999, 1_000_000_000, 1 << 40, 1 << 50];
        let ns = prop_oneof![prop::sample::select(edges_ns.to_vec()), 0_u64..3_000_000_000];
        ns.prop_map(Duration::from_nanos)
    }

    prop_compose! {
        fn any_sample()(
            model in any_latency(),
            overhead in any_latency(),
            class in prop::sample::select(CallClass::ALL.to_vec()),
        ) -> Sample {
            Sample { model, overhead, class }
        }
    }

    proptest! {
        #[test]
        fn what_is_put_down_counts_as_what_is_not(
            samples in prop::collection::vec(any_sample(), 1..60),
        ) {
            let [alone, among_others] = [(); 2].map(|()| Shard::default());
            for sample in samples {
                alone.record_alone(sample);
                among_others.record_among_others(sample);
                prop_assert_eq!(alone.snapshot(), among_others.snapshot());
            }
        }
    }
}
