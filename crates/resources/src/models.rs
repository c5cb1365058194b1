//! Models: which image serves which artifact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Record, Tags, Timestamp};

/// What `CreateModel` made. Nothing of it is checked against the object store until an endpoint
/// uses it, as on AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Unique name.
    pub name: String,
    /// ARN, lower-cased name part.
    pub arn: String,
    /// The role that the containers act as.
    #[serde(default)]
    pub execution_role_arn: Option<String>,
    /// The container that serves.
    pub container: Container,
    /// Whether the container was given as a list of one, and is shown that way.
    #[serde(default)]
    pub container_list: bool,
    /// Whether the container is kept from the network.
    #[serde(default)]
    pub enable_network_isolation: bool,
    /// `VpcConfig` as given; kept to be shown, networks are not ours.
    #[serde(default)]
    pub vpc_config: Option<serde_json::Value>,
    /// The caller's labels.
    #[serde(default)]
    pub tags: Tags,
    /// When it was created.
    pub created: Timestamp,
}

/// One container definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Registry path of the image.
    pub image: String,
    /// `s3://…/model.tar.gz`, or none for an image that brings its own model.
    #[serde(default)]
    pub model_data_url: Option<String>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// DNS name of the container among its siblings.
    #[serde(default)]
    pub hostname: Option<String>,
    /// Members of the definition that are kept only to be shown again.
    #[serde(default)]
    pub shown: serde_json::Map<String, serde_json::Value>,
}

impl Record for Model {
    const KIND: &'static str = "model";

    fn key(&self) -> &str {
        &self.name
    }

    fn created(&self) -> Timestamp {
        self.created
    }
}
