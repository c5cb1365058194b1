//! The route table: what the data plane sees of endpoints. Immutable once published, but for the
//! count of calls in flight.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use engine_api::{Engine, LogSink};
use resources::{DeployedVariant, Deployment};
use telemetry::VariantMetrics;

use crate::{Foundations, bring_up::OpenModel};

/// Every endpoint by name.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    pub(crate) routes: HashMap<String, Route>,
}

/// Where the calls of one endpoint name go.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// To these variants.
    Serving(Arc<Serving>),
    /// Nowhere yet: it served before the last stop and is being brought up again.
    Returning,
}

/// One deployment that serves.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) deployment: Deployment,
    pub(crate) variants: Vec<Arc<Variant>>,
    total_weight: f64,
}

/// One variant that serves.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The name as bytes that a header value can share.
    pub(crate) name: Bytes,
    pub(crate) weight: f32,
    pub(crate) instances: Vec<Instance>,
    pub(crate) metrics: Arc<VariantMetrics>,
}

/// One instance: a slot that works on so many calls at a time.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) calls_max: u32,
    pub(crate) calls: AtomicU32,
}

impl Serving {
    /// Lays out what was brought up behind an endpoint's name. The instruments are taken here and
    /// not while it was brought up, so that what nobody wants any more leaves none behind.
    pub(crate) fn new(
        on: &Foundations,
        endpoint: &str,
        deployment: Deployment,
        models: Vec<OpenModel>,
    ) -> Self {
        let variant = |(planned, model): (&DeployedVariant, OpenModel)| Variant {
            name: Bytes::from(planned.name.clone()),
            weight: planned.weight,
            instances: (0..planned.instance_count.max(1))
                .map(|_| Instance::new(&model, on.limits.calls_per_instance))
                .collect(),
            metrics: on.metrics.variant(endpoint, &planned.name),
        };
        let variants: Vec<_> =
            deployment.variants.iter().zip(models).map(variant).map(Arc::new).collect();
        let total_weight = variants.iter().map(|variant| f64::from(variant.weight)).sum();
        Self { deployment, variants, total_weight }
    }

    /// The open model of a variant that is planned with the same artifact in the same container.
    /// A variant whose artifact is not named yet asks for whatever its source holds by then.
    pub(crate) fn open_model(&self, planned: &DeployedVariant) -> Option<OpenModel> {
        let same = |serves: &&DeployedVariant| {
            serves.artifact_id.is_some()
                && serves.artifact_id == planned.artifact_id
                && serves.container == planned.container
                && serves.name == planned.name
        };
        let serves = self.deployment.variants.iter().find(same)?;
        let instance = self.variant(&serves.name)?.instances.first()?;
        Some(OpenModel { engine: Arc::clone(&instance.engine), log: Arc::clone(&instance.log) })
    }

    /// The variant of that name, whatever its weight.
    pub(crate) fn variant(&self, name: &str) -> Option<&Arc<Variant>> {
        self.variants.iter().find(|variant| variant.name == name.as_bytes())
    }

    /// A variant chosen by weight from this thread's own random stream, which no other thread
    /// touches; none if every weight is 0.
    pub(crate) fn pick(&self) -> Option<&Arc<Variant>> {
        match self.variants.as_slice() {
            [only] if only.weight > 0.0 => Some(only),
            variants => pick_at(variants, fastrand::f64() * self.total_weight),
        }
    }
}

fn pick_at(variants: &[Arc<Variant>], mut point: f64) -> Option<&Arc<Variant>> {
    let mut last = None;
    for variant in variants.iter().filter(|variant| variant.weight > 0.0) {
        point -= f64::from(variant.weight);
        last = Some(variant);
        if point < 0.0 {
            break;
        }
    }
    last
}

impl Variant {
    /// A place on an instance, tried from a random one onwards; none if all are full.
    pub(crate) fn admit(&self) -> Option<Permit<'_>> {
        let count = self.instances.len();
        let first = if count == 1 { 0 } else { fastrand::usize(..count) };
        (0..count).find_map(|step| self.instances[(first + step) % count].admit())
    }
}

impl Instance {
    fn new(model: &OpenModel, calls_max: u32) -> Self {
        let OpenModel { engine, log } = model.clone();
        Self { engine, log, calls_max, calls: AtomicU32::new(0) }
    }

    fn admit(&self) -> Option<Permit<'_>> {
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.calls_max {
            return Some(Permit { instance: self });
        }
        self.calls.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

/// A place on an instance, taken at the door and kept until the call is over.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pub(crate) instance: &'a Instance,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.instance.calls.fetch_sub(1, Ordering::Relaxed);
    }
}
