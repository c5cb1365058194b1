//! The Prometheus text, read back by a small parser of the format.

use std::{collections::BTreeMap, time::Duration};

use resources::Timestamp;
use telemetry::{
    CallClass, DECLARED, Declared, Limit, LogLimits, Logs, Metrics, Sample, ServerCounter,
};

/// Everything happens once that any metric counts.
fn scenario() -> String {
    let metrics = Metrics::new();
    let variant = metrics.variant("odd \"name\"\\\n", "v1");
    for class in [CallClass::Answered, CallClass::ClientError, CallClass::ServerError] {
        variant.record(Sample {
            model: Duration::from_micros(300),
            overhead: Duration::from_micros(20),
            class,
        });
    }
    variant.in_flight_inc();
    metrics.server.count_request("sagemaker", "CreateModel", 200);
    metrics.server.count_request("sagemaker", "CreateModel", 200);
    metrics.server.count_request("sagemaker", "CreateModel", 400);
    for counter in ServerCounter::ALL {
        metrics.server.count(counter);
    }
    for limit in Limit::ALL {
        metrics.server.enforce(limit);
    }
    let server = &metrics.server;
    for gauge in [&server.connections, &server.bodies_in_flight_bytes, &server.uploads] {
        gauge.add(3);
        gauge.take(1);
    }
    let logs = Logs::new(LogLimits { stream_bytes_max: 100, ..LogLimits::default() });
    for _ in 0..3 {
        logs.append("g", "s", Timestamp::from_epoch_ms(1), "a line that fills the stream");
    }
    let mut text = String::new();
    metrics.render(&mut text);
    logs.render(&mut text);
    text
}

type Labels = BTreeMap<String, String>;

#[derive(Default)]
struct Parsed {
    types: BTreeMap<String, String>,
    samples: Vec<(String, Labels, f64)>,
}

impl Parsed {
    fn of(text: &str) -> Self {
        let mut parsed = Self::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a type");
                assert_eq!(parsed.types.insert(name.into(), kind.into()), None, "{name} twice");
            } else if !line.starts_with("# HELP ") {
                parsed.samples.push(parse_sample(line));
            }
        }
        parsed
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |has: &Labels| labels.iter().all(|(k, v)| has.get(*k).is_some_and(|x| x == v));
        let found: Vec<f64> =
            self.samples.iter().filter(|s| s.0 == name && fits(&s.1)).map(|s| s.2).collect();
        assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
        found[0]
    }
}

fn parse_sample(line: &str) -> (String, Labels, f64) {
    let (rest, value) = line.rsplit_once(' ').expect("a value");
    let value = value.parse().expect(line);
    let Some((name, labels)) = rest.split_once('{') else {
        return (rest.into(), Labels::new(), value);
    };
    let mut labels = labels.strip_suffix('}').expect("a closing brace");
    let mut parsed = Labels::new();
    while !labels.is_empty() {
        let (label, after) = labels.split_once("=\"").expect("a quoted value");
        let (text, after) = unescape(after);
        parsed.insert(label.trim_start_matches(',').into(), text);
        labels = after;
    }
    (name.into(), parsed, value)
}

/// The text up to the closing quote, and what follows it.
fn unescape(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (out, &text[index + 1..]),
            '\\' => match characters.next().expect("an escaped character").1 {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    panic!("no closing quote in {text}");
}

fn declared() -> impl Iterator<Item = &'static Declared> {
    DECLARED.iter().chain(Logs::DECLARED)
}

#[test]
fn every_declared_metric_is_counted_somewhere() {
    let parsed = Parsed::of(&scenario());
    for metric in declared() {
        assert!(parsed.types.contains_key(metric.name), "{} has no TYPE", metric.name);
        let moved = parsed
            .samples
            .iter()
            .any(|(name, _, value)| name.starts_with(metric.name) && *value > 0.0);
        assert!(moved, "{} never moves", metric.name);
    }
    assert_eq!(parsed.types.len(), declared().count(), "a metric is shown but not declared");
}

#[test]
fn every_limit_has_a_count_of_its_own() {
    let parsed = Parsed::of(&scenario());
    for limit in Limit::ALL {
        let labels = [("limit", limit.setting())];
        assert_eq!(parsed.value("clary_limits_enforced_total", &labels) as u64, 1, "{limit:?}");
    }
    assert_eq!(parsed.value("clary_connections", &[]) as u64, 2);
}

#[test]
fn labels_survive_any_name() {
    let parsed = Parsed::of(&scenario());
    let odd = ("endpoint", "odd \"name\"\\\n");
    let counted = |name, labels: &[(&str, &str)]| parsed.value(name, labels) as u64;
    assert_eq!(counted("clary_invocations_total", &[odd, ("variant", "v1")]), 3);
    assert_eq!(counted("clary_invocation_errors_total", &[odd, ("class", "model_4xx")]), 1);
    assert_eq!(counted("clary_in_flight", &[odd]), 1);
}

#[test]
fn requests_are_told_apart_by_answer() {
    let parsed = Parsed::of(&scenario());
    let of = |status| {
        let labels = [("service", "sagemaker"), ("operation", "CreateModel"), ("status", status)];
        parsed.value("clary_requests_total", &labels)
    };
    assert_eq!((of("200"), of("400")), (2.0, 1.0));
}

#[test]
fn buckets_are_cumulative_and_end_with_the_count() {
    let parsed = Parsed::of(&scenario());
    for metric in ["clary_model_latency_seconds", "clary_overhead_latency_seconds"] {
        let bucket = format!("{metric}_bucket");
        let counts: Vec<f64> =
            parsed.samples.iter().filter(|s| s.0 == bucket).map(|s| s.2).collect();
        assert!(counts.is_sorted(), "{counts:?}");
        assert_eq!(counts.last(), Some(&3.0));
        assert_eq!(Some(&parsed.value(&format!("{metric}_count"), &[])), counts.last());
    }
    let model = |le| parsed.value("clary_model_latency_seconds_bucket", &[("le", le)]);
    assert_eq!((model("0.00025"), model("0.0005")), (0.0, 3.0));
    let sum = parsed.value("clary_model_latency_seconds_sum", &[]);
    assert!((sum - 0.0009).abs() < 1e-12, "{sum}");
}
