//! `DescribeModel`.

use resources::{Error, Model};
use serde::{Deserialize, Serialize};

use super::containers::ContainerDefinition;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    model_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    model_name: String,
    primary_container: Option<ContainerDefinition>,
    containers: Option<Vec<ContainerDefinition>>,
    execution_role_arn: Option<String>,
    vpc_config: Option<serde_json::Value>,
    creation_time: f64,
    model_arn: String,
    enable_network_isolation: bool,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    hosting::models::get(&cx.hosting, input.model_name).await.map(Output::from)
}

impl From<Model> for Output {
    fn from(model: Model) -> Self {
        let container = ContainerDefinition::from(model.container);
        let (primary_container, containers) = if model.container_list {
            (None, Some(vec![container]))
        } else {
            (Some(container), None)
        };
        Self {
            model_name: model.name,
            primary_container,
            containers,
            execution_role_arn: model.execution_role_arn,
            vpc_config: model.vpc_config,
            creation_time: model.created.epoch_seconds_f64(),
            model_arn: model.arn,
            enable_network_isolation: model.enable_network_isolation,
        }
    }
}
