//! `UpdateEndpointWeightsAndCapacities`.

use hosting::endpoints::Desired;
use resources::Error;
use serde::{Deserialize, Serialize};

use super::{variants::check_instance_count, weight::Weight};
use crate::{Context, error::not_served};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    endpoint_name: String,
    desired_weights_and_capacities: Vec<DesiredWeightAndCapacity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DesiredWeightAndCapacity {
    variant_name: String,
    desired_weight: Option<Weight>,
    desired_instance_count: Option<u32>,
    serverless_update_config: Option<serde_json::Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoint_arn: String,
}

impl DesiredWeightAndCapacity {
    fn into_domain(self) -> Result<Desired, Error> {
        if self.serverless_update_config.is_some() {
            return Err(not_served("`ServerlessUpdateConfig` of a production variant"));
        }
        if let Some(count) = self.desired_instance_count {
            check_instance_count(&self.variant_name, "DesiredInstanceCount", count)?;
        }
        Ok(Desired {
            variant: self.variant_name,
            weight: self.desired_weight.map(f32::from),
            instance_count: self.desired_instance_count,
        })
    }
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let desired = input.desired_weights_and_capacities.into_iter();
    let desired = desired.map(DesiredWeightAndCapacity::into_domain).collect::<Result<_, _>>()?;
    let endpoint = hosting::endpoints::rescale(&cx.hosting, input.endpoint_name, desired).await?;
    Ok(Output { endpoint_arn: endpoint.arn })
}
