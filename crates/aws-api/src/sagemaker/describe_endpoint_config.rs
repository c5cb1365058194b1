//! `DescribeEndpointConfig`.

use resources::{EndpointConfig, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::variants::Variant;
use crate::Context;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_config_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_config_name: String,
    endpoint_config_arn: String,
    production_variants: Vec<Variant>,
    explainer_config: Option<Value>,
    creation_time: f64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    hosting::endpoint_configs::get(&cx.hosting, input.endpoint_config_name).await.map(Output::from)
}

impl From<EndpointConfig> for Output {
    fn from(config: EndpointConfig) -> Self {
        Self {
            endpoint_config_name: config.name,
            endpoint_config_arn: config.arn,
            production_variants: config.variants.into_iter().map(Variant::from).collect(),
            explainer_config: config.explainer.map(|explainer| explainer.shown),
            creation_time: config.created.epoch_seconds_f64(),
            rest: config.shown,
        }
    }
}
