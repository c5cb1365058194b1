//! Routes: what the data plane sees of one endpoint. Immutable once published, but for the count of
//! calls in flight, which the [`Instances`] keep. Where it is found by its name is `table`'s business.

use std::sync::Arc;

use footprint::Footprint;
use resources::{DeployedVariant, Deployment};
use smallvec::SmallVec;
use telemetry::{Fleet, VariantMetrics};

use crate::{
    Foundations,
    bring_up::{BroughtUp, OpenModel},
    instances::Instances,
};

/// The bytes of a name. The longest that AWS allows has 63: it lies where it is named, and to read it
/// is to look nowhere else.
pub(crate) type Name = SmallVec<[u8; 64]>;

/// Where the calls of one endpoint name go.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// To these variants.
    Serving(Arc<Serving>),
    /// To those of two deployments, of which one takes over from the other.
    Shifting(Arc<Shift>),
    /// Nowhere yet: it served before the last stop and is being brought up again.
    Returning,
}

/// One deployment that serves.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) deployment: Deployment,
    /// Most have one, which lies in here.
    pub(crate) variants: SmallVec<[Variant; 1]>,
    total_weight: f64,
}

/// Two deployments that share the calls of an endpoint.
#[derive(Debug)]
pub(crate) struct Shift {
    /// What served before.
    pub(crate) blue: Arc<Serving>,
    /// What takes over.
    pub(crate) green: Arc<Serving>,
    /// Green's share of the calls, 0 to 1.
    pub(crate) share: f64,
}

/// One variant that serves.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: Name,
    pub(crate) model_name: Name,
    pub(crate) weight: f32,
    pub(crate) instances: Instances,
    pub(crate) metrics: Arc<VariantMetrics>,
}

impl Serving {
    /// Lays out what was brought up behind an endpoint's name, where `before` serves until now.
    /// The instruments are taken here and not while it was brought up, so that what nobody wants
    /// any more leaves none behind.
    pub(crate) fn new(
        on: &Foundations,
        endpoint: &str,
        BroughtUp { deployment, models }: BroughtUp,
        before: Option<&Self>,
    ) -> Self {
        let lay_out = |(planned, model): (&DeployedVariant, OpenModel)| {
            let same_name = before.and_then(|before| before.variant(&planned.name));
            let instances = same_name.map(|variant| &variant.instances);
            Variant {
                name: planned.name.as_bytes().into(),
                model_name: planned.model_name.as_bytes().into(),
                weight: planned.weight,
                instances: Instances::new(&model, planned, on.limits.calls_per_instance, instances),
                metrics: on.metrics.variant(endpoint, &planned.name),
            }
        };
        let variants: SmallVec<[_; 1]> =
            deployment.variants.iter().zip(models).map(lay_out).collect();
        let total_weight = variants.iter().map(|variant| f64::from(variant.weight)).sum();
        Self { deployment, variants, total_weight }
    }

    /// What a call reads of it: where to look, as long as it lives.
    pub(crate) fn footprint(&self) -> Footprint {
        let mut footprint = Footprint::default();
        footprint.add(self);
        if self.variants.spilled() {
            footprint.add(&self.variants[..]);
        }
        self.variants.iter().for_each(|variant| variant.footprint(&mut footprint));
        footprint
    }

    /// Fetches what a call is recorded in. Of several variants it is not known yet which one is called.
    pub(crate) fn fetch_instruments(&self) {
        if let [only] = &*self.variants {
            only.metrics.fetch();
        }
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
        self.variant(&serves.name).map(|variant| variant.instances.model())
    }

    /// The variant of that name, whatever its weight.
    pub(crate) fn variant(&self, name: &str) -> Option<&Variant> {
        self.position(name).map(|position| &self.variants[position])
    }

    /// Where the variant of that name stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.variants.iter().position(|variant| variant.name[..] == *name.as_bytes())
    }

    /// Where a variant stands that is chosen by weight from this thread's own random stream, which
    /// no other thread touches; none if every weight is 0.
    pub(crate) fn pick(&self) -> Option<usize> {
        match &*self.variants {
            [only] if only.weight > 0.0 => Some(0),
            variants => pick_at(variants, fastrand::f64() * self.total_weight),
        }
    }
}

impl Variant {
    fn footprint(&self, footprint: &mut Footprint) {
        self.metrics.footprint(footprint);
        self.instances.footprint(footprint);
    }
}

impl Shift {
    /// The two in the order in which a call tries them: by share, from this thread's own random
    /// stream.
    pub(crate) fn in_turn(&self) -> [(Fleet, &Arc<Serving>); 2] {
        let (old, new) = ((Fleet::Old, &self.blue), (Fleet::New, &self.green));
        if fastrand::f64() < self.share { [new, old] } else { [old, new] }
    }
}

fn pick_at(variants: &[Variant], mut point: f64) -> Option<usize> {
    let mut last = None;
    for (position, variant) in variants.iter().enumerate().filter(|(_, v)| v.weight > 0.0) {
        point -= f64::from(variant.weight);
        last = Some(position);
        if point < 0.0 {
            break;
        }
    }
    last
}
