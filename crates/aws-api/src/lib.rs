//! The AWS face: one file per operation, each in four parts: shape, rules, call, reply.
//!
//! It is the only crate that sees wire and domain. A request comes to [`Aws::answer`], which moves
//! to the background runtime, finds the service, verifies the signature, decodes and validates by
//! the shape tables, calls the domain and encodes what came of it. `InvokeEndpoint` alone has a
//! way of its own: [`Aws::invoke`] answers on the caller's thread and decodes by hand.

mod apigateway;
mod authenticate;
mod body;
mod claims;
mod error;
mod front;
mod iam;
mod integrations;
mod json_services;
mod logs;
mod operations;
mod query_services;
mod refusals;
mod remembered;
mod request_id;
mod s3;
mod s3_calls;
mod s3_names;
mod s3_operations;
mod sagemaker;
mod sagemaker_runtime;
mod sts;
mod whole;

use std::{net::IpAddr, sync::Arc, time::Duration};

use gateway::Gateway;
use hosting::Hosting;
use identity::Keys;
use resources::{Account, Clock, Error, Timestamp};
use store::Store;
use telemetry::{Logs, Metrics, Requests};

pub use body::{Body, full};
pub use refusals::retry_after;
pub use request_id::RequestId;
pub use whole::Whole;

/// The bounds that the edge keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an `InvokeEndpoint` body.
    pub payload_bytes_max: usize,
    /// Bytes of a control-plane request's body.
    pub control_bytes_max: usize,
    /// Bytes of a model's answer.
    pub answer_bytes_max: usize,
    /// Bytes of all large bodies in memory, of requests and answers together.
    pub bodies_in_flight_bytes_max: usize,
    /// For a body that is kept in memory: from the head to its last byte.
    pub body_timeout: Duration,
    /// Uploads received at a time.
    pub uploads_max: usize,
    /// Uploads received at a time from one client, which is a key at an address; three quarters
    /// of all if it is not said.
    pub uploads_per_client_max: Option<usize>,
    /// For how long an upload waits for its turn.
    pub upload_wait: Duration,
    /// Within this time `stall_bytes_min` bytes of an upload must come.
    pub stall_timeout: Duration,
    /// See `stall_timeout`.
    pub stall_bytes_min: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: 6_291_456,
            control_bytes_max: 4 * 1024 * 1024,
            answer_bytes_max: 25 * 1024 * 1024,
            bodies_in_flight_bytes_max: 512 * 1024 * 1024,
            body_timeout: Duration::from_mins(1),
            uploads_max: 32,
            uploads_per_client_max: None,
            upload_wait: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            stall_bytes_min: 1024,
        }
    }
}

/// What the face stands on.
#[derive(Debug)]
pub struct Parts {
    /// Whose services these are.
    pub account: Account,
    /// What time it is.
    pub clock: Arc<Clock>,
    /// Everything durable.
    pub store: Store,
    /// Endpoints.
    pub hosting: Hosting,
    /// REST APIs.
    pub gateway: Gateway,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
    /// What models said.
    pub logs: Arc<Logs>,
    /// Who may call.
    pub keys: Arc<Keys>,
    /// Where everything but invocations runs.
    pub background: tokio::runtime::Handle,
    /// The bounds to keep.
    pub limits: Limits,
}

/// Where a request comes from, as an extension of it: the address of whoever is one client.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What an operation may use.
pub(crate) type Context = Parts;

/// The AWS services of one server. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Aws {
    cx: Arc<Context>,
    s3: s3::Front,
}

impl Aws {
    /// The services on top of `parts`.
    pub fn new(parts: Parts) -> Self {
        let cx = Arc::new(parts);
        Self { s3: s3::Front::new(Arc::clone(&cx)), cx }
    }

    /// Starts what makes intent true, and waits up to `settle_timeout` for endpoints that served
    /// before the last stop.
    pub async fn start(&self, settle_timeout: Duration) {
        self.cx.hosting.start();
        if let Err(error) = self.cx.gateway.start().await {
            tracing::error!(%error, "deployed REST APIs could not be read and are not served");
        }
        if tokio::time::timeout(settle_timeout, self.cx.hosting.settled()).await.is_err() {
            tracing::warn!("some endpoints are still being brought up");
        }
    }

    /// All metrics in the Prometheus text format.
    pub fn metrics_text(&self) -> String {
        let mut text = String::new();
        self.cx.metrics.render(&mut text);
        self.cx.logs.render(&mut text);
        text
    }

    /// The ways of the last requests.
    pub fn requests(&self) -> &Requests {
        &self.cx.metrics.requests
    }

    /// The ARN of an access key's owner; none if there is no such key.
    pub fn owner_of_key(&self, access_key_id: &str) -> Option<String> {
        self.cx.keys.lookup(access_key_id).map(|key| key.principal.clone())
    }

    /// Forgets everything but the keys and what was counted; for test suites.
    pub async fn reset(&self) -> Result<(), Error> {
        self.cx.store.reset().await?;
        self.cx.hosting.reset();
        self.cx.gateway.reset();
        self.cx.logs.clear();
        self.cx.metrics.requests.clear();
        Ok(())
    }

    /// Moves the server's clock forward and says what time it is then; for test suites.
    pub fn advance_clock(&self, by: Duration) -> Timestamp {
        self.cx.clock.advance(by);
        self.cx.hosting.clock_advanced();
        self.cx.clock.now()
    }
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
pub fn same_secret(ours: &[u8], given: &[u8]) -> bool {
    bool::from(subtle::ConstantTimeEq::ct_eq(ours, given))
}
