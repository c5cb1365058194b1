//! One invocation: find the endpoint, pick a variant, take a place on an instance, call the model,
//! count what happened.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use engine_api::{Answer, NoAnswer, Outcome, Reply, Request};
use telemetry::{CallClass, Fleet, InFlight, Phase, Sample, Trail};

use crate::{
    Hosting, Shared, engine_calls,
    instances::{Instance, Permit},
    routes::{Name, Route, Serving, Shift, Variant},
};

/// A call as it comes in.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The endpoint's name, in its own case.
    pub endpoint: &'a str,
    /// `TargetVariant`: this variant and no other.
    pub target_variant: Option<&'a str>,
    /// What the model gets.
    pub request: Request<'a>,
    /// When the call arrived; what passes outside the model counts as overhead.
    pub arrived: Instant,
}

/// A model's good answer.
#[derive(Debug)]
pub struct Invoked {
    /// The variant that answered.
    pub variant: Bytes,
    /// What it answered; its status is 2xx.
    pub reply: Reply,
}

/// A call that never reached a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No endpoint of that name takes calls.
    UnknownEndpoint,
    /// The endpoint has no variant of the name that the call targets.
    UnknownVariant {
        /// The name.
        target: String,
        /// Those that there are.
        variants: Vec<String>,
    },
    /// Every variant's weight is 0.
    NoTraffic,
    /// The call asks for explanations, and the endpoint's configuration has no explainer.
    NoExplainer,
    /// The endpoint is being brought up again.
    Returning,
    /// Every instance works on as many calls as it may.
    NoCapacity {
        /// The variant.
        variant: Bytes,
        /// How many instances it has.
        instances: usize,
        /// How many calls each works on at a time.
        calls_per_instance: u32,
    },
}

/// Why there is no good answer, by whose fault.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The call was refused.
    Refused(Refusal),
    /// The model answered 4xx or 5xx.
    Model {
        /// The model server's answer.
        reply: Reply,
    },
    /// The model gave no answer.
    NoAnswer(NoAnswer),
}

/// Where a call went.
#[derive(Clone, Debug)]
pub struct Routed {
    serving: Arc<Serving>,
    position: usize,
    fleet: Option<Fleet>,
}

impl Routed {
    fn of(serving: &Arc<Serving>, call: &Invocation<'_>) -> Result<Self, Refusal> {
        if call.request.enable_explanations.is_some() && serving.deployment.explainer.is_none() {
            return Err(Refusal::NoExplainer);
        }
        let position = match call.target_variant {
            Some(name) => serving.position(name).ok_or_else(|| unknown_variant(serving, name))?,
            None => serving.pick().ok_or(Refusal::NoTraffic)?,
        };
        Ok(Self { serving: Arc::clone(serving), position, fleet: None })
    }

    /// What only one of the two deployments has, a variant or an explainer, is found there: while
    /// one takes over from the other, a call that either can answer is answered.
    fn of_either(shift: &Shift, call: &Invocation<'_>) -> Result<Self, Refusal> {
        let [(fleet, first), (other_fleet, second)] = shift.in_turn();
        let at_first = Self::of(first, call).map(|routed| routed.in_fleet(fleet));
        at_first.or_else(|refusal| match Self::of(second, call) {
            Ok(routed) => Ok(routed.in_fleet(other_fleet)),
            Err(other) => Err(refusal.joined_with(other)),
        })
    }

    fn in_fleet(self, fleet: Fleet) -> Self {
        Self { fleet: Some(fleet), ..self }
    }

    /// The variant's name.
    pub fn variant(&self) -> &str {
        text(&self.inner().name)
    }

    /// The name of the model that the variant serves.
    pub fn model(&self) -> &str {
        text(&self.inner().model_name)
    }

    /// Which of two deployments it is of, while one takes over from the other.
    pub fn fleet(&self) -> Option<Fleet> {
        self.fleet
    }

    fn inner(&self) -> &Variant {
        &self.serving.variants[self.position]
    }
}

impl Refusal {
    /// One refusal for two deployments: it names the variants of both.
    fn joined_with(mut self, other: Self) -> Self {
        if let (
            Self::UnknownVariant { variants, .. },
            Self::UnknownVariant { variants: more, .. },
        ) = (&mut self, other)
        {
            variants.extend(more);
            variants.sort_unstable();
            variants.dedup();
        }
        self
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Hosting {
    /// Calls a model. Light calls are computed on the calling thread; heavy ones and those that
    /// wait leave it free.
    pub async fn invoke(&self, call: Invocation<'_>) -> Result<Invoked, Fault> {
        let mut trail = Trail::begin(call.arrived, Phase::Route);
        let routed = self.route(&call)?;
        self.invoke_at(&routed, call, &mut trail).await
    }

    /// Says that a call of an endpoint is coming, which is still being read and verified: what it will
    /// read of the endpoint is near by then.
    pub fn expect_call(&self, endpoint: &str) {
        self.shared.routes.load().fetch(endpoint);
    }

    /// Says that a call that was expected is about to be verified: what it will be recorded in is near
    /// by the time that it is.
    pub fn expect_record(&self, endpoint: &str) {
        self.shared.routes.load().fetch_instruments(endpoint);
    }

    /// Finds out where a call goes, without making it.
    pub fn route(&self, call: &Invocation<'_>) -> Result<Routed, Refusal> {
        match self.shared.routes.load().route(call.endpoint) {
            Some(Route::Serving(serving)) => Routed::of(serving, call),
            Some(Route::Shifting(shift)) => Routed::of_either(shift, call),
            Some(Route::Returning) => Err(Refusal::Returning),
            None => Err(Refusal::UnknownEndpoint),
        }
    }

    /// Makes a call there where [`Hosting::route`] said. `trail` learns how long the model took.
    pub async fn invoke_at(
        &self,
        routed: &Routed,
        call: Invocation<'_>,
        trail: &mut Trail,
    ) -> Result<Invoked, Fault> {
        match self.invoke_at_once(routed, call, trail) {
            Some(answered) => answered,
            // What waits is boxed, so that the future of a call that is computed here stays small.
            None => Box::pin(self.invoke_waiting(routed, call, trail)).await,
        }
    }

    /// As [`Hosting::invoke_at`], without a future. None, and no call was made, of a call that is
    /// heavy or has to wait.
    pub fn invoke_at_once(
        &self,
        routed: &Routed,
        call: Invocation<'_>,
        trail: &mut Trail,
    ) -> Option<Result<Invoked, Fault>> {
        let running = match Running::begin(routed.inner()) {
            Ok(running) => running,
            Err(refusal) => return Some(Err(refusal.into())),
        };
        let outcome = engine_calls::at_once(&*running.permit.instance.engine, call.request)?;
        Some(running.end(outcome, trail))
    }

    async fn invoke_waiting(
        &self,
        routed: &Routed,
        call: Invocation<'_>,
        trail: &mut Trail,
    ) -> Result<Invoked, Fault> {
        let running = Running::begin(routed.inner())?;
        let outcome = self.shared.ask(running.permit.instance, call.request).await;
        running.end(outcome, trail)
    }
}

/// A call that has its place on an instance.
struct Running<'a> {
    variant: &'a Variant,
    permit: Permit<'a>,
    _in_flight: InFlight<'a>,
    started: Instant,
}

impl<'a> Running<'a> {
    fn begin(variant: &'a Variant) -> Result<Self, Refusal> {
        let permit = variant.instances.admit().ok_or_else(|| {
            variant.metrics.refused();
            no_capacity(variant)
        })?;
        let in_flight = variant.metrics.enter();
        Ok(Self { variant, permit, _in_flight: in_flight, started: Instant::now() })
    }

    /// Counts the call, whose outcome is known.
    fn end(self, outcome: Outcome, trail: &mut Trail) -> Result<Invoked, Fault> {
        let ended = Instant::now();
        trail.enter_at(Phase::Model, self.started);
        if outcome.as_ref().is_ok_and(is_good) {
            trail.enter_at(Phase::Reply, ended);
        }
        if let Err(no_answer) = &outcome {
            self.permit.instance.log.line(&no_answer.message);
        }
        self.variant.metrics.record(Sample {
            class: class(&outcome),
            model: ended - self.started,
            overhead: self.started - trail.arrived(),
        });
        judge(self.variant, outcome)
    }
}

impl Shared {
    async fn ask(&self, instance: &Instance, request: Request<'_>) -> Outcome {
        if !instance.engine.is_light(request) {
            return self.in_time(self.call_apart(instance, request)).await;
        }
        match engine_calls::invoke(&*instance.engine, request) {
            Answer::Ready(outcome) => outcome,
            Answer::Pending(answer) => self.in_time(engine_calls::finish(answer)).await,
        }
    }

    /// Runs the call on a blocking thread, at most one a core at a time.
    async fn call_apart(&self, instance: &Instance, request: Request<'_>) -> Outcome {
        let permit = Arc::clone(&self.heavy_calls).acquire_owned().await;
        let engine = Arc::clone(&instance.engine);
        let owned = OwnedRequest::from(request);
        let call = engine_calls::apart(&self.on.background, async move || {
            // Moved in, so that the core counts as taken for as long as the work lasts.
            let _permit = permit;
            match engine.invoke(owned.borrow()) {
                Answer::Ready(outcome) => outcome,
                Answer::Pending(answer) => answer.await,
            }
        });
        call.await.unwrap_or_else(|interruption| Err(interruption.into()))
    }

    async fn in_time(&self, answer: impl Future<Output = Outcome>) -> Outcome {
        let limit = self.on.limits.invocation_timeout;
        tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(NoAnswer {
                message: "Your invocation timed out while waiting for a response from container \
                          primary. Review the latency metrics for each container in Amazon \
                          CloudWatch, resolve the issue, and try again."
                    .to_owned(),
            })
        })
    }
}

/// A request that can move to another thread.
struct OwnedRequest {
    body: Bytes,
    content_type: Option<String>,
    accept: Option<String>,
    custom_attributes: Option<String>,
    enable_explanations: Option<String>,
}

impl From<Request<'_>> for OwnedRequest {
    fn from(request: Request<'_>) -> Self {
        Self {
            body: request.body.clone(),
            content_type: request.content_type.map(str::to_owned),
            accept: request.accept.map(str::to_owned),
            custom_attributes: request.custom_attributes.map(str::to_owned),
            enable_explanations: request.enable_explanations.map(str::to_owned),
        }
    }
}

impl OwnedRequest {
    fn borrow(&self) -> Request<'_> {
        Request {
            body: &self.body,
            content_type: self.content_type.as_deref(),
            accept: self.accept.as_deref(),
            custom_attributes: self.custom_attributes.as_deref(),
            enable_explanations: self.enable_explanations.as_deref(),
        }
    }
}

/// A name as it was given.
fn text(name: &Name) -> &str {
    // It was made from text.
    str::from_utf8(name).unwrap_or_default()
}

fn unknown_variant(serving: &Serving, target: &str) -> Refusal {
    let variants = &serving.deployment.variants;
    Refusal::UnknownVariant {
        target: target.to_owned(),
        variants: variants.iter().map(|variant| variant.name.clone()).collect(),
    }
}

fn no_capacity(variant: &Variant) -> Refusal {
    Refusal::NoCapacity {
        variant: Bytes::copy_from_slice(&variant.name),
        instances: variant.instances.count(),
        calls_per_instance: variant.instances.calls_max(),
    }
}

fn is_good(reply: &Reply) -> bool {
    matches!(reply.status, 200..=299)
}

fn class(outcome: &Outcome) -> CallClass {
    outcome.as_ref().map_or(CallClass::NoAnswer, |reply| CallClass::of_status(reply.status))
}

fn judge(variant: &Variant, outcome: Outcome) -> Result<Invoked, Fault> {
    match outcome {
        Ok(reply) if is_good(&reply) => {
            Ok(Invoked { variant: Bytes::copy_from_slice(&variant.name), reply })
        }
        Ok(reply) => Err(Fault::Model { reply }),
        Err(no_answer) => Err(Fault::NoAnswer(no_answer)),
    }
}
