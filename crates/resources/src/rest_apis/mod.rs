//! REST APIs: what their authors defined, and the snapshots that deployments froze.
//!
//! A definition is kept as it was given, member for member, so its fields on disk carry the names
//! that the API itself has. What a definition means, and which are legal, is the gateway's.

mod api;
mod deployments;
mod methods;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use api::{
    ApiKeySource, ApiModel, EndpointConfiguration, GatewayResponse, RequestValidator, RestApi,
};
pub use deployments::{
    ApiDeployment, ApiSnapshot, ApiStage, CacheControlStrategy, CanarySettings, MethodSetting,
};
pub use methods::{
    ApiResource, AuthorizationType, ContentHandling, Integration, IntegrationResponse,
    IntegrationType, Method, MethodResponse, Passthrough, TlsConfig,
};

use crate::{Record, Timestamp};

/// Texts by name, in the order of their names.
pub type TextMap = std::collections::BTreeMap<String, String>;

/// A kind of part that a REST API has.
pub trait Definition:
    Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static
{
    /// The kind's name on disk; never changes once released.
    const KIND: &'static str;
}

/// A part of a REST API as it is kept: whose it is, its dates, its definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept<D> {
    /// `{api}/{name}`; for the API itself its id alone.
    pub key: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// What its author said.
    pub definition: D,
}

impl<D> Kept<D> {
    /// A part that was made just now.
    pub fn new(key: String, now: Timestamp, definition: D) -> Self {
        Self { key, created: now, modified: now, definition }
    }

    /// The part's own id or name: what follows the API's id.
    pub fn id(&self) -> &str {
        self.key.split_once('/').map_or(&*self.key, |(_, id)| id)
    }

    /// The API's id.
    pub fn api(&self) -> &str {
        self.key.split_once('/').map_or(&*self.key, |(api, _)| api)
    }
}

impl<D: Definition> Record for Kept<D> {
    const KIND: &'static str = D::KIND;

    fn key(&self) -> &str {
        &self.key
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }
}
