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
    /// The model as it lies in the object store, in place of `model_data_url`.
    #[serde(default)]
    pub model_data_source: Option<ModelDataSource>,
    /// Data besides the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_sources: Vec<AdditionalSource>,
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

/// A model in the object store, and how it lies there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDataSource {
    /// `s3://bucket/key`, or for a prefix `s3://bucket/prefix/`.
    pub uri: String,
    /// How it lies there.
    pub form: ModelDataForm,
    /// The entity tag that the object must have; any if there is none. A prefix has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// What lists those objects under a prefix that are the model's; all are if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ModelDataManifest>,
}

/// An object that lists others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDataManifest {
    /// `s3://bucket/key`.
    pub uri: String,
    /// The entity tag that it must have; any if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// Data that a container has besides its model, in a directory named like the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdditionalSource {
    /// Unique among those of a container.
    pub channel: String,
    /// Where it lies.
    pub source: ModelDataSource,
}

/// How a model lies in the object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelDataForm {
    /// One object, a gzip-compressed tar archive.
    Archive,
    /// One object, which is a file of the model under the last part of its key.
    File,
    /// Every object under the prefix, each a file under the rest of its key.
    Prefix,
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
