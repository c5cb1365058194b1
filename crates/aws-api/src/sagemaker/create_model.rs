//! `CreateModel`.

use resources::{Container, Error, ErrorKind, Model};
use serde::{Deserialize, Serialize};

use super::{containers::ContainerDefinition, tags, tags::Tag};
use crate::{Context, error::not_served};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    model_name: String,
    primary_container: Option<ContainerDefinition>,
    containers: Option<Vec<ContainerDefinition>>,
    execution_role_arn: Option<String>,
    vpc_config: Option<serde_json::Value>,
    #[serde(default)]
    enable_network_isolation: bool,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    model_arn: String,
}

fn only_container(
    primary: Option<ContainerDefinition>,
    list: Option<Vec<ContainerDefinition>>,
) -> Result<Container, Error> {
    let mut list = list.unwrap_or_default();
    match (primary, list.pop()) {
        (Some(primary), None) => primary.into_record(),
        (None, Some(only)) if list.is_empty() => only.into_record(),
        (None, Some(_)) => Err(not_served("a model of several containers")),
        (Some(_), Some(_)) | (None, None) => Err(Error::new(
            ErrorKind::Invalid,
            "Give either `PrimaryContainer` or `Containers`, one of the two",
        )),
    }
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let container_list = input.containers.is_some();
    let model = Model {
        arn: cx.account.sagemaker_arn("model", &input.model_name),
        name: input.model_name,
        execution_role_arn: input.execution_role_arn,
        container: only_container(input.primary_container, input.containers)?,
        container_list,
        enable_network_isolation: input.enable_network_isolation,
        vpc_config: input.vpc_config,
        tags: tags::into_record(input.tags),
        created: cx.clock.now(),
    };
    let model = hosting::models::create(&cx.hosting, model).await?;
    Ok(Output { model_arn: model.arn })
}
