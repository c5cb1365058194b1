//! `DescribeEndpoint`.

use hosting::endpoints;
use resources::{Deployment, Endpoint, EndpointStatus, Error};
use serde::{Deserialize, Serialize};

use super::variant_summary::{self, VariantSummary};
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

/// `PendingDeploymentSummary`: the deployment of a configuration that does not serve alone yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PendingDeployment {
    endpoint_config_name: String,
    production_variants: Vec<VariantSummary>,
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
    let rescaled = endpoint.pending.as_ref().filter(|_| endpoints::is_rescaling(endpoint));
    let variants = current.variants.iter();
    variants.map(|variant| variant_summary::current(variant, current, rescaled)).collect()
}

/// AWS shows it while an endpoint is created or gets another configuration, and not otherwise. An
/// endpoint whose first deployment failed has nothing pending any more either.
fn pending_deployment(endpoint: &Endpoint) -> Option<PendingDeployment> {
    let under_way = matches!(endpoint.status, EndpointStatus::Creating | EndpointStatus::Updating);
    let pending = endpoint.pending.as_ref()?;
    if !under_way || endpoints::is_rescaling(endpoint) {
        return None;
    }
    let variants = pending.variants.iter();
    Some(PendingDeployment {
        endpoint_config_name: pending.config_name.clone(),
        production_variants: variants.map(|v| variant_summary::pending(v, pending)).collect(),
        start_time: pending.started.epoch_seconds_f64(),
    })
}
