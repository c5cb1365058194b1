//! REST APIs as Amazon API Gateway runs them.
//!
//! [`control`] keeps what authors define. A deployment freezes it, and [`serve`] compiles that
//! once and answers calls from an immutable snapshot: no database, no lock. [`mapping`] renders
//! mapping templates: what a request or an answer becomes on its way through. What the control
//! plane looks like on the wire, and what AWS services do, is for others: see [`aws::AwsCall`].

pub mod aws;
pub mod control;
pub mod headers;
pub mod mapping;
mod parameters;
mod patterns;
mod refusal;
mod schemas;
pub mod serve;

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use identity::Keys;
use resources::{Account, Clock, Error};
use store::Store;
use telemetry::{Logs, Metrics};
use tokio::sync::Mutex;

use aws::AwsCall;
pub use control::{PageQuery, patch::PatchOperation};
use serve::Table;
pub use serve::http::{HostRules, HttpBackends};
pub use serve::{Outcome, Trial};

/// What the gateway stands on.
#[derive(Debug)]
pub struct Foundations {
    /// Whose APIs these are.
    pub account: Account,
    /// What time it is.
    pub clock: Arc<Clock>,
    /// Where definitions are kept.
    pub store: Store,
    /// Who may call methods that ask for a signature.
    pub keys: Arc<Keys>,
    /// The HTTP servers that integrations may reach.
    pub http: HttpBackends,
    /// Where calls are counted, and kept for who asks why.
    pub metrics: Arc<Metrics>,
    /// What stages write of each call.
    pub logs: Arc<Logs>,
    /// The bounds to keep.
    pub limits: Limits,
}

/// The bounds of bodies that are kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all large bodies in memory, those of the server's other services among them.
    pub bodies_in_flight_bytes_max: usize,
    /// How long a caller may take to send its body.
    pub body_timeout: Duration,
}

/// The REST APIs of one server. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    on: Foundations,
    /// What is served now.
    table: ArcSwap<Table>,
    /// Held while the table is changed, so that of two changes the later one stays.
    publishing: Mutex<()>,
    aws: OnceLock<Weak<dyn AwsCall>>,
}

impl Gateway {
    /// APIs that nobody can call yet; see [`Gateway::start`].
    pub fn new(foundations: Foundations) -> Self {
        let shared = Shared {
            on: foundations,
            table: ArcSwap::from_pointee(Table::default()),
            publishing: Mutex::new(()),
            aws: OnceLock::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Serves what was deployed before the last stop.
    pub async fn start(&self) -> Result<(), Error> {
        let _turn = self.shared.publishing.lock().await;
        let table = serve::publish::everything(&self.on().store).await?;
        self.shared.table.store(Arc::new(table));
        Ok(())
    }

    /// Forgets every API at once; for test suites, after the store was emptied.
    pub fn reset(&self) {
        self.shared.table.store(Arc::default());
    }

    /// Serves one API as the store has it now.
    pub(crate) async fn publish(&self, api: &str) -> Result<(), Error> {
        let _turn = self.shared.publishing.lock().await;
        let before = self.shared.table.load_full();
        let table = serve::publish::one(&self.on().store, &before, api).await?;
        self.shared.table.store(Arc::new(table));
        Ok(())
    }

    /// Tells which AWS services integrations call. Whoever fills the port may itself hold the
    /// gateway, so that it is not kept alive from here.
    pub fn connect(&self, port: Weak<dyn AwsCall>) {
        // A second port is a second wiring of one server, which nothing does.
        let _ = self.shared.aws.set(port);
    }

    pub(crate) fn aws_port(&self) -> Option<Arc<dyn AwsCall>> {
        self.shared.aws.get()?.upgrade()
    }

    /// What is served at this moment.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.shared.table.load_full()
    }

    pub(crate) fn on(&self) -> &Foundations {
        &self.shared.on
    }
}
