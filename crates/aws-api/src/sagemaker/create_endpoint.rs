//! `CreateEndpoint`.

use hosting::endpoints::NewEndpoint;
use resources::Error;
use serde::{Deserialize, Serialize};

use super::{tags, tags::Tag};
use crate::Context;

/// `DeploymentConfig` is kept and without effect on a first deployment, as on AWS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_name: String,
    endpoint_config_name: String,
    deployment_config: Option<serde_json::Value>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_arn: String,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let new = NewEndpoint {
        name: input.endpoint_name,
        config_name: input.endpoint_config_name,
        deployment_config: input.deployment_config,
        tags: tags::into_record(input.tags),
    };
    let endpoint = hosting::endpoints::create(&cx.hosting, new).await?;
    Ok(Output { endpoint_arn: endpoint.arn })
}
