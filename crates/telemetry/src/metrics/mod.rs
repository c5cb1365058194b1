//! The instruments: per variant for the data plane, per server for everything else, and the list
//! of every metric that exists.

mod distribution;
mod limits;
mod pending;
mod prometheus;
mod registry;
mod room;
mod server;
mod variant;

use std::sync::Arc;

pub use distribution::Distribution;
pub use limits::{Gauge, Limit};
pub use prometheus::DECLARED;
pub use room::{Charge, NoRoom};
pub use server::{ServerCounter, ServerMetrics};
pub use variant::{CallClass, InFlight, Sample, VariantMetrics, VariantSnapshot};

use registry::VariantRegistry;

use crate::Requests;

/// Every instrument of one server.
#[derive(Debug, Default)]
pub struct Metrics {
    /// What the server itself does.
    pub server: ServerMetrics,
    /// The last requests, each with its way.
    pub requests: Requests,
    variants: VariantRegistry,
}

impl Metrics {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The instrument of a variant, made if there is none. Keep it: the look-up takes a lock.
    pub fn variant(&self, endpoint: &str, variant: &str) -> Arc<VariantMetrics> {
        self.variants.get_or_create(endpoint, variant)
    }

    /// Forgets all variants of an endpoint. Holders of an instrument may go on recording into
    /// it; nobody will see that.
    pub fn remove_endpoint(&self, endpoint: &str) {
        self.variants.remove_endpoint(endpoint);
    }

    /// Forgets the variants of an endpoint that `keep` says no to, as [`Self::remove_endpoint`]
    /// does all of them.
    pub fn retain_variants(&self, endpoint: &str, keep: impl Fn(&str) -> bool) {
        self.variants.retain_variants(endpoint, keep);
    }

    /// The instruments of one endpoint, by variant name.
    pub fn variants_of(&self, endpoint: &str) -> Vec<(String, Arc<VariantMetrics>)> {
        self.variants.of_endpoint(endpoint)
    }

    /// All instruments with their endpoint and variant names, in that order.
    pub fn variants(&self) -> Vec<(String, String, Arc<VariantMetrics>)> {
        self.variants.all()
    }

    /// Appends all metrics in the Prometheus text format, version 0.0.4.
    pub fn render(&self, out: &mut String) {
        prometheus::render(self, out);
    }
}
