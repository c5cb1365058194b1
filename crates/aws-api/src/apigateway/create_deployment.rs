//! `CreateDeployment`.

use gateway::control::deployments::{self, NewDeployment};
use resources::{
    Error,
    rest_apis::{ApiDeployment, ApiStage, CanarySettings, TextMap},
};
use serde::Deserialize;

use super::shapes::Shown;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    rest_api_id: String,
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    #[serde(default)]
    cache_cluster_enabled: bool,
    cache_cluster_size: Option<String>,
    #[serde(default)]
    variables: TextMap,
    canary_settings: Option<CanarySettings>,
    #[serde(default)]
    tracing_enabled: bool,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Shown<ApiDeployment>, Error> {
    let stage = ApiStage {
        stage_name: input.stage_name.unwrap_or_default(),
        description: input.stage_description,
        cache_cluster_enabled: input.cache_cluster_enabled,
        cache_cluster_size: input.cache_cluster_size,
        variables: input.variables,
        tracing_enabled: input.tracing_enabled,
        ..ApiStage::default()
    };
    let new =
        NewDeployment { description: input.description, stage, canary: input.canary_settings };
    deployments::create(&cx.gateway, input.rest_api_id, new).await.map(Shown::created)
}
