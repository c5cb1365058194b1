//! The reconciler: makes what serves equal to what the store says should.
//!
//! A pass reads every endpoint, starts what is missing, drops what is not wanted, publishes the
//! route table and writes down what became true. It takes no input and may run at any time, any
//! number of times; a signal or the clock starts the next one.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use resources::{DeployedVariant, Deployment, Endpoint, EndpointStatus, Error, Timestamp};
use store::ArtifactId;
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    Hosting,
    bring_up::{self, BroughtUp, FailureReason, Plan},
    engine_calls,
    fleets::Fleets,
    live::Epoch,
    news::{News, Outcome, kept, wanted},
    rollouts,
    routes::{Route, Serving},
    unreadable::Unreadable,
};

/// How often intent is looked at when nobody says that it changed.
const TICK: Duration = Duration::from_secs(10);
/// The same while there may be artifacts to remove that were in use at the last look.
const LITTER_TICK: Duration = Duration::from_secs(1);

/// Runs until the runtime ends.
pub(crate) async fn run(hosting: Hosting) {
    let mut reconciler = Reconciler::new(hosting);
    reconciler.mark_returning().await;
    loop {
        reconciler.pass().await;
        reconciler.wait().await;
    }
}

#[derive(Debug)]
struct Reconciler {
    hosting: Hosting,
    /// What serves, by endpoint.
    fleets: HashMap<String, Fleets>,
    /// Endpoints that served before the last stop and do not yet again.
    returning: HashSet<String>,
    /// Deployments being brought up, by id.
    starting: HashMap<String, AbortHandle>,
    results: JoinSet<Started>,
    /// Deployments that did not come up, by id. They are not tried again before the next start.
    given_up: HashSet<String>,
    /// What became true and is not written down yet.
    news: Vec<News>,
    /// When a rollout is to move on next.
    due: Option<Timestamp>,
    /// Whether there may be artifacts that nobody refers to any more.
    litter: bool,
    /// Endpoints whose records can't be read.
    unreadable: Unreadable,
    /// The resets that all this knows of.
    epoch: Epoch,
}

/// What came of one bring-up.
#[derive(Debug)]
struct Started {
    endpoint: String,
    deployment_id: String,
    result: Result<BroughtUp, FailureReason>,
}

impl Reconciler {
    fn new(hosting: Hosting) -> Self {
        let epoch = hosting.shared.routes.epoch();
        Self {
            hosting,
            fleets: HashMap::new(),
            returning: HashSet::new(),
            starting: HashMap::new(),
            results: JoinSet::new(),
            given_up: HashSet::new(),
            news: Vec::new(),
            due: None,
            litter: true,
            unreadable: Unreadable::default(),
            epoch,
        }
    }

    /// At the start nothing serves, whatever the store says.
    async fn mark_returning(&mut self) {
        let store = &self.hosting.on().store;
        let marked = store.write(|tx| -> Result<_, Error> {
            let mut names = HashSet::new();
            // What can't be read is reported by the first pass.
            for mut endpoint in tx.endpoints().each()?.into_iter().flatten() {
                if stopped_serving(&mut endpoint) {
                    tx.endpoints().put(&endpoint)?;
                }
                if wanted(&endpoint).is_some() && endpoint.current.is_some() {
                    names.insert(endpoint.name);
                }
            }
            Ok(names)
        });
        match marked.await {
            Ok(names) => self.returning = names,
            Err(error) => report("endpoints could not be read at the start", &error),
        }
    }

    async fn wait(&mut self) {
        let hosting = self.hosting.clone();
        tokio::select! {
            () = hosting.shared.wake.notified() => {}
            () = tokio::time::sleep(self.patience()) => {}
            Some(first) = self.results.join_next() => {
                let mut joined = vec![first];
                joined.extend(std::iter::from_fn(|| self.results.try_join_next()));
                // Even one that was aborted may have left an artifact behind.
                self.litter = true;
                // A bring-up ends in an error only when it was aborted: nobody wants it any more.
                joined.into_iter().flatten().for_each(|started| self.take_over(started));
                // Published before it is written down, so that a client which reads `InService`
                // can call.
                self.publish();
            }
        }
    }

    /// How long to wait if nobody says that something changed.
    fn patience(&self) -> Duration {
        let tick = if self.litter { LITTER_TICK } else { TICK };
        let now = self.hosting.on().clock.now();
        self.due.map_or(tick, |due| tick.min(now.until(due)))
    }

    async fn pass(&mut self) {
        self.forget_what_was_reset();
        self.write_news().await;
        let store = &self.hosting.on().store;
        let records = store.read(|tx| -> Result<_, Error> { Ok(tx.endpoints().each()?) }).await;
        let mut endpoints = match records {
            Ok(records) => self.unreadable.set_apart(records),
            Err(error) => return report("endpoints could not be read", &error),
        };
        self.move_rollouts_on(&mut endpoints).await;
        self.follow(&endpoints);
        self.drop_unwanted(&endpoints);
        for endpoint in &endpoints {
            self.converge(endpoint);
        }
        self.publish();
        self.forget_deleted(&endpoints).await;
        self.collect_artifacts(&endpoints).await;
        // What can't be told to a damaged record waits for it, and nobody waits for that.
        let told = self.news.iter().all(|news| self.unreadable.contains(&news.endpoint));
        let settled = self.returning.is_empty() && told;
        self.hosting.shared.settled.send_replace(settled);
    }

    /// After a reset all that is known is of endpoints that are no more, even where new ones have
    /// taken their names.
    fn forget_what_was_reset(&mut self) {
        let epoch = self.hosting.shared.routes.epoch();
        if epoch != self.epoch {
            let hosting = self.hosting.clone();
            let metrics = &self.hosting.on().metrics;
            self.fleets.keys().for_each(|name| metrics.remove_endpoint(name));
            // Bring-ups under way are aborted with their set.
            *self = Self { epoch, ..Self::new(hosting) };
        }
    }

    /// Writes down what became true. What can't be written now is kept for the next pass.
    async fn write_news(&mut self) {
        if self.news.is_empty() {
            return;
        }
        let news = self.news.clone();
        let now = self.hosting.on().clock.now();
        let written = self.hosting.on().store.write(move |tx| -> Result<Vec<News>, Error> {
            let written = news.into_iter().map(|news| news.write_down(tx, now));
            written.filter_map(Result::transpose).collect()
        });
        match written.await {
            Ok(left) => self.news = left,
            Err(error) => report("what became of the endpoints could not be written", &error),
        }
    }

    /// Writes down of each rollout that is due that it has moved on, or that it is given up.
    async fn move_rollouts_on(&mut self, endpoints: &mut [Endpoint]) {
        let now = self.hosting.on().clock.now();
        let fleets = &self.fleets;
        let is_due =
            |endpoint: &&mut Endpoint| rollouts::is_due(endpoint, fleets.get(&endpoint.name), now);
        let due: Vec<&mut Endpoint> = endpoints.iter_mut().filter(is_due).collect();
        let names: Vec<String> = due.iter().map(|endpoint| endpoint.name.clone()).collect();
        self.due = None;
        if !names.is_empty() {
            self.give_shares(&due, now);
            let moved = self.hosting.on().store.write(move |tx| -> Result<Vec<_>, Error> {
                names.iter().map(|name| rollouts::move_on(tx, name, now)).collect()
            });
            match moved.await {
                Ok(moved) => due.into_iter().zip(moved).for_each(take_if_any),
                // The next tick tries again.
                Err(error) => return report("rollouts could not be moved on", &error),
            }
        }
        let changes = endpoints.iter().filter_map(|endpoint| {
            rollouts::next_change(endpoint, self.fleets.get(&endpoint.name), now)
        });
        self.due = changes.min();
    }

    /// Gives new fleets the shares of what is about to be written down, so that a client which reads
    /// it finds calls answered accordingly.
    fn give_shares(&mut self, due: &[&mut Endpoint], now: Timestamp) {
        for endpoint in due {
            if let Some(fleets) = self.fleets.get_mut(&endpoint.name) {
                fleets.give_green(rollouts::share_then(endpoint, now));
            }
        }
        self.publish();
    }

    /// Gives every fleet its share of the calls, and lets those go that have none any more.
    fn follow(&mut self, endpoints: &[Endpoint]) {
        for endpoint in endpoints {
            let Some(fleets) = self.fleets.get_mut(&endpoint.name) else { continue };
            if fleets.follow(endpoint) {
                self.litter = true;
                retain_instruments(&self.hosting, &endpoint.name, fleets);
            }
        }
    }

    /// Forgets every deployment that no endpoint asks for.
    fn drop_unwanted(&mut self, endpoints: &[Endpoint]) {
        let kept: HashSet<&str> = endpoints.iter().flat_map(kept).map(|d| d.id.as_str()).collect();
        self.starting.retain(|id, task| {
            let keep = kept.contains(id.as_str());
            if !keep {
                task.abort();
            }
            keep
        });
        let (metrics, unreadable) = (&self.hosting.on().metrics, &self.unreadable);
        self.fleets.retain(|name, fleets| {
            let id = fleets.blue().deployment.id.as_str();
            let keep = kept.contains(id) || unreadable.contains(name);
            if !keep {
                self.litter = true;
                metrics.remove_endpoint(name);
            }
            keep
        });
        self.given_up.retain(|id| kept.contains(id.as_str()));
        let alive = endpoints.iter().filter(|endpoint| wanted(endpoint).is_some());
        let alive: HashSet<&str> = alive.map(|endpoint| endpoint.name.as_str()).collect();
        self.returning.retain(|name| alive.contains(name.as_str()));
    }

    /// Starts what is missing; an endpoint on its way out misses nothing.
    fn converge(&mut self, endpoint: &Endpoint) {
        let Some(next) = self.next(endpoint) else { return };
        let fleets = self.fleets.get(&endpoint.name);
        let is_up = fleets.is_some_and(|fleets| fleets.is_up(&next.id));
        let tried = self.starting.contains_key(&next.id) || self.given_up.contains(&next.id);
        if !is_up && !tried {
            self.start(Plan {
                endpoint: endpoint.name.clone(),
                deployment: next.clone(),
                beside: fleets.map(|fleets| Arc::clone(fleets.blue())),
            });
        }
    }

    /// The deployment to bring up next: the wanted one; but where a stop broke an update off, the
    /// one that served before goes first, so that the endpoint serves while the update goes on.
    fn next<'e>(&self, endpoint: &'e Endpoint) -> Option<&'e Deployment> {
        let wanted = wanted(endpoint)?;
        let nothing_serves = !self.fleets.contains_key(&endpoint.name);
        let before = endpoint.current.as_ref().filter(|_| nothing_serves);
        before.filter(|current| !self.given_up.contains(&current.id)).or(Some(wanted))
    }

    fn start(&mut self, plan: Plan) {
        let hosting = self.hosting.clone();
        let (endpoint, deployment_id) = (plan.endpoint.clone(), plan.deployment.id.clone());
        let id = deployment_id.clone();
        let task = self.results.spawn(async move {
            let result = engine_calls::contained(bring_up::deployment(hosting, plan)).await;
            let result = result.unwrap_or_else(|panic| Err(FailureReason(panic)));
            Started { endpoint, deployment_id, result }
        });
        self.starting.insert(id, task);
    }

    /// Lets what came up serve, unless nobody wants it any more.
    fn take_over(&mut self, started: Started) {
        let Started { endpoint, deployment_id, result } = started;
        if self.starting.remove(&deployment_id).is_none() {
            return;
        }
        // Whatever the outcome, artifacts of the old deployment or of a part of the new one may
        // have no use any more.
        self.litter = true;
        let outcome = match result {
            Ok(brought_up) => self.serve(&endpoint, brought_up),
            Err(FailureReason(reason)) => {
                tracing::warn!(endpoint, reason, "a deployment did not come up");
                self.given_up.insert(deployment_id.clone());
                let old_serves = self.fleets.contains_key(&endpoint);
                Outcome::Failed { reason, old_serves }
            }
        };
        self.news.push(News { endpoint, deployment_id, outcome });
    }

    /// Lets a deployment serve: beside the one that it takes over from step by step, or alone.
    fn serve(&mut self, endpoint: &str, brought_up: BroughtUp) -> Outcome {
        let deployment = brought_up.deployment.clone();
        let before = self.fleets.get_mut(endpoint);
        let blue = before.as_ref().map(|fleets| Arc::clone(fleets.blue()));
        let serving = Serving::new(self.hosting.on(), endpoint, brought_up, blue.as_deref());
        self.returning.remove(endpoint);
        if let (Some(fleets), Some(rollout)) = (before, &deployment.rollout) {
            fleets.add_green(serving, rollout.share());
            return Outcome::TakesOver(deployment);
        }
        let fleets = Fleets::of(serving);
        retain_instruments(&self.hosting, endpoint, &fleets);
        self.fleets.insert(endpoint.to_owned(), fleets);
        Outcome::Serves(deployment)
    }

    /// Takes deleted endpoints out of the store, once they are out of the table. Calls in flight
    /// keep their engine until they end.
    async fn forget_deleted(&mut self, endpoints: &[Endpoint]) {
        let deleting = |endpoint: &&Endpoint| endpoint.status == EndpointStatus::Deleting;
        let names: Vec<String> =
            endpoints.iter().filter(deleting).map(|endpoint| endpoint.name.clone()).collect();
        if names.is_empty() {
            return;
        }
        self.litter = true;
        let deleted = self.hosting.on().store.write(move |tx| -> Result<(), Error> {
            names.iter().try_for_each(|name| Ok(tx.endpoints().delete(name).map(drop)?))
        });
        if let Err(error) = deleted.await {
            report("deleted endpoints could not be removed", &error);
        }
    }

    fn publish(&self) {
        let serving = self.fleets.iter().map(|(name, fleets)| (name.as_str(), fleets.route()));
        let returning = self.returning.iter().map(|name| (name.as_str(), Route::Returning));
        self.hosting.shared.routes.publish(returning.chain(serving).collect(), self.epoch);
    }

    /// Removes artifacts that no endpoint refers to. While something starts, and until it is
    /// written down, there may be an artifact that no record names yet, and what an unreadable
    /// record names nobody knows, so nothing is removed.
    async fn collect_artifacts(&mut self, endpoints: &[Endpoint]) {
        let unnamed = !self.starting.is_empty() || !self.news.is_empty();
        if !self.litter || unnamed || !self.unreadable.is_empty() {
            return;
        }
        let used: Vec<ArtifactId> = endpoints
            .iter()
            .flat_map(kept)
            .flat_map(|deployment| &deployment.variants)
            .flat_map(DeployedVariant::artifact_ids)
            .map(|id| ArtifactId(id.clone()))
            .collect();
        match self.hosting.on().store.artifacts().retain(&used).await {
            Ok(all_gone) => self.litter = !all_gone,
            Err(error) => tracing::error!(%error, "unused artifacts could not be removed"),
        }
    }
}

/// Takes from an endpoint's record what a stop made untrue; whether there was anything.
fn stopped_serving(endpoint: &mut Endpoint) -> bool {
    let served = endpoint.status == EndpointStatus::InService;
    if served {
        endpoint.status = EndpointStatus::SystemUpdating;
    }
    let rollout = endpoint.pending.as_mut().and_then(|pending| pending.rollout.as_mut());
    let step_began = rollout.and_then(|rollout| rollout.step_began.take());
    served || step_began.is_some()
}

fn take_if_any<T>((place, new): (&mut T, Option<T>)) {
    if let Some(new) = new {
        *place = new;
    }
}

/// What serves no more is measured no more.
fn retain_instruments(hosting: &Hosting, endpoint: &str, fleets: &Fleets) {
    hosting.on().metrics.retain_variants(endpoint, |name| fleets.has_variant(name));
}

fn report(what: &str, error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "{what}");
}
