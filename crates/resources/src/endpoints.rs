//! Endpoints: the lifecycle, and what exactly is deployed behind a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Container, Explainer, Record, Rollout, Routing, Tags, Timestamp};

/// Where an endpoint stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndpointStatus {
    /// The first deployment is being brought up.
    Creating,
    /// A new deployment is being brought up beside the one that serves.
    Updating,
    /// It served before the server stopped and is being brought up again.
    SystemUpdating,
    /// It serves.
    InService,
    /// It is on its way out.
    Deleting,
    /// The first deployment could not be brought up; only deletion is left.
    Failed,
}

impl EndpointStatus {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Creating,
        Self::Updating,
        Self::SystemUpdating,
        Self::InService,
        Self::Deleting,
        Self::Failed,
    ];

    /// AWS's word for the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::SystemUpdating => "SystemUpdating",
            Self::InService => "InService",
            Self::Deleting => "Deleting",
            Self::Failed => "Failed",
        }
    }

    /// Whether a change is under way that the reconciler must finish.
    pub const fn in_progress(self) -> bool {
        !matches!(self, Self::InService | Self::Failed)
    }
}

/// What `CreateEndpoint` made: the intent, and how far it has become true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Unique name; its case counts when it is invoked.
    pub name: String,
    /// ARN, lower-cased name part.
    pub arn: String,
    /// Where it stands.
    pub status: EndpointStatus,
    /// Why it stands there, when that needs saying.
    #[serde(default)]
    pub failure_reason: Option<String>,
    /// What serves now; none until the first deployment is up.
    #[serde(default)]
    pub current: Option<Deployment>,
    /// What is being brought up, or takes over step by step.
    #[serde(default)]
    pub pending: Option<Deployment>,
    /// `DeploymentConfig` as it was last given; kept to be shown, and to be given again.
    #[serde(default)]
    pub last_deployment_config: Option<serde_json::Value>,
    /// The caller's labels.
    #[serde(default)]
    pub tags: Tags,
    /// When it was created.
    pub created: Timestamp,
    /// When its state last changed.
    pub modified: Timestamp,
}

/// Everything needed to serve one configuration, copied out of the configuration and its models
/// when the deployment was asked for, so that changing or deleting those changes nothing here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Unique among all deployments there ever were.
    pub id: String,
    /// The configuration's name.
    pub config_name: String,
    /// Its variants.
    pub variants: Vec<DeployedVariant>,
    /// How its answers are explained, if they are.
    #[serde(default)]
    pub explainer: Option<Box<Explainer>>,
    /// When it was asked for.
    pub started: Timestamp,
    /// How it takes over from the one that serves; none if it does so at once, as soon as it is up.
    #[serde(default)]
    pub rollout: Option<Box<Rollout>>,
}

/// One variant of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeployedVariant {
    /// The variant's name.
    pub name: String,
    /// The model's name.
    pub model_name: String,
    /// The container to run.
    pub container: Container,
    /// The id of the fetched artifact in the store; none until it has been fetched.
    #[serde(default)]
    pub artifact_id: Option<String>,
    /// Those of the container's additional data, by channel; none until all have been fetched.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_artifact_ids: BTreeMap<String, String>,
    /// Weight now.
    pub weight: f32,
    /// Instances now.
    pub instance_count: u32,
    /// How calls are shared among the instances.
    #[serde(default)]
    pub routing: Routing,
    /// When its image and artifact were settled on; a change of weights or instances does not
    /// move it. None in records from before this was kept: then, when its deployment started.
    #[serde(default)]
    pub resolved: Option<Timestamp>,
}

impl DeployedVariant {
    /// The ids of all artifacts that it serves from.
    pub fn artifact_ids(&self) -> impl Iterator<Item = &String> {
        self.artifact_id.iter().chain(self.additional_artifact_ids.values())
    }
}

impl Record for Endpoint {
    const KIND: &'static str = "endpoint";

    fn key(&self) -> &str {
        &self.name
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn status(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}
