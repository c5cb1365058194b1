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

use resources::{Deployment, Endpoint, EndpointStatus, Error, Timestamp};
use store::{ArtifactId, Tx};
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    Hosting,
    bring_up::{self, BroughtUp, FailureReason},
    routes::{Route, RouteTable, Serving},
};

/// How often intent is looked at when nobody says that it changed.
const TICK: Duration = Duration::from_secs(10);

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
    /// Whether there may be artifacts that nobody refers to any more.
    litter: bool,
}

/// What came of one bring-up.
#[derive(Debug)]
struct Started {
    endpoint: String,
    deployment_id: String,
    result: Result<BroughtUp, FailureReason>,
}

/// What the store must learn about one endpoint.
#[derive(Debug)]
struct News {
    endpoint: String,
    deployment_id: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Serves(Deployment),
    Failed { reason: String, old_serves: bool },
}

impl News {
    /// Writes it down, unless the intent has moved on meanwhile.
    fn write_down(self, tx: &Tx<'_>, now: Timestamp) -> Result<(), Error> {
        let Some(mut endpoint) = tx.endpoints().get(&self.endpoint)? else { return Ok(()) };
        if wanted(&endpoint).is_none_or(|deployment| deployment.id != self.deployment_id) {
            return Ok(());
        }
        self.outcome.apply(&mut endpoint);
        endpoint.modified = now;
        Ok(tx.endpoints().put(&endpoint)?)
    }
}

impl Outcome {
    /// A failed change leaves what served before; a failed start leaves nothing.
    fn apply(self, endpoint: &mut Endpoint) {
        endpoint.failure_reason = None;
        match self {
            Self::Serves(deployment) => {
                endpoint.status = EndpointStatus::InService;
                endpoint.current = Some(deployment);
                endpoint.pending = None;
            }
            Self::Failed { reason, old_serves: true } => {
                endpoint.status = EndpointStatus::InService;
                endpoint.failure_reason = Some(reason);
                endpoint.pending = None;
            }
            Self::Failed { reason, old_serves: false } => {
                endpoint.status = EndpointStatus::Failed;
                endpoint.failure_reason = Some(reason);
            }
        }
    }
}

impl Reconciler {
    fn new(hosting: Hosting) -> Self {
        Self {
            hosting,
            serving: HashMap::new(),
            returning: HashSet::new(),
            starting: HashMap::new(),
            results: JoinSet::new(),
            litter: true,
        }
    }

    /// At the start nothing serves, whatever the store says.
    async fn mark_returning(&mut self) {
        let store = &self.hosting.on().store;
        let marked = store.write(|tx| -> Result<_, Error> {
            let mut names = HashSet::new();
            for mut endpoint in tx.endpoints().all()? {
                if endpoint.status == EndpointStatus::InService {
                    endpoint.status = EndpointStatus::SystemUpdating;
                    tx.endpoints().put(&endpoint)?;
                }
                if endpoint.status == EndpointStatus::SystemUpdating {
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
            () = tokio::time::sleep(TICK) => {}
            Some(first) = self.results.join_next() => {
                let mut joined = vec![first];
                joined.extend(std::iter::from_fn(|| self.results.try_join_next()));
                // A bring-up ends in an error only when it was aborted: nobody wants it any more.
                self.finish(joined.into_iter().flatten().collect()).await;
            }
        }
    }

    async fn pass(&mut self) {
        let store = &self.hosting.on().store;
        let endpoints =
            match store.read(|tx| -> Result<_, Error> { Ok(tx.endpoints().all()?) }).await {
                Ok(endpoints) => endpoints,
                Err(error) => return report("endpoints could not be read", &error),
            };
        self.drop_unwanted(&endpoints);
        for endpoint in &endpoints {
            self.converge(endpoint).await;
        }
        self.publish();
        self.collect_artifacts(&endpoints).await;
        self.hosting.shared.settled.send_replace(self.returning.is_empty());
    }

    /// Forgets every deployment that no endpoint asks for.
    fn drop_unwanted(&mut self, endpoints: &[Endpoint]) {
        let wanted: HashSet<&str> = ids(endpoints.iter().filter_map(wanted));
        let kept: HashSet<&str> = ids(endpoints.iter().flat_map(kept));
        self.starting.retain(|id, task| {
            let keep = wanted.contains(id.as_str());
            if !keep {
                task.abort();
            }
            keep
        });
        self.serving.retain(|_, serving| kept.contains(serving.deployment_id.as_str()));
        self.returning.retain(|name| endpoints.iter().any(|endpoint| endpoint.name == *name));
    }

    async fn converge(&mut self, endpoint: &Endpoint) {
        if endpoint.status == EndpointStatus::Deleting {
            return self.forget(endpoint).await;
        }
        let Some(deployment) = wanted(endpoint) else { return };
        let serves = self.serving.get(&endpoint.name).map(|serving| serving.deployment_id.as_str());
        if serves != Some(&deployment.id) && !self.starting.contains_key(&deployment.id) {
            self.start(endpoint.name.clone(), deployment.clone());
        }
    }

    fn start(&mut self, endpoint: String, deployment: Deployment) {
        let deployment_id = deployment.id.clone();
        let hosting = self.hosting.clone();
        let id = deployment_id.clone();
        let task = self.results.spawn(async move {
            let result = bring_up::deployment(hosting, endpoint.clone(), deployment).await;
            Started { endpoint, deployment_id, result }
        });
        self.starting.insert(id, task);
    }

    /// Publishes first and writes down after, so that a client which reads `InService` can call.
    async fn finish(&mut self, started: Vec<Started>) {
        let news: Vec<News> =
            started.into_iter().filter_map(|started| self.take_over(started)).collect();
        self.publish();
        let now = self.hosting.on().clock.now();
        let written = self.hosting.on().store.write(move |tx| -> Result<(), Error> {
            news.into_iter().try_for_each(|news| news.write_down(tx, now))
        });
        if let Err(error) = written.await {
            report("what became of the endpoints could not be written", &error);
        }
    }

    /// Lets what came up serve; none if nobody wants it any more.
    fn take_over(&mut self, started: Started) -> Option<News> {
        let Started { endpoint, deployment_id, result } = started;
        self.starting.remove(&deployment_id)?;
        self.returning.remove(&endpoint);
        let outcome = match result {
            Ok(BroughtUp { deployment, serving }) => {
                self.serving.insert(endpoint.clone(), serving);
                Outcome::Serves(deployment)
            }
            Err(FailureReason(reason)) => {
                tracing::warn!(endpoint, reason, "a deployment did not come up");
                let old_serves = self.serving.contains_key(&endpoint);
                Outcome::Failed { reason, old_serves }
            }
        };
        Some(News { endpoint, deployment_id, outcome })
    }

    /// Takes a deleted endpoint out of the table, then out of the store. Calls in flight keep
    /// their engine until they end.
    async fn forget(&mut self, endpoint: &Endpoint) {
        self.serving.remove(&endpoint.name);
        self.returning.remove(&endpoint.name);
        self.litter = true;
        self.publish();
        let name = endpoint.name.clone();
        let deleted = self
            .hosting
            .on()
            .store
            .write(move |tx| -> Result<_, Error> { Ok(tx.endpoints().delete(&name)?) });
        match deleted.await {
            Ok(_) => self.hosting.on().metrics.remove_endpoint(&endpoint.name),
            Err(error) => report("an endpoint could not be removed", &error),
        }
    }

    fn publish(&self) {
        let serving = self
            .serving
            .iter()
            .map(|(name, serving)| (name.clone(), Route::Serving(Arc::clone(serving))));
        let returning = self.returning.iter().map(|name| (name.clone(), Route::Returning));
        let routes = returning.chain(serving).collect();
        self.hosting.shared.routes.store(Arc::new(RouteTable { routes }));
    }

    /// Removes artifacts that no endpoint refers to. While something starts, an artifact may be
    /// fetched that no record names yet, so nothing is removed then.
    async fn collect_artifacts(&mut self, endpoints: &[Endpoint]) {
        if !self.litter || !self.starting.is_empty() {
            return;
        }
        let used: Vec<ArtifactId> = endpoints
            .iter()
            .flat_map(|endpoint| endpoint.current.iter().chain(endpoint.pending.iter()))
            .flat_map(|deployment| &deployment.variants)
            .filter_map(|variant| variant.artifact_id.clone().map(ArtifactId))
            .collect();
        match self.hosting.on().store.artifacts().retain(&used).await {
            Ok(()) => self.litter = false,
            Err(error) => tracing::error!(%error, "unused artifacts could not be removed"),
        }
    }
}

/// The deployment that should serve in the end.
fn wanted(endpoint: &Endpoint) -> Option<&Deployment> {
    match endpoint.status {
        EndpointStatus::Deleting | EndpointStatus::Failed => None,
        _ => endpoint.pending.as_ref().or(endpoint.current.as_ref()),
    }
}

/// The deployments that may serve meanwhile.
fn kept(endpoint: &Endpoint) -> impl Iterator<Item = &Deployment> {
    wanted(endpoint).into_iter().chain(wanted(endpoint).and(endpoint.current.as_ref()))
}

fn ids<'a>(deployments: impl Iterator<Item = &'a Deployment>) -> HashSet<&'a str> {
    deployments.map(|deployment| deployment.id.as_str()).collect()
}

fn report(what: &str, error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "{what}");
}
