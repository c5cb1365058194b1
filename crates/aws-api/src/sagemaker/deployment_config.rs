//! `DeploymentConfig` of an update: which members go together, and what they ask of `hosting`.
//! Whether its sizes suit the variants is for `hosting` to say.

use hosting::{RolloutPolicy, Size, Steps};
use resources::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use crate::error::not_served;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeploymentConfig {
    blue_green_update_policy: Option<BlueGreen>,
    rolling_update_policy: Option<Rolling>,
    auto_rollback_configuration: Option<AutoRollback>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlueGreen {
    traffic_routing_configuration: TrafficRouting,
    #[serde(default)]
    termination_wait_in_seconds: u32,
    maximum_execution_timeout_in_seconds: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrafficRouting {
    r#type: TrafficRoutingType,
    wait_interval_in_seconds: u32,
    canary_size: Option<CapacitySize>,
    linear_step_size: Option<CapacitySize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TrafficRoutingType {
    AllAtOnce,
    Canary,
    Linear,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rolling {
    maximum_batch_size: CapacitySize,
    wait_interval_in_seconds: u32,
    rollback_maximum_batch_size: Option<CapacitySize>,
    maximum_execution_timeout_in_seconds: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CapacitySize {
    r#type: CapacitySizeType,
    value: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum CapacitySizeType {
    InstanceCount,
    CapacityPercent,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AutoRollback {
    #[serde(default)]
    alarms: Vec<Value>,
}

/// What an update with this configuration is to do; none is all at once.
pub(super) fn policy(config: &Value) -> Result<Option<RolloutPolicy>, Error> {
    let config = DeploymentConfig::deserialize(config)
        .map_err(|error| invalid(format!("DeploymentConfig can not be read: {error}")))?;
    refuse_alarms(&config)?;
    match (config.blue_green_update_policy, config.rolling_update_policy) {
        (None, None) => Ok(None),
        (Some(blue_green), None) => blue_green.into_policy().map(Some),
        (None, Some(rolling)) => Ok(Some(rolling.into())),
        (Some(_), Some(_)) => {
            Err(invalid("Give either BlueGreenUpdatePolicy or RollingUpdatePolicy, one of the two"))
        }
    }
}

/// Taking alarms silently, when there are none to watch, would promise a guard that nobody keeps.
fn refuse_alarms(config: &DeploymentConfig) -> Result<(), Error> {
    let alarms = config.auto_rollback_configuration.as_ref().map(|rollback| &rollback.alarms);
    if alarms.is_none_or(Vec::is_empty) {
        return Ok(());
    }
    Err(not_served(
        "`AutoRollbackConfiguration` of a deployment (without it an update is rolled back when its \
         variants do not start, or when MaximumExecutionTimeoutInSeconds is over; leave the alarms \
         out)",
    ))
}

impl BlueGreen {
    fn into_policy(self) -> Result<RolloutPolicy, Error> {
        Ok(RolloutPolicy {
            steps: self.traffic_routing_configuration.steps()?,
            wait_seconds: self.traffic_routing_configuration.wait_interval_in_seconds,
            termination_wait_seconds: self.termination_wait_in_seconds,
            timeout_seconds: self.maximum_execution_timeout_in_seconds,
            rollback_batch: None,
        })
    }
}

impl TrafficRouting {
    fn steps(&self) -> Result<Steps, Error> {
        use TrafficRoutingType::{AllAtOnce, Canary, Linear};
        match (self.r#type, self.canary_size, self.linear_step_size) {
            (AllAtOnce, None, None) => Ok(Steps::AtOnce),
            (Canary, Some(size), None) => Ok(Steps::Canary(size.into())),
            (Linear, None, Some(size)) => Ok(Steps::Linear(size.into())),
            (AllAtOnce, ..) => Err(invalid(
                "Traffic routing ALL_AT_ONCE has neither CanarySize nor LinearStepSize",
            )),
            (Canary, ..) => {
                Err(invalid("Traffic routing CANARY needs CanarySize, and has no LinearStepSize"))
            }
            (Linear, ..) => {
                Err(invalid("Traffic routing LINEAR needs LinearStepSize, and has no CanarySize"))
            }
        }
    }
}

impl From<Rolling> for RolloutPolicy {
    fn from(rolling: Rolling) -> Self {
        Self {
            steps: Steps::Rolling(rolling.maximum_batch_size.into()),
            wait_seconds: rolling.wait_interval_in_seconds,
            termination_wait_seconds: 0,
            timeout_seconds: rolling.maximum_execution_timeout_in_seconds,
            rollback_batch: rolling.rollback_maximum_batch_size.map(Size::from),
        }
    }
}

impl From<CapacitySize> for Size {
    fn from(size: CapacitySize) -> Self {
        match size.r#type {
            CapacitySizeType::InstanceCount => Self::Instances(size.value),
            CapacitySizeType::CapacityPercent => Self::Percent(size.value),
        }
    }
}

fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, text)
}
