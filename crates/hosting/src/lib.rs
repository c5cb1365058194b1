//! Endpoints: intent, reconciler, route table, invocation.
//!
//! The control plane ([`models`], [`endpoint_configs`], [`endpoints`]) writes intent to the store
//! and returns. The reconciler makes it true: it fetches artifacts, opens models and publishes a
//! new [route table](routes). [`Hosting::invoke`] reads that snapshot and nothing else: no
//! database, no lock. How models run is behind [`engine_api`]; what the calls look like on the
//! wire is the caller's business.

mod bring_up;
pub mod endpoint_configs;
pub mod endpoints;
mod engine_calls;
mod fleets;
mod instance_log;
mod instances;
mod invoke;
mod live;
pub mod models;
mod news;
mod policies;
mod reconcile;
mod rollouts;
mod routes;
mod table;
pub mod tags;
mod unreadable;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use engine_api::EngineFactory;
use resources::{Account, Clock, Error, ErrorKind};
use store::Store;
use telemetry::{Logs, Metrics};
use tokio::sync::{Notify, Semaphore, watch};

/// The contract that [`Foundations::engines`] keeps.
pub use engine_api;
pub use engine_api::{NoAnswer, Reply, Request as ModelRequest};
pub use invoke::{Fault, Invocation, Invoked, Refusal, Routed};
use live::LiveRoutes;
pub use policies::{RolloutPolicy, Size, Steps};

/// The bounds that hosting keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls that one instance works on at a time; the next one is refused.
    pub calls_per_instance: u32,
    /// How long a model may take to answer.
    pub invocation_timeout: Duration,
    /// How long an endpoint may take to fetch and open one variant's model.
    pub startup_timeout: Duration,
    /// Models that are fetched and opened at a time; the next wait, which their
    /// `startup_timeout` does not count.
    pub starts_at_a_time: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_per_instance: 256,
            invocation_timeout: Duration::from_mins(1),
            startup_timeout: Duration::from_mins(4),
            starts_at_a_time: 8,
        }
    }
}

/// What hosting stands on.
#[derive(Debug)]
pub struct Foundations {
    /// Whose endpoints these are.
    pub account: Account,
    /// What time it is.
    pub clock: Arc<Clock>,
    /// Where intent and artifacts are kept.
    pub store: Store,
    /// What opens models.
    pub engines: Arc<dyn EngineFactory>,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
    /// Where model servers' lines go.
    pub logs: Arc<Logs>,
    /// The runtime for everything that is not an inline call.
    pub background: tokio::runtime::Handle,
    /// The bounds to keep.
    pub limits: Limits,
}

/// The endpoints of one server. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Hosting {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    on: Foundations,
    routes: LiveRoutes,
    /// Tells the reconciler that intent changed.
    wake: Notify,
    /// True once everything that served before the last stop has been tried again.
    settled: watch::Sender<bool>,
    started: AtomicBool,
    /// Calls too heavy for a listener thread share the cores through these permits.
    heavy_calls: Arc<Semaphore>,
    /// Models are fetched and opened under these permits.
    starts: Semaphore,
}

impl Hosting {
    /// Endpoints that nothing drives yet; see [`Hosting::start`].
    pub fn new(foundations: Foundations) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let starts = Semaphore::new(foundations.limits.starts_at_a_time.max(1));
        let shared = Shared {
            on: foundations,
            routes: LiveRoutes::default(),
            wake: Notify::new(),
            settled: watch::Sender::new(false),
            started: AtomicBool::new(false),
            heavy_calls: Arc::new(Semaphore::new(cores)),
            starts,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts the reconciler on the background runtime; once, further calls do nothing.
    pub fn start(&self) {
        if !self.shared.started.swap(true, std::sync::atomic::Ordering::AcqRel) {
            let hosting = self.clone();
            self.on().background.spawn(reconcile::run(hosting));
        }
    }

    /// Waits until everything that served before the last stop serves again or has failed.
    pub async fn settled(&self) {
        // The sender lives in `self`, so the channel can't close while we wait.
        let _ = self.shared.settled.subscribe().wait_for(|settled| *settled).await;
    }

    /// Forgets every endpoint at once; for test suites, after the store was emptied.
    pub fn reset(&self) {
        self.shared.routes.forget_all();
        self.wake();
    }

    /// Tells that the clock was advanced: what waits for a time may be due.
    pub fn clock_advanced(&self) {
        self.wake();
    }

    fn on(&self) -> &Foundations {
        &self.shared.on
    }

    fn wake(&self) {
        self.shared.wake.notify_one();
    }
}

fn not_found(what: &str, arn: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("Could not find {what} \"{arn}\""))
}

fn already_exists(what: &str, arn: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("Cannot create already existing {what} \"{arn}\""))
}
