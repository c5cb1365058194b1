//! `ListEndpointConfigs`.

use resources::{EndpointConfig, Error};
use serde::Serialize;

use super::lists::ListInput;
use crate::Context;

pub(crate) type Input = ListInput;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_configs: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    endpoint_config_name: String,
    endpoint_config_arn: String,
    creation_time: f64,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let page = hosting::endpoint_configs::list(&cx.hosting, input.into_query()).await?;
    Ok(Output {
        endpoint_configs: page.items.into_iter().map(Summary::from).collect(),
        next_token: page.next,
    })
}

impl From<EndpointConfig> for Summary {
    fn from(record: EndpointConfig) -> Self {
        Self {
            endpoint_config_name: record.name,
            endpoint_config_arn: record.arn,
            creation_time: record.created.epoch_seconds_f64(),
        }
    }
}
