//! What variants are asked, by the server's own metrics: their totals at one moment, and what
//! came between two moments. How it is shown is left to `status`.

use std::{collections::BTreeMap, time::Instant};

use super::metrics_text::{self, Sample};

/// Every variant's totals at one moment.
#[derive(Debug)]
pub(crate) struct Reading {
    at: Instant,
    variants: BTreeMap<(String, String), Totals>,
}

/// What a variant was asked since its instruments began to count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    /// Calls under way at the moment of the reading.
    pub(crate) in_flight: u64,
    pub(crate) model: Histogram,
    pub(crate) overhead: Histogram,
}

/// How many calls took how long: upper bounds in seconds, ascending and `+Inf` last, each with the
/// number of calls that took no longer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram(Vec<(f64, u64)>);

/// What came between two readings of a variant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live {
    pub(crate) seconds: f64,
    pub(crate) between: Totals,
}

impl Reading {
    /// Reads the text of `/_clary/metrics` as it was then.
    pub(crate) fn parse(text: &str, at: Instant) -> Self {
        let mut variants = BTreeMap::<_, Totals>::new();
        for sample in metrics_text::parse(text) {
            let name = (sample.label("endpoint").to_owned(), sample.label("variant").to_owned());
            if !name.1.is_empty() {
                variants.entry(name).or_default().add(&sample);
            }
        }
        Self { at, variants }
    }

    /// A variant's totals; zeros for one that was never asked anything.
    pub(crate) fn totals(&self, endpoint: &str, variant: &str) -> Totals {
        let name = (endpoint.to_owned(), variant.to_owned());
        self.variants.get(&name).cloned().unwrap_or_default()
    }

    /// What a variant was asked after an earlier reading.
    pub(crate) fn since(&self, earlier: &Self, endpoint: &str, variant: &str) -> Live {
        Live {
            seconds: (self.at - earlier.at).as_secs_f64(),
            between: self.totals(endpoint, variant).since(&earlier.totals(endpoint, variant)),
        }
    }
}

impl Totals {
    fn add(&mut self, sample: &Sample) {
        let count = sample.value as u64;
        match sample.name.as_str() {
            "clary_invocations_total" => self.calls += count,
            "clary_invocation_errors_total" => self.errors += count,
            "clary_in_flight" => self.in_flight += count,
            "clary_model_latency_seconds_bucket" => self.model.add(sample),
            "clary_overhead_latency_seconds_bucket" => self.overhead.add(sample),
            _ => {}
        }
    }

    /// Counters that went back began anew in between: what they show is all of it.
    fn since(self, earlier: &Self) -> Self {
        if self.calls < earlier.calls {
            return self;
        }
        Self {
            calls: self.calls - earlier.calls,
            errors: self.errors.saturating_sub(earlier.errors),
            in_flight: self.in_flight,
            model: self.model.since(&earlier.model),
            overhead: self.overhead.since(&earlier.overhead),
        }
    }
}

impl Histogram {
    fn add(&mut self, sample: &Sample) {
        if let Ok(bound) = sample.label("le").parse() {
            self.0.push((bound, sample.value as u64));
        }
    }

    fn since(mut self, earlier: &Self) -> Self {
        for ((_, count), (_, before)) in self.0.iter_mut().zip(&earlier.0) {
            *count = count.saturating_sub(*before);
        }
        self
    }

    /// The time in seconds that a share of `q` of the calls did not exceed; none if there was no
    /// call. Within a bucket calls are taken to be spread evenly, and what is beyond the last
    /// bound is given as that bound, as Prometheus' `histogram_quantile` does
    /// (<https://prometheus.io/docs/prometheus/latest/querying/functions>).
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        let whole = self.0.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
        let rank = q * whole as f64;
        let bucket = self.0.iter().position(|(_, count)| *count > 0 && *count as f64 >= rank)?;
        let (floor, below) = bucket.checked_sub(1).map_or((0.0, 0), |before| self.0[before]);
        let (bound, within) = self.0[bucket];
        if bound.is_infinite() {
            return Some(floor);
        }
        Some(floor + (bound - floor) * (rank - below as f64) / (within - below) as f64)
    }
}

impl Live {
    pub(crate) fn calls_per_second(&self) -> f64 {
        self.between.calls as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    pub(crate) fn errors_per_second(&self) -> f64 {
        self.between.errors as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use telemetry::{CallClass, Metrics};

    use super::*;

    fn histogram(counts: &[(f64, u64)]) -> Histogram {
        Histogram(counts.to_vec())
    }

    #[test]
    fn quantiles_lie_where_prometheus_says() {
        let of = histogram(&[(0.001, 0), (0.01, 80), (0.1, 100), (f64::INFINITY, 100)]);
        for (q, expect) in [(0.4, 0.0055), (0.8, 0.01), (0.9, 0.055), (1.0, 0.1)] {
            let got = of.quantile(q).expect("calls");
            assert!((got - expect).abs() < 1e-12, "{q}: {got}");
        }
        let slow = histogram(&[(1.0, 1), (60.0, 1), (f64::INFINITY, 10)]);
        assert_eq!(slow.quantile(0.99), Some(60.0));
        for none in [histogram(&[(1.0, 0), (f64::INFINITY, 0)]), Histogram::default()] {
            assert_eq!(none.quantile(0.5), None);
        }
    }

    fn read(metrics: &Metrics, at: Instant) -> Reading {
        let mut text = String::new();
        metrics.render(&mut text);
        Reading::parse(&text, at)
    }

    fn answer(metrics: &Metrics, calls: usize, model_us: u64, class: CallClass) {
        let (model, overhead) = (Duration::from_micros(model_us), Duration::from_micros(3));
        for _ in 0..calls {
            metrics.variant("e", "v").record(telemetry::Sample { model, overhead, class });
        }
    }

    #[test]
    fn only_what_came_in_between_counts() {
        let (metrics, start) = (Metrics::new(), Instant::now());
        answer(&metrics, 1_000, 900_000, CallClass::ServerError);
        let earlier = read(&metrics, start);
        answer(&metrics, 30, 40, CallClass::Answered);
        answer(&metrics, 10, 40, CallClass::ClientError);
        let live = read(&metrics, start + Duration::from_secs(4)).since(&earlier, "e", "v");
        assert!((live.calls_per_second() - 10.0).abs() < 1e-9);
        assert!((live.errors_per_second() - 2.5).abs() < 1e-9);
        let p99 = live.between.model.quantile(0.99).expect("calls");
        assert!((25e-6..=50e-6).contains(&p99), "{p99}");
        let p50 = live.between.overhead.quantile(0.5).expect("calls");
        assert!((2.5e-6..=5e-6).contains(&p50), "{p50}");
    }

    #[test]
    fn a_server_that_began_anew_counts_from_zero() {
        let (metrics, start) = (Metrics::new(), Instant::now());
        answer(&metrics, 100, 40, CallClass::Answered);
        let earlier = read(&metrics, start);
        let fresh = Metrics::new();
        answer(&fresh, 7, 40, CallClass::Answered);
        let live = read(&fresh, start + Duration::from_secs(1)).since(&earlier, "e", "v");
        assert_eq!(live.between, read(&fresh, start).totals("e", "v"));
        assert_eq!(live.between.calls, 7);
    }

    #[test]
    fn a_variant_that_was_never_asked_has_zeros() {
        let reading = read(&Metrics::new(), Instant::now());
        assert_eq!(reading.totals("e", "v"), Totals::default());
        let live = reading.since(&reading, "e", "v");
        assert!(live.calls_per_second().abs() < f64::EPSILON);
    }
}
