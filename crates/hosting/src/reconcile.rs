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

use resources::{Deployment, Endpoint, EndpointStatus, Error};
use store::ArtifactId;
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    Hosting,
    bring_up::{self, BroughtUp, FailureReason, Plan},
    engine_calls,
    live::Epoch,
    news::{News, Outcome, kept, wanted},
    routes::{Route, RouteTable, Serving},
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
    serving: HashMap<String, Arc<Serving>>,
    /// Endpoints that served before the last stop and do not yet again.
    returning: HashSet<String>,
    /// Deployments being brought up, by id.
    starting: HashMap<String, AbortHandle>,
    results: JoinSet<Started>,
    /// Deployments that did not come up, by id. They are not tried again before the next start.
    given_up: HashSet<String>,
    /// What became true and is not written down yet.
    news: Vec<News>,
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
            serving: HashMap::new(),
            returning: HashSet::new(),
            starting: HashMap::new(),
            results: JoinSet::new(),
            given_up: HashSet::new(),
            news: Vec::new(),
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
                if endpoint.status == EndpointStatus::InService {
                    endpoint.status = EndpointStatus::SystemUpdating;
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
            () = tokio::time::sleep(if self.litter { LITTER_TICK } else { TICK }) => {}
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

    async fn pass(&mut self) {
        self.forget_what_was_reset();
        self.write_news().await;
        let store = &self.hosting.on().store;
        let records = store.read(|tx| -> Result<_, Error> { Ok(tx.endpoints().each()?) }).await;
        let endpoints = match records {
            Ok(records) => self.unreadable.set_apart(records),
            Err(error) => return report("endpoints could not be read", &error),
        };
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
            self.serving.keys().for_each(|name| metrics.remove_endpoint(name));
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
        self.serving.retain(|name, serving| {
            let keep = kept.contains(serving.deployment.id.as_str()) || unreadable.contains(name);
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
        let serves = self.serving.get(&endpoint.name).map(|serving| serving.deployment.id.as_str());
        let tried = self.starting.contains_key(&next.id) || self.given_up.contains(&next.id);
        if serves != Some(&next.id) && !tried {
            self.start(Plan {
                endpoint: endpoint.name.clone(),
                deployment: next.clone(),
                beside: self.serving.get(&endpoint.name).cloned(),
            });
        }
    }

    /// The deployment to bring up next: the wanted one; but where a stop broke an update off, the
    /// one that served before goes first, so that the endpoint serves while the update goes on.
    fn next<'e>(&self, endpoint: &'e Endpoint) -> Option<&'e Deployment> {
        let wanted = wanted(endpoint)?;
        let nothing_serves = !self.serving.contains_key(&endpoint.name);
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
            Ok(brought_up) => {
                let (on, before) = (self.hosting.on(), self.serving.get(&endpoint));
                let deployment = brought_up.deployment.clone();
                let serving = Serving::new(on, &endpoint, brought_up, before.map(Arc::as_ref));
                self.serving.insert(endpoint.clone(), Arc::new(serving));
                self.returning.remove(&endpoint);
                Outcome::Serves(deployment)
            }
            Err(FailureReason(reason)) => {
                tracing::warn!(endpoint, reason, "a deployment did not come up");
                self.given_up.insert(deployment_id.clone());
                let old_serves = self.serving.contains_key(&endpoint);
                Outcome::Failed { reason, old_serves }
            }
        };
        self.news.push(News { endpoint, deployment_id, outcome });
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
        let serving = self
            .serving
            .iter()
            .map(|(name, serving)| (name.clone(), Route::Serving(Arc::clone(serving))));
        let returning = self.returning.iter().map(|name| (name.clone(), Route::Returning));
        let routes = returning.chain(serving).collect();
        self.hosting.shared.routes.publish(RouteTable { routes }, self.epoch);
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
            .filter_map(|variant| variant.artifact_id.clone().map(ArtifactId))
            .collect();
        match self.hosting.on().store.artifacts().retain(&used).await {
            Ok(all_gone) => self.litter = !all_gone,
            Err(error) => tracing::error!(%error, "unused artifacts could not be removed"),
        }
    }
}

fn report(what: &str, error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "{what}");
}
