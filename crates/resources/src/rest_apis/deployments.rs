//! Deployments, which freeze an API, and stages, which put one at an address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ApiModel, ApiResource, Definition, GatewayResponse, RequestValidator, RestApi, TextMap,
};
use crate::Tags;

/// A frozen API, as it is listed; the snapshot itself is an [`ApiSnapshot`] of the same key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiDeployment {
    /// Its id.
    pub id: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
}

/// Everything that a deployment serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiSnapshot {
    /// The API's id.
    pub api_id: String,
    /// The API.
    pub api: RestApi,
    /// Its resources with their methods.
    pub resources: Vec<ApiResource>,
    /// Its models.
    pub models: Vec<ApiModel>,
    /// Its validators.
    pub validators: Vec<RequestValidator>,
    /// Its gateway responses.
    pub gateway_responses: Vec<GatewayResponse>,
}

/// An address of an API: a deployment under a name, and how it is served.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    /// Its name, the first segment of its paths.
    pub stage_name: String,
    /// What it serves.
    pub deployment_id: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Texts that templates and addresses refer to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: TextMap,
    /// Whether answers are cached.
    #[serde(default)]
    pub cache_cluster_enabled: bool,
    /// The cache's size in gigabytes, as AWS writes it.
    #[serde(default)]
    pub cache_cluster_size: Option<String>,
    /// A part of the traffic that goes elsewhere.
    #[serde(default)]
    pub canary_settings: Option<CanarySettings>,
    /// Settings by `{path}/{METHOD}` or `*/*`.
    #[serde(default)]
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Whether calls are traced.
    #[serde(default)]
    pub tracing_enabled: bool,
    /// `destinationArn` and `format` of the access log.
    #[serde(default)]
    pub access_log_settings: Option<TextMap>,
    /// The certificate shown to backends.
    #[serde(default)]
    pub client_certificate_id: Option<String>,
    /// The version of the documentation.
    #[serde(default)]
    pub documentation_version: Option<String>,
    /// The caller's labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
}

/// A part of a stage's traffic that goes to another deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanarySettings {
    /// What it gets; the stage's own deployment if none.
    #[serde(default)]
    pub deployment_id: Option<String>,
    /// How much of the traffic, from 0 to 100.
    #[serde(default)]
    pub percent_traffic: f64,
    /// Variables that differ from the stage's.
    #[serde(default)]
    pub stage_variable_overrides: Option<TextMap>,
    /// Whether it shares the stage's cache.
    #[serde(default)]
    pub use_stage_cache: bool,
}

/// How some methods of a stage are served.
#[expect(clippy::struct_excessive_bools, reason = "the service's own switches, each for itself")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MethodSetting {
    /// Whether metrics per method are kept.
    pub metrics_enabled: bool,
    /// `OFF`, `ERROR` or `INFO`.
    pub logging_level: Option<String>,
    /// Whether bodies are logged.
    pub data_trace_enabled: bool,
    /// Calls that may come at once; none if negative or absent.
    pub throttling_burst_limit: Option<i64>,
    /// Calls a second; none if negative or absent.
    pub throttling_rate_limit: Option<f64>,
    /// Whether answers are cached.
    pub caching_enabled: bool,
    /// Seconds that an answer is kept.
    pub cache_ttl_in_seconds: i64,
    /// Whether they are encrypted at rest.
    pub cache_data_encrypted: bool,
    /// Whether a caller must be allowed to pass the cache by.
    pub require_authorization_for_cache_control: bool,
    /// What happens to a caller who is not.
    pub unauthorized_cache_control_header_strategy: CacheControlStrategy,
}

impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: None,
            throttling_rate_limit: None,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: CacheControlStrategy::default(),
        }
    }
}

/// What happens to a caller who may not pass the cache by and tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CacheControlStrategy {
    /// The call is refused.
    #[serde(rename = "FAIL_WITH_403")]
    FailWith403,
    /// The answer carries a warning.
    #[default]
    SucceedWithResponseHeader,
    /// The wish is ignored.
    SucceedWithoutResponseHeader,
}

impl Definition for ApiDeployment {
    const KIND: &'static str = "rest-api-deployment";
}

impl Definition for ApiSnapshot {
    const KIND: &'static str = "rest-api-snapshot";
}

impl Definition for ApiStage {
    const KIND: &'static str = "rest-api-stage";
}
