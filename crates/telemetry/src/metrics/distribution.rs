//! Distributions of durations: log-linear buckets over nanoseconds, in bounded memory.
//!
//! Below 16 ns every value has its own bucket; above, each power of two is cut into 16 equal
//! parts. A quantile is therefore off by at most 1/32 (3.2 %). The layout follows
//! `HdrHistogram`'s idea (hdrhistogram.org) with a fixed precision.

use std::{
    array, fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use once_cell::race::OnceBox;

use crate::shards::Writer;

const PARTS_BITS: u32 = 4;
const PARTS: usize = 1 << PARTS_BITS;
/// Values of 2^40 ns (18 minutes) and more share the last bucket.
const EXPONENT_MAX: u32 = 39;
const BUCKETS: usize = PARTS + (EXPONENT_MAX - PARTS_BITS + 1) as usize * PARTS;

/// The bucket that counts `ns`.
fn bucket_of(ns: u64) -> usize {
    // Below the first power that is cut, nothing is shifted out.
    let shift = (ns | PARTS as u64).ilog2() - PARTS_BITS;
    // What is left is the part, and `PARTS` more, unless the value has its own bucket.
    let bucket = ((shift as usize) << PARTS_BITS) + (ns >> shift) as usize;
    bucket.min(BUCKETS - 1)
}

/// The least value of a bucket, in nanoseconds.
fn bucket_floor(bucket: usize) -> u64 {
    if bucket < PARTS {
        return bucket as u64;
    }
    let shift = (bucket - PARTS) / PARTS;
    let part = (bucket - PARTS) % PARTS;
    ((PARTS + part) as u64) << shift
}

/// The value that stands for a bucket: its middle.
fn bucket_middle(bucket: usize) -> u64 {
    let floor = bucket_floor(bucket);
    floor + (bucket_floor(bucket + 1) - floor) / 2
}

/// The buckets of one power of two.
type Octave = [AtomicU64; PARTS];

/// `N` distributions that one event adds to, each its own duration, recorded by one or more threads.
/// Of each power of two the places of all distributions lie together.
#[repr(C)]
pub(super) struct Recorders<const N: usize> {
    totals: [Totals; N],
    /// Made when something first falls into one. What one variant takes keeps to a few of them, and
    /// there are recorders for each variant on each thread.
    octaves: [[OnceBox<Octave>; N]; BUCKETS / PARTS],
}

/// What is kept of a distribution besides its buckets.
struct Totals {
    sum_ns: AtomicU64,
    /// `u64::MAX` until something was recorded.
    min_ns: AtomicU64,
    max_ns: AtomicU64,
}

/// What some events add to the totals of a distribution.
#[derive(Clone, Copy)]
struct Added {
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
}

impl<const N: usize> Recorders<N> {
    /// Counts events by their durations: of each its buckets, and the totals once for all.
    pub(super) fn record(&self, events_ns: impl Iterator<Item = [u64; N]>, writer: Writer) {
        let mut added = [Added::NOTHING; N];
        for event_ns in events_ns {
            for (which, ns) in event_ns.into_iter().enumerate() {
                writer.add(self.bucket(which, ns), 1);
                added[which].add(ns);
            }
        }
        for (totals, added) in self.totals.iter().zip(added) {
            totals.add(added, writer);
        }
    }

    fn bucket(&self, which: usize, ns: u64) -> &AtomicU64 {
        let bucket = bucket_of(ns);
        &self.octaves[bucket / PARTS][which].get_or_init(Box::default)[bucket % PARTS]
    }

    /// Adds what was recorded so far of one distribution to `into`.
    pub(super) fn merge_into(&self, which: usize, into: &mut Distribution) {
        for (totals, octaves) in into.buckets.chunks_exact_mut(PARTS).zip(&self.octaves) {
            let octave = octaves[which].get().into_iter().flatten();
            for (total, bucket) in totals.iter_mut().zip(octave) {
                *total += bucket.load(Relaxed);
            }
        }
        self.totals[which].merge_into(into);
    }
}

impl Added {
    const NOTHING: Self = Self { sum_ns: 0, min_ns: u64::MAX, max_ns: 0 };

    fn add(&mut self, ns: u64) {
        self.sum_ns = self.sum_ns.wrapping_add(ns);
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
    }
}

impl Totals {
    /// The extremes are written to only when they move.
    fn add(&self, added: Added, writer: Writer) {
        writer.add(&self.sum_ns, added.sum_ns);
        if added.min_ns < self.min_ns.load(Relaxed) {
            writer.lower(&self.min_ns, added.min_ns);
        }
        if added.max_ns > self.max_ns.load(Relaxed) {
            writer.raise(&self.max_ns, added.max_ns);
        }
    }

    fn merge_into(&self, into: &mut Distribution) {
        into.sum_ns = into.sum_ns.saturating_add(self.sum_ns.load(Relaxed));
        into.min_ns = into.min_ns.min(self.min_ns.load(Relaxed));
        into.max_ns = into.max_ns.max(self.max_ns.load(Relaxed));
    }
}

impl Default for Totals {
    fn default() -> Self {
        let [sum_ns, max_ns] = [0, 0].map(AtomicU64::new);
        Self { sum_ns, min_ns: AtomicU64::new(u64::MAX), max_ns }
    }
}

impl<const N: usize> Default for Recorders<N> {
    fn default() -> Self {
        Self {
            totals: array::from_fn(|_| Totals::default()),
            octaves: array::from_fn(|_| array::from_fn(|_| OnceBox::new())),
        }
    }
}

/// A distribution as it was at one moment: what CloudWatch calls a statistic set, and more.
#[derive(Clone, PartialEq, Eq)]
pub struct Distribution {
    buckets: Box<[u64; BUCKETS]>,
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
}

impl Distribution {
    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Their sum, exact.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The shortest; none if nothing was recorded.
    pub fn min(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.min_ns))
    }

    /// The longest; none if nothing was recorded.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.max_ns))
    }

    /// The duration that a share `q` (0 to 1) of all stays at or under, off by at most 3.2 %;
    /// none if nothing was recorded. `quantile(0.99)` is CloudWatch's `p99`.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let bucket = self.bucket_at_rank(rank)?;
        let ns = bucket_middle(bucket).clamp(self.min_ns, self.max_ns);
        Some(Duration::from_nanos(ns))
    }

    /// How many stayed at or under `limit`; values within 3.2 % of it may fall on either side.
    pub fn count_up_to(&self, limit: Duration) -> u64 {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let whole = (0..BUCKETS).take_while(|&bucket| bucket_middle(bucket) <= limit_ns).count();
        self.buckets[..whole].iter().sum()
    }

    /// What was recorded after `earlier`, a snapshot of the same instrument. The extremes of the
    /// period are known to the bucket only, so they too are off by at most 3.2 %.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut period = Self::default();
        for (bucket, count) in period.buckets.iter_mut().enumerate() {
            *count = self.buckets[bucket].saturating_sub(earlier.buckets[bucket]);
        }
        period.sum_ns = self.sum_ns.saturating_sub(earlier.sum_ns);
        if let Some(first) = period.buckets.iter().position(|&count| count > 0) {
            period.min_ns = bucket_middle(first).clamp(self.min_ns, self.max_ns);
        }
        if let Some(last) = period.buckets.iter().rposition(|&count| count > 0) {
            period.max_ns = bucket_middle(last).clamp(self.min_ns, self.max_ns);
        }
        period
    }

    /// Adds what another one holds.
    pub(super) fn add(&mut self, other: &Self) {
        for (total, count) in self.buckets.iter_mut().zip(&*other.buckets) {
            *total += count;
        }
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// Adds one duration.
    pub(super) fn count_ns(&mut self, ns: u64) {
        self.buckets[bucket_of(ns)] += 1;
        self.sum_ns = self.sum_ns.saturating_add(ns);
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    fn bucket_at_rank(&self, rank: u64) -> Option<usize> {
        let mut seen = 0;
        self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        })
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), sum_ns: 0, min_ns: u64::MAX, max_ns: 0 }
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("min", &self.min())
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use proptest::prelude::*;

    use super::*;

    fn recorded(values_ns: &[u64]) -> Distribution {
        let recorders = Recorders::default();
        let (together, alone) = values_ns.split_at(values_ns.len() / 2);
        recorders.record(together.iter().map(|&ns| [ns, u64::MAX]), Writer::Alone);
        for &ns in alone {
            recorders.record(iter::once([ns, u64::MAX]), Writer::OneOfSeveral);
        }
        let mut distributions = [(); 2].map(|()| Distribution::default());
        for (which, distribution) in distributions.iter_mut().enumerate() {
            recorders.merge_into(which, distribution);
        }
        let [distribution, beside_it] = distributions;
        assert_eq!(beside_it.count(), distribution.count(), "each has buckets of its own");
        distribution
    }

    #[test]
    fn buckets_join_without_gap_or_overlap() {
        for bucket in 0..BUCKETS {
            let floor = bucket_floor(bucket);
            assert_eq!(bucket_of(floor), bucket);
            if floor > 0 {
                assert_eq!(bucket_of(floor - 1), bucket - 1);
            }
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn nothing_recorded_has_no_extremes() {
        let empty = Distribution::default();
        assert_eq!((empty.min(), empty.max(), empty.quantile(0.5)), (None, None, None));
    }

    #[test]
    fn a_period_holds_only_what_came_after() {
        let earlier = recorded(&[1_000, 1_000]);
        let period = recorded(&[1_000, 1_000, 50_000]).since(&earlier);
        assert_eq!(period.count(), 1);
        assert_eq!(period.sum(), Duration::from_micros(50));
        let (min, max) = (period.min().expect("one value"), period.max().expect("one value"));
        assert_eq!(min, max);
        assert!((48_000..=50_000).contains(&(min.as_nanos() as u64)), "{min:?}");
    }

    proptest! {
        #[test]
        fn quantiles_are_within_five_percent(
            mut values in prop::collection::vec(1_u64..600_000_000_000, 1..200),
            q in 0.0_f64..=1.0,
        ) {
            let distribution = recorded(&values);
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1] as f64;
            let got = distribution.quantile(q).expect("values were recorded").as_nanos() as f64;
            prop_assert!((got - exact).abs() <= 0.05 * exact, "{got} for {exact}");
            prop_assert_eq!(distribution.count(), values.len() as u64);
            prop_assert_eq!(distribution.sum().as_nanos() as u64, values.iter().sum::<u64>());
            prop_assert_eq!(distribution.min(), values.first().map(|&ns| Duration::from_nanos(ns)));
            prop_assert_eq!(distribution.max(), values.last().map(|&ns| Duration::from_nanos(ns)));
        }
    }
}
