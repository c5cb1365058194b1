//! `DescribeEndpoint`.

use hosting::endpoints;
use resources::{DeployedVariant, Deployment, Endpoint, EndpointStatus, Error};
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
    pending_deployment_summary: Option<PendingDeployment>,
    endpoint_status: &'static str,
    failure_reason: Option<String>,
    last_deployment_config: Option<serde_json::Value>,
    explainer_config: Option<serde_json::Value>,
    creation_time: f64,
    last_modified_time: f64,
}

/// `PendingDeploymentSummary`: the deployment of a configuration that is not up yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PendingDeployment {
    endpoint_config_name: String,
    production_variants: Vec<VariantSummary>,
    start_time: f64,
}

/// `ProductionVariantSummary` and `PendingProductionVariantSummary`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VariantSummary {
    variant_name: String,
    deployed_images: Vec<DeployedImage>,
    current_weight: f32,
    desired_weight: f32,
    current_instance_count: u32,
    desired_instance_count: u32,
    variant_status: Option<[VariantStatus; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeployedImage {
    specified_image: String,
    resolved_image: String,
    resolution_time: f64,
}

/// `ProductionVariantStatus`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VariantStatus {
    status: &'static str,
    start_time: f64,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    endpoints::get(&cx.hosting, input.endpoint_name).await.map(Output::from)
}

impl From<Endpoint> for Output {
    fn from(endpoint: Endpoint) -> Self {
        let shown = endpoint.current.as_ref().or(endpoint.pending.as_ref());
        let config_name = shown.map(|deployment| deployment.config_name.clone());
        let variants =
            endpoint.current.as_ref().map(|current| current_variants(&endpoint, current));
        let explainer = shown.and_then(|deployment| deployment.explainer.as_ref());
        let explainer_config = explainer.map(|explainer| explainer.shown.clone());
        Self {
            explainer_config,
            endpoint_config_name: config_name,
            production_variants: variants,
            pending_deployment_summary: pending_deployment(&endpoint),
            endpoint_name: endpoint.name,
            endpoint_arn: endpoint.arn,
            endpoint_status: endpoint.status.as_str(),
            failure_reason: endpoint.failure_reason,
            last_deployment_config: endpoint.last_deployment_config,
            creation_time: endpoint.created.epoch_seconds_f64(),
            last_modified_time: endpoint.modified.epoch_seconds_f64(),
        }
    }
}

/// What serves; while its traffic is being shared otherwise, with what is wanted beside it.
fn current_variants(endpoint: &Endpoint, current: &Deployment) -> Vec<VariantSummary> {
    let pending = endpoint.pending.as_ref().filter(|_| endpoints::is_rescaling(endpoint));
    let variants = current.variants.iter().map(|variant| {
        let wanted =
            pending.and_then(|pending| pending.variants.iter().find(|w| w.name == variant.name));
        let status = wanted.zip(pending).map(|(_, pending)| status("Updating", pending));
        summary(Some(variant), wanted.unwrap_or(variant), (current, status))
    });
    variants.collect()
}

/// AWS shows it while an endpoint is created or gets another configuration, and not otherwise. An
/// endpoint whose first deployment failed has nothing pending any more either.
fn pending_deployment(endpoint: &Endpoint) -> Option<PendingDeployment> {
    let under_way = matches!(endpoint.status, EndpointStatus::Creating | EndpointStatus::Updating);
    let pending = endpoint.pending.as_ref()?;
    if !under_way || endpoints::is_rescaling(endpoint) {
        return None;
    }
    let variant = |wanted| summary(None, wanted, (pending, Some(status("Creating", pending))));
    Some(PendingDeployment {
        endpoint_config_name: pending.config_name.clone(),
        production_variants: pending.variants.iter().map(variant).collect(),
        start_time: pending.started.epoch_seconds_f64(),
    })
}

fn status(status: &'static str, pending: &Deployment) -> VariantStatus {
    VariantStatus { status, start_time: pending.started.epoch_seconds_f64() }
}

/// A variant as it is, if it is up, and as it shall be, in its deployment.
fn summary(
    current: Option<&DeployedVariant>,
    wanted: &DeployedVariant,
    (deployment, status): (&Deployment, Option<VariantStatus>),
) -> VariantSummary {
    VariantSummary {
        variant_name: wanted.name.clone(),
        deployed_images: vec![DeployedImage {
            specified_image: wanted.container.image.clone(),
            resolved_image: wanted.container.image.clone(),
            resolution_time: wanted.resolved.unwrap_or(deployment.started).epoch_seconds_f64(),
        }],
        current_weight: current.map_or(0.0, |current| current.weight),
        desired_weight: wanted.weight,
        current_instance_count: current.map_or(0, |current| current.instance_count),
        desired_instance_count: wanted.instance_count,
        variant_status: status.map(|status| [status]),
    }
}
