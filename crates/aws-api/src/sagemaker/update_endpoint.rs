//! `UpdateEndpoint`.

use hosting::endpoints::Update;
use resources::Error;
use serde::{Deserialize, Serialize};

use super::deployment_config::DeploymentConfig;
use crate::Context;

/// `RetainDeploymentConfig` is without effect: the one deployment policy that is served is kept
/// whatever it says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_name: String,
    endpoint_config_name: String,
    #[serde(default)]
    retain_all_variant_properties: bool,
    #[serde(default)]
    exclude_retained_variant_properties: Vec<VariantProperty>,
    deployment_config: Option<DeploymentConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VariantProperty {
    variant_property_type: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_arn: String,
}

impl Input {
    /// Exclusions are exceptions from retaining everything; without that they say nothing.
    fn retains(&self, property: &str) -> bool {
        let excluded = &self.exclude_retained_variant_properties;
        self.retain_all_variant_properties
            && !excluded.iter().any(|excluded| excluded.variant_property_type == property)
    }
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    if let Some(config) = &input.deployment_config {
        config.check()?;
    }
    let update = Update {
        retain_weights: input.retains("DesiredWeight"),
        retain_instance_counts: input.retains("DesiredInstanceCount"),
        name: input.endpoint_name,
        config_name: input.endpoint_config_name,
    };
    let endpoint = hosting::endpoints::update(&cx.hosting, update).await?;
    Ok(Output { endpoint_arn: endpoint.arn })
}
