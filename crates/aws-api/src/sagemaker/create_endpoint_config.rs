//! `CreateEndpointConfig`.

use resources::{EndpointConfig, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{explainer_config, tags, tags::Tag, variants::Variant};
use crate::{Context, error::not_served};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_config_name: String,
    production_variants: Vec<Variant>,
    explainer_config: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_config_arn: String,
}

/// Members that ask for something that is not served yet; taking them silently would promise it.
const NOT_SERVED: [&str; 2] = ["AsyncInferenceConfig", "ShadowProductionVariants"];

fn check(rest: &Map<String, Value>) -> Result<(), Error> {
    if let Some(member) = NOT_SERVED.iter().find(|member| rest.contains_key(**member)) {
        return Err(not_served(&format!("`{member}` of an endpoint configuration")));
    }
    let captures = |config: &Value| config.get("EnableCapture") != Some(&Value::Bool(false));
    if rest.get("DataCaptureConfig").is_some_and(captures) {
        return Err(not_served("data capture"));
    }
    Ok(())
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    check(&input.rest)?;
    let config = EndpointConfig {
        arn: cx.account.sagemaker_arn("endpoint-config", &input.endpoint_config_name),
        name: input.endpoint_config_name,
        variants: input
            .production_variants
            .into_iter()
            .map(Variant::into_record)
            .collect::<Result<_, _>>()?,
        explainer: input.explainer_config.map(explainer_config::read).transpose()?,
        shown: input.rest,
        tags: tags::into_record(input.tags),
        created: cx.clock.now(),
    };
    let config = hosting::endpoint_configs::create(&cx.hosting, config).await?;
    Ok(Output { endpoint_config_arn: config.arn })
}
