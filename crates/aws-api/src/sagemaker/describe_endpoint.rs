//! `DescribeEndpoint`.

use resources::{DeployedVariant, Deployment, Endpoint, Error};
use serde::{Deserialize, Serialize};

use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_name: String,
    endpoint_arn: String,
    endpoint_config_name: Option<String>,
    production_variants: Option<Vec<VariantSummary>>,
    endpoint_status: &'static str,
    failure_reason: Option<String>,
    creation_time: f64,
    last_modified_time: f64,
}

/// `ProductionVariantSummary`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VariantSummary {
    variant_name: String,
    deployed_images: Vec<DeployedImage>,
    current_weight: f32,
    desired_weight: f32,
    current_instance_count: u32,
    desired_instance_count: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeployedImage {
    specified_image: String,
    resolved_image: String,
    resolution_time: f64,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    hosting::endpoints::get(&cx.hosting, input.endpoint_name).await.map(Output::from)
}

impl From<Endpoint> for Output {
    fn from(endpoint: Endpoint) -> Self {
        let shown = endpoint.current.as_ref().or(endpoint.pending.as_ref());
        Self {
            endpoint_config_name: shown.map(|deployment| deployment.config_name.clone()),
            production_variants: endpoint.current.map(summaries),
            endpoint_name: endpoint.name,
            endpoint_arn: endpoint.arn,
            endpoint_status: endpoint.status.as_str(),
            failure_reason: endpoint.failure_reason,
            creation_time: endpoint.created.epoch_seconds_f64(),
            last_modified_time: endpoint.modified.epoch_seconds_f64(),
        }
    }
}

fn summaries(deployment: Deployment) -> Vec<VariantSummary> {
    let resolved = deployment.started.epoch_seconds_f64();
    deployment.variants.into_iter().map(|variant| summary(variant, resolved)).collect()
}

fn summary(variant: DeployedVariant, resolution_time: f64) -> VariantSummary {
    VariantSummary {
        variant_name: variant.name,
        deployed_images: vec![DeployedImage {
            specified_image: variant.container.image.clone(),
            resolved_image: variant.container.image,
            resolution_time,
        }],
        current_weight: variant.weight,
        desired_weight: variant.weight,
        current_instance_count: variant.instance_count,
        desired_instance_count: variant.instance_count,
    }
}
