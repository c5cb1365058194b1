//! Endpoint configurations: which models share an endpoint's traffic, and how.

use serde::{Deserialize, Serialize};

use crate::{Record, Tags, Timestamp};

/// What `CreateEndpointConfig` made. It never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// Unique name.
    pub name: String,
    /// ARN, lower-cased name part.
    pub arn: String,
    /// One to ten variants.
    pub variants: Vec<ProductionVariant>,
    /// How answers are explained, if they are.
    #[serde(default)]
    pub explainer: Option<Explainer>,
    /// Members that are kept only to be shown again.
    #[serde(default)]
    pub shown: serde_json::Map<String, serde_json::Value>,
    /// The caller's labels.
    #[serde(default)]
    pub tags: Tags,
    /// When it was created.
    pub created: Timestamp,
}

/// One model's share of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductionVariant {
    /// Unique within the configuration.
    pub name: String,
    /// The model it serves.
    pub model_name: String,
    /// How many instances it starts with, at least 1.
    pub initial_instance_count: u32,
    /// Its share is this over the sum of all weights; 0 is reachable by `TargetVariant` only.
    pub initial_weight: f32,
    /// How calls are shared among its instances.
    #[serde(default)]
    pub routing: Routing,
    /// Members that are kept only to be shown again, `InstanceType` among them.
    #[serde(default)]
    pub shown: serde_json::Map<String, serde_json::Value>,
}

/// How the calls of a variant are shared among its instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Routing {
    /// Any instance, by chance.
    #[default]
    Random,
    /// An instance that works on fewer calls than another.
    LeastOutstanding,
}

/// How the answers of an endpoint are explained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explainer {
    /// A `JMESPath` expression that is true of the predictions to explain; none explains all.
    #[serde(default)]
    pub enable: Option<String>,
    /// The features' names; may be empty.
    #[serde(default)]
    pub feature_headers: Vec<String>,
    /// The features' types; may be empty.
    #[serde(default)]
    pub feature_types: Vec<String>,
    /// The classes' names; may be empty.
    #[serde(default)]
    pub label_headers: Vec<String>,
    /// The rows that others are compared with.
    #[serde(default)]
    pub baseline: Option<Baseline>,
    /// `ExplainerConfig` as given, to be shown again.
    #[serde(default)]
    pub shown: serde_json::Value,
}

/// Rows that others are compared with, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// How the rows are written.
    pub content_type: String,
    /// The rows.
    pub rows: String,
}

impl Record for EndpointConfig {
    const KIND: &'static str = "endpoint-config";

    fn key(&self) -> &str {
        &self.name
    }

    fn created(&self) -> Timestamp {
        self.created
    }
}
