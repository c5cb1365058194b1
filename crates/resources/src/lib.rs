//! Names, ARNs, records, lifecycles and the domain error: what everything else talks about.
//!
//! No I/O, no async, no wire format. Records carry serde derives because the store keeps them as
//! JSON; their field names are ours, not AWS's.

mod account;
mod clock;
mod endpoint_configs;
mod endpoints;
mod error;
mod models;
mod record;
pub mod rest_apis;
mod rollouts;
mod tags;

pub use account::Account;
pub use clock::{Clock, Timestamp};
pub use endpoint_configs::{Baseline, EndpointConfig, Explainer, ProductionVariant, Routing};
pub use endpoints::{DeployedVariant, Deployment, Endpoint, EndpointStatus};
pub use error::{Error, ErrorKind};
pub use models::{
    AdditionalSource, Container, Model, ModelDataForm, ModelDataManifest, ModelDataSource,
};
pub use record::{KINDS, Kind, Record, is_kept};
pub use rollouts::Rollout;
pub use tags::Tags;
