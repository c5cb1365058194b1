//! `UpdateEndpoint`.

use hosting::endpoints::Update;
use resources::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deployment_config;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_name: String,
    endpoint_config_name: String,
    #[serde(default)]
    retain_all_variant_properties: bool,
    #[serde(default)]
    exclude_retained_variant_properties: Vec<VariantProperty>,
    deployment_config: Option<Value>,
    #[serde(default)]
    retain_deployment_config: bool,
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
    let deployment_config = deployment_config(cx, &input).await?;
    let rollout = deployment_config.as_ref().map(deployment_config::policy).transpose()?.flatten();
    let update = Update {
        retain_weights: input.retains("DesiredWeight"),
        retain_instance_counts: input.retains("DesiredInstanceCount"),
        name: input.endpoint_name,
        config_name: input.endpoint_config_name,
        deployment_config,
        rollout,
    };
    let endpoint = hosting::endpoints::update(&cx.hosting, update).await?;
    Ok(Output { endpoint_arn: endpoint.arn })
}

/// The one given, or the last one if that is to be used again.
async fn deployment_config(cx: &Context, input: &Input) -> Result<Option<Value>, Error> {
    if input.deployment_config.is_some() || !input.retain_deployment_config {
        return Ok(input.deployment_config.clone());
    }
    let endpoint = hosting::endpoints::get(&cx.hosting, input.endpoint_name.clone()).await?;
    Ok(endpoint.last_deployment_config)
}
