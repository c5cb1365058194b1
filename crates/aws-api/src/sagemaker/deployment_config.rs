//! `DeploymentConfig` of an update, and what of it is served: all traffic moves at once.

use resources::Error;
use serde::Deserialize;

use crate::error::not_served;

/// `DeploymentConfig`. `TerminationWaitInSeconds` and `MaximumExecutionTimeoutInSeconds` only bound
/// how long two fleets are paid for, and nobody pays for slots.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeploymentConfig {
    blue_green_update_policy: Option<BlueGreenUpdatePolicy>,
    rolling_update_policy: Option<serde_json::Value>,
    auto_rollback_configuration: Option<AutoRollbackConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlueGreenUpdatePolicy {
    traffic_routing_configuration: TrafficRoutingConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrafficRoutingConfig {
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AutoRollbackConfig {
    #[serde(default)]
    alarms: Vec<serde_json::Value>,
}

impl DeploymentConfig {
    /// Taking silently what is not served would promise a guard that nobody keeps.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.rolling_update_policy.is_some() {
            return Err(not_served("`RollingUpdatePolicy` of a deployment"));
        }
        let policy = self.blue_green_update_policy.as_ref();
        let kind = policy.map(|policy| policy.traffic_routing_configuration.kind.as_str());
        if let Some(kind @ ("CANARY" | "LINEAR")) = kind {
            return Err(not_served(&format!("Traffic routing `{kind}` of a deployment")));
        }
        let rollback = self.auto_rollback_configuration.as_ref();
        if rollback.is_some_and(|rollback| !rollback.alarms.is_empty()) {
            return Err(not_served("`AutoRollbackConfiguration` of a deployment"));
        }
        Ok(())
    }
}
