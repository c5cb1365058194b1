//! `DeploymentConfig` of an update, and what of it is served: all traffic moves at once.
//!
//! `TerminationWaitInSeconds`, `WaitIntervalInSeconds` and `MaximumExecutionTimeoutInSeconds` of
//! such an update only bound how long two fleets are watched and paid for; nobody pays for slots,
//! and nothing is watched where there are no alarms.

use resources::{Error, ErrorKind};
use serde_json::Value;

use crate::error::not_served;

/// Taking silently what is not served would promise a guard that nobody keeps.
pub(super) fn check(config: &Value) -> Result<(), Error> {
    let at = |path: &str| config.pointer(path);
    if at("/RollingUpdatePolicy").is_some() {
        return Err(refused_policy("`RollingUpdatePolicy` of a deployment", config));
    }
    let kind =
        at("/BlueGreenUpdatePolicy/TrafficRoutingConfiguration/Type").and_then(Value::as_str);
    if let Some(kind @ ("CANARY" | "LINEAR")) = kind {
        return Err(not_served(&format!(
            "Traffic routing `{kind}` of a deployment (`ALL_AT_ONCE` is: the new variants take over \
             once they are up, and what served goes on if they fail)"
        )));
    }
    let alarms = at("/AutoRollbackConfiguration/Alarms").and_then(Value::as_array);
    if alarms.is_some_and(|alarms| !alarms.is_empty()) {
        return Err(not_served("`AutoRollbackConfiguration` of a deployment"));
    }
    Ok(())
}

/// Two policies are a mistake whichever is served.
fn refused_policy(what: &str, config: &Value) -> Error {
    if config.get("BlueGreenUpdatePolicy").is_none() {
        return not_served(what);
    }
    Error::new(
        ErrorKind::Invalid,
        "Give either `BlueGreenUpdatePolicy` or `RollingUpdatePolicy`, one of the two",
    )
}
