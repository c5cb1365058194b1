//! Every metric of [`Metrics`]: its declaration, and how its values are read.

use std::time::Duration;

use super::{CallClass, Distribution, Gauge, Limit, Metrics, ServerCounter, VariantSnapshot};
use crate::exposition::{Declared, Kind, Labels};

const INVOCATIONS: Declared = Declared {
    name: "clary_invocations_total",
    kind: Kind::Counter,
    help: "Calls of a variant, however they ended.",
};
const INVOCATION_ERRORS: Declared = Declared {
    name: "clary_invocation_errors_total",
    kind: Kind::Counter,
    help: "Calls of a variant that gave no prediction, by class: model_4xx, model_5xx, \
           no_answer, refused.",
};
const IN_FLIGHT: Declared =
    Declared { name: "clary_in_flight", kind: Kind::Gauge, help: "Calls of a variant under way." };
const MODEL_LATENCY: Declared = Declared {
    name: "clary_model_latency_seconds",
    kind: Kind::Histogram,
    help: "Time from handing a call to the model until its answer was complete.",
};
const OVERHEAD_LATENCY: Declared = Declared {
    name: "clary_overhead_latency_seconds",
    kind: Kind::Histogram,
    help: "Time of a call that was not the model's.",
};
const REQUESTS: Declared = Declared {
    name: "clary_requests_total",
    kind: Kind::Counter,
    help: "Answered control-plane requests by service, operation and HTTP status.",
};
const SIGNATURES_REFUSED: Declared = Declared {
    name: "clary_signatures_refused_total",
    kind: Kind::Counter,
    help: "Requests whose signature, key or time was not accepted.",
};
const LIMITS_ENFORCED: Declared = Declared {
    name: "clary_limits_enforced_total",
    kind: Kind::Counter,
    help: "Calls refused and connections cut off, by the setting that says so.",
};
const CONNECTIONS: Declared =
    Declared { name: "clary_connections", kind: Kind::Gauge, help: "Connections that are open." };
const BODIES_IN_FLIGHT: Declared = Declared {
    name: "clary_bodies_in_flight_bytes",
    kind: Kind::Gauge,
    help: "Bytes of large request and answer bodies kept in memory.",
};
const UPLOADS: Declared =
    Declared { name: "clary_uploads", kind: Kind::Gauge, help: "Uploads being received." };

/// Every metric that [`Metrics::render`] shows.
pub const DECLARED: &[Declared] = &[
    INVOCATIONS,
    INVOCATION_ERRORS,
    IN_FLIGHT,
    MODEL_LATENCY,
    OVERHEAD_LATENCY,
    REQUESTS,
    SIGNATURES_REFUSED,
    LIMITS_ENFORCED,
    CONNECTIONS,
    BODIES_IN_FLIGHT,
    UPLOADS,
];

/// Upper bounds of the exposed buckets, as seconds in text and in nanoseconds. From the few
/// microseconds of a native model to the 60 s that an invocation may take.
const BOUNDS: &[(&str, u64)] = &[
    ("0.000001", 1_000),
    ("0.0000025", 2_500),
    ("0.000005", 5_000),
    ("0.00001", 10_000),
    ("0.000025", 25_000),
    ("0.00005", 50_000),
    ("0.0001", 100_000),
    ("0.00025", 250_000),
    ("0.0005", 500_000),
    ("0.001", 1_000_000),
    ("0.0025", 2_500_000),
    ("0.005", 5_000_000),
    ("0.01", 10_000_000),
    ("0.025", 25_000_000),
    ("0.05", 50_000_000),
    ("0.1", 100_000_000),
    ("0.25", 250_000_000),
    ("0.5", 500_000_000),
    ("1", 1_000_000_000),
    ("2.5", 2_500_000_000),
    ("5", 5_000_000_000),
    ("10", 10_000_000_000),
    ("30", 30_000_000_000),
    ("60", 60_000_000_000),
];

/// One variant's names and totals.
struct Row {
    endpoint: String,
    variant: String,
    totals: VariantSnapshot,
}

impl Row {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [("endpoint", &self.endpoint), ("variant", &self.variant)]
    }
}

pub(super) fn render(metrics: &Metrics, out: &mut String) {
    let rows: Vec<Row> = metrics
        .variants()
        .into_iter()
        .map(|(endpoint, variant, of)| Row { endpoint, variant, totals: of.snapshot() })
        .collect();
    render_counts(&rows, out);
    render_distributions(MODEL_LATENCY, &rows, |totals| &totals.model, out);
    render_distributions(OVERHEAD_LATENCY, &rows, |totals| &totals.overhead, out);
    render_requests(metrics, out);
    for counter in ServerCounter::ALL {
        let declared = declared_for(counter);
        declared.head(out);
        declared.value(out, &[], metrics.server.total(counter));
    }
    render_limits(metrics, out);
}

fn render_limits(metrics: &Metrics, out: &mut String) {
    let server = &metrics.server;
    LIMITS_ENFORCED.head(out);
    for limit in Limit::ALL {
        LIMITS_ENFORCED.value(out, &[("limit", limit.setting())], server.enforced(limit));
    }
    let gauges: [(Declared, &Gauge); 3] = [
        (CONNECTIONS, &server.connections),
        (BODIES_IN_FLIGHT, &server.bodies_in_flight_bytes),
        (UPLOADS, &server.uploads),
    ];
    for (declared, gauge) in gauges {
        declared.head(out);
        declared.value(out, &[], gauge.value());
    }
}

fn declared_for(counter: ServerCounter) -> Declared {
    match counter {
        ServerCounter::SignatureRefused => SIGNATURES_REFUSED,
    }
}

fn render_counts(rows: &[Row], out: &mut String) {
    INVOCATIONS.head(out);
    for row in rows {
        INVOCATIONS.value(out, &row.labels(), row.totals.invocations());
    }
    INVOCATION_ERRORS.head(out);
    for row in rows {
        render_errors(row, out);
    }
    IN_FLIGHT.head(out);
    for row in rows {
        IN_FLIGHT.value(out, &row.labels(), row.totals.in_flight);
    }
}

fn render_errors(row: &Row, out: &mut String) {
    let [endpoint, variant] = row.labels();
    for call_class in CallClass::ALL {
        if let Some(class) = label_of(call_class) {
            let labels = [endpoint, variant, ("class", class)];
            INVOCATION_ERRORS.value(out, &labels, row.totals.calls(call_class));
        }
    }
}

fn label_of(class: CallClass) -> Option<&'static str> {
    match class {
        CallClass::Answered => None,
        CallClass::ClientError => Some("model_4xx"),
        CallClass::ServerError => Some("model_5xx"),
        CallClass::NoAnswer => Some("no_answer"),
        CallClass::Refused => Some("refused"),
    }
}

fn render_distributions(
    declared: Declared,
    rows: &[Row],
    pick: fn(&VariantSnapshot) -> &Distribution,
    out: &mut String,
) {
    declared.head(out);
    for row in rows {
        render_distribution(declared, &row.labels(), pick(&row.totals), out);
    }
}

fn render_distribution(
    declared: Declared,
    labels: &[(&'static str, &str); 2],
    distribution: &Distribution,
    out: &mut String,
) {
    let [endpoint, variant] = *labels;
    let with_bound = |bound| [endpoint, variant, ("le", bound)];
    let (count, sum) = (distribution.count(), distribution.sum().as_secs_f64());
    for &(bound, ns) in BOUNDS {
        let within = distribution.count_up_to(Duration::from_nanos(ns));
        declared.part(out, "_bucket", &with_bound(bound), within);
    }
    declared.part(out, "_bucket", &with_bound("+Inf"), count);
    let labels: Labels<'_> = labels;
    declared.part(out, "_sum", labels, sum);
    declared.part(out, "_count", labels, count);
}

fn render_requests(metrics: &Metrics, out: &mut String) {
    REQUESTS.head(out);
    for (service, operation, status, count) in metrics.server.requests() {
        let status = status.to_string();
        let labels = [("service", service), ("operation", operation), ("status", &*status)];
        REQUESTS.value(out, &labels, count);
    }
}
