//! The instances of one variant: slots that each work on so many calls at a time, and the choice
//! of one for a call. What a call does there is `invoke`'s.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use engine_api::{Engine, LogSink};
use footprint::Footprint;
use resources::{DeployedVariant, Routing};

use crate::bring_up::OpenModel;

/// The instances of a variant. Deployments that follow each other share those that go on.
#[derive(Debug)]
pub(crate) struct Instances {
    /// Most variants have no other, and a call of it looks nowhere else.
    first: Arc<Instance>,
    others: Box<[Arc<Instance>]>,
    routing: Routing,
}

/// One instance: a slot that works on so many calls at a time.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) log: Arc<dyn LogSink>,
    calls_max: u32,
    calls: AtomicU32,
}

impl Instances {
    /// As many instances of a model as are planned. Those of `before` that run the same model go on, with the
    /// calls that they work on, so that a change of weights gives no instance more than it may.
    pub(crate) fn new(
        model: &OpenModel,
        planned: &DeployedVariant,
        calls_max: u32,
        before: Option<&Self>,
    ) -> Self {
        let fresh = || Arc::new(Instance::new(model, calls_max));
        let kept = before.into_iter().flat_map(Self::iter);
        let kept = kept.filter(|instance| Arc::ptr_eq(&instance.engine, &model.engine));
        let mut all = kept.cloned().chain(std::iter::repeat_with(fresh));
        Self {
            first: all.next().unwrap_or_else(fresh),
            others: all.take(planned.instance_count.saturating_sub(1) as usize).collect(),
            routing: planned.routing,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<Instance>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn at(&self, index: usize) -> &Instance {
        index.checked_sub(1).map_or(&self.first, |other| &self.others[other])
    }

    /// Adds what a call of the first instance reads; all have the same model.
    pub(crate) fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(&*self.first);
        self.first.engine.footprint(footprint);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Calls that each works on at a time at most.
    pub(crate) fn calls_max(&self) -> u32 {
        self.first.calls_max
    }

    /// The model that they run.
    pub(crate) fn model(&self) -> OpenModel {
        let Instance { engine, log, .. } = &*self.first;
        OpenModel { engine: Arc::clone(engine), log: Arc::clone(log) }
    }

    /// A place on an instance; none if all are full. Where the chosen one is full, the next that
    /// is not takes the call.
    pub(crate) fn admit(&self) -> Option<Permit<'_>> {
        let count = self.count();
        let first = match (count, self.routing) {
            (1, _) => 0,
            (_, Routing::Random) => fastrand::usize(..count),
            (_, Routing::LeastOutstanding) => self.less_busy_of_two(),
        };
        (0..count).find_map(|step| self.at((first + step) % count).admit())
    }

    /// The less busy of two different instances taken by chance: nearly as even as the least busy
    /// of all, at a cost that does not grow with their number (Mitzenmacher, "The power of two
    /// choices in randomized load balancing", 2001).
    fn less_busy_of_two(&self) -> usize {
        let count = self.count();
        let one = fastrand::usize(..count);
        let other = (one + fastrand::usize(1..count)) % count;
        let busy = |index: usize| self.at(index).calls.load(Ordering::Relaxed);
        let [busy_one, busy_other] = [one, other].map(busy);
        if busy_other < busy_one { other } else { one }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use engine_api::{Answer, Reply, Request};
    use resources::Container;

    use super::*;

    #[derive(Debug)]
    struct Silent;

    impl Engine for Silent {
        fn invoke<'a>(&'a self, _: Request<'a>) -> Answer<'a> {
            let body = Bytes::new();
            let reply =
                Reply { status: 204, content_type: "".into(), body, custom_attributes: None };
            Answer::Ready(Ok(reply))
        }

        fn is_light(&self, _: Request<'_>) -> bool {
            true
        }
    }

    impl LogSink for Silent {
        fn line(&self, _: &str) {}
    }

    fn model() -> OpenModel {
        OpenModel { engine: Arc::new(Silent), log: Arc::new(Silent) }
    }

    fn planned(instance_count: u32, routing: Routing) -> DeployedVariant {
        DeployedVariant {
            name: "v".to_owned(),
            model_name: "m".to_owned(),
            container: Container::default(),
            artifact_id: None,
            additional_artifact_ids: std::collections::BTreeMap::new(),
            weight: 1.0,
            instance_count,
            routing,
            resolved: None,
        }
    }

    fn calls(instances: &Instances) -> Vec<u32> {
        instances.iter().map(|instance| instance.calls.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn the_less_busy_of_two_gets_the_call() {
        let instances = Instances::new(&model(), &planned(2, Routing::LeastOutstanding), 9, None);
        let mut permits = Vec::new();
        while let Some(permit) = instances.admit() {
            permits.push(permit);
            let calls = calls(&instances);
            assert!(calls[0].abs_diff(calls[1]) <= 1, "{calls:?}");
        }
        assert_eq!((permits.len(), calls(&instances)), (18, vec![9, 9]));
        drop(permits);
        assert_eq!(calls(&instances), [0, 0]);
    }

    #[test]
    fn many_instances_stay_nearly_even_and_fill_up() {
        let instances =
            Instances::new(&model(), &planned(10, Routing::LeastOutstanding), 100, None);
        let permits: Vec<_> = (0..500).map_while(|_| instances.admit()).collect();
        // By chance alone a spread of 14 would be expected; of two choices it is 2 or so.
        let calls = calls(&instances);
        let spread = calls.iter().max().zip(calls.iter().min()).map(|(max, min)| max - min);
        assert!(spread.is_some_and(|spread| spread <= 8), "{calls:?}");
        let rest: Vec<_> = std::iter::from_fn(|| instances.admit()).collect();
        assert_eq!(permits.len() + rest.len(), 1000);
    }

    #[test]
    fn instances_of_the_same_model_go_on_with_their_calls() {
        let model = model();
        let before = Instances::new(&model, &planned(2, Routing::Random), 1, None);
        let permits = [before.admit(), before.admit()];
        assert!(permits.iter().all(Option::is_some));
        let more = Instances::new(&model, &planned(3, Routing::Random), 1, Some(&before));
        assert_eq!(calls(&more), [1, 1, 0]);
        let fewer = Instances::new(&model, &planned(1, Routing::Random), 1, Some(&before));
        assert_eq!(calls(&fewer), [1]);
        let another =
            Instances::new(&self::model(), &planned(2, Routing::Random), 1, Some(&before));
        assert_eq!(calls(&another), [0, 0]);
    }
}
