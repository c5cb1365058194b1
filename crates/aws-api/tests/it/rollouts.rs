//! `DeploymentConfig` on the wire: what it may say, what `DescribeEndpoint` shows on the way, and
//! which of the last one's is used again.

use serde_json::{Value, json};

use crate::face::Face;

/// An endpoint `e` of four instances of model `old`, and a configuration `new` of as many.
fn face() -> Face {
    let face = Face::new();
    for model in ["old", "new"] {
        face.model(model, &[("answer", model)]);
        let variant = json!({
            "VariantName": "a", "ModelName": model, "InitialInstanceCount": 4,
            "InitialVariantWeight": 2,
        });
        face.config(&format!("{model}-4"), &[variant]);
    }
    face.done("CreateEndpoint", &json!({"EndpointName": "e", "EndpointConfigName": "old-4"}));
    face.in_service("e");
    face
}

fn update(config: &Value) -> Value {
    json!({"EndpointName": "e", "EndpointConfigName": "new-4", "DeploymentConfig": config})
}

fn size(kind: &str, value: u32) -> Value {
    json!({"Type": kind, "Value": value})
}

fn blue_green(routing: &Value) -> Value {
    json!({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}})
}

fn canary(size: &Value, wait_seconds: u32) -> Value {
    blue_green(
        &json!({"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": wait_seconds}),
    )
}

fn rolling(size: &Value) -> Value {
    json!({"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 60}})
}

/// The pending variant, once its status is that and its message says that.
fn pending(face: &Face, status: &str, text: &str) -> Value {
    loop {
        let described = face.describe("e");
        assert_eq!(described["EndpointStatus"], "Updating", "{described}");
        let variant = &described["PendingDeploymentSummary"]["ProductionVariants"][0];
        let stage = &variant["VariantStatus"][0];
        let message = stage["StatusMessage"].as_str().unwrap_or_default();
        if stage["Status"] == status && message.contains(text) {
            assert_eq!(described["EndpointConfigName"], "old-4");
            assert_eq!(described["ProductionVariants"][0]["CurrentInstanceCount"], 4);
            return variant.clone();
        }
    }
}

#[test]
fn every_stage_is_shown() {
    let face = face();
    let mut config = canary(&size("INSTANCE_COUNT", 1), 60);
    config["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = json!(30);
    face.done("UpdateEndpoint", &update(&config));
    let baking = pending(&face, "Baking", "canary capacity of 1 instance(s), 25 % of the traffic");
    let stage = &baking["VariantStatus"][0];
    assert_eq!(
        stage["StatusMessage"],
        "Baking for 60 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of \
         1 instance(s), 25 % of the traffic."
    );
    assert!(stage["StartTime"].as_f64().is_some_and(|seconds| seconds > 1e9), "{stage}");
    let scale = ["CurrentInstanceCount", "DesiredInstanceCount", "CurrentWeight", "DesiredWeight"]
        .map(|member| baking[member].as_f64());
    assert_eq!(scale, [1.0, 4.0, 2.0, 2.0].map(Some));
    face.advance(60);
    let full = "full capacity of 4 instance(s), 100 % of the traffic";
    let baking = pending(&face, "Baking", full);
    assert_eq!(baking["CurrentInstanceCount"], 4);
    face.advance(60);
    pending(&face, "Baking", "Baking for 30 seconds (TerminationWaitInSeconds)");
    face.advance(30);
    let settled = face.in_service("e");
    assert_eq!(settled["EndpointConfigName"], "new-4");
    assert_eq!(settled["LastDeploymentConfig"], config);
    assert_eq!(settled.get("PendingDeploymentSummary"), None);
    assert_eq!(settled.get("FailureReason"), None);
}

#[test]
fn rolling_batches_are_shown_as_instances() {
    let face = face();
    face.done("UpdateEndpoint", &update(&rolling(&size("INSTANCE_COUNT", 2))));
    assert_eq!(pending(&face, "Baking", "50 % of the traffic")["CurrentInstanceCount"], 2);
    face.advance(60);
    pending(&face, "Baking", "full capacity of 4 instance(s)");
    face.advance(60);
    assert_eq!(face.in_service("e")["EndpointConfigName"], "new-4");
}

/// What goes together, what is too much, and what would never end.
#[test]
fn policies_that_make_no_sense_are_refused() {
    let face = face();
    let before = face.describe("e");
    let percent = |value| size("CAPACITY_PERCENT", value);
    let count = |value| size("INSTANCE_COUNT", value);
    let routing = |kind: &str, sizes: &[&str]| {
        let mut routing = json!({"Type": kind, "WaitIntervalInSeconds": 60});
        for member in sizes {
            routing[*member] = percent(10);
        }
        blue_green(&routing)
    };
    let linear = |size: Value| {
        blue_green(&json!({"Type": "LINEAR", "WaitIntervalInSeconds": 60, "LinearStepSize": size}))
    };
    let mut late = linear(percent(10));
    late["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = json!(600);
    let mut hasty = late.clone();
    hasty["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = json!(599);
    let mut patient = late.clone();
    patient["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = json!(3601);
    let mut both = rolling(&percent(50));
    both["BlueGreenUpdatePolicy"] = canary(&percent(10), 0)["BlueGreenUpdatePolicy"].clone();
    let mut rollback = rolling(&percent(50));
    rollback["RollingUpdatePolicy"]["RollbackMaximumBatchSize"] = percent(101);
    for (config, text) in [
        (both, "Give either BlueGreenUpdatePolicy or RollingUpdatePolicy, one of the two"),
        (routing("ALL_AT_ONCE", &["CanarySize"]), "ALL_AT_ONCE has neither CanarySize nor"),
        (routing("ALL_AT_ONCE", &["LinearStepSize"]), "ALL_AT_ONCE has neither CanarySize nor"),
        (routing("CANARY", &[]), "CANARY needs CanarySize"),
        (routing("CANARY", &["LinearStepSize"]), "CANARY needs CanarySize"),
        (routing("CANARY", &["CanarySize", "LinearStepSize"]), "CANARY needs CanarySize, and has"),
        (routing("LINEAR", &[]), "LINEAR needs LinearStepSize"),
        (routing("LINEAR", &["CanarySize"]), "LINEAR needs LinearStepSize"),
        (routing("AT_LEISURE", &[]), "enum value set"),
        (canary(&percent(51), 60), "CanarySize of 51 percent must be 1 to 50 percent"),
        (canary(&percent(0), 60), "Member must have value greater than or equal to 1"),
        (canary(&count(3), 60), "CanarySize of 3 instances must be 1 to 50 percent of the 4"),
        (canary(&percent(10), 3601), "Member must have value less than or equal to 3600"),
        (linear(percent(9)), "LinearStepSize of 9 percent must be 10 to 50 percent"),
        (linear(count(3)), "LinearStepSize of 3 instances must be 10 to 50 percent of the 4"),
        (rolling(&percent(4)), "MaximumBatchSize of 4 percent must be 5 to 50 percent"),
        (rolling(&count(3)), "MaximumBatchSize of 3 instances must be 5 to 50 percent of the 4"),
        (rollback, "RollbackMaximumBatchSize of 101 percent must be 5 to 100 percent"),
        (late, "must be larger than the 600 seconds that the deployment waits"),
        (hasty, "Member must have value greater than or equal to 600"),
        (patient, "Member must have value less than or equal to 3600"),
    ] {
        let (status, code, message) = face.call("UpdateEndpoint", &update(&config)).error();
        assert_eq!((status, code.as_str()), (400, "ValidationException"), "{config}");
        assert!(message.contains(text), "{config}: {message}");
    }
    let alarms = json!({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}});
    let (status, code, message) = face.call("UpdateEndpoint", &update(&alarms)).error();
    assert_eq!((status, code.as_str()), (501, "NotImplemented"));
    assert!(message.contains("leave the alarms out"), "{message}");
    assert_eq!(face.describe("e"), before);
}

/// A first deployment takes any policy, as on AWS, and keeps it; what is used again must be served.
#[test]
fn the_policy_of_a_first_deployment_can_be_used_by_an_update() {
    let face = face();
    let first = |name: &str, config: &Value| {
        let create = json!({
            "EndpointName": name, "EndpointConfigName": "old-4", "DeploymentConfig": config,
        });
        face.done("CreateEndpoint", &create);
        assert_eq!(&face.in_service(name)["LastDeploymentConfig"], config);
        let again = json!({
            "EndpointName": name, "EndpointConfigName": "new-4", "RetainDeploymentConfig": true,
        });
        face.call("UpdateEndpoint", &again)
    };
    let config = canary(&size("CAPACITY_PERCENT", 10), 60);
    assert_eq!(first("canary", &config).status, 200);
    assert_eq!(face.describe("canary")["EndpointStatus"], "Updating");
    assert_eq!(face.describe("canary")["LastDeploymentConfig"], config);
    let bad = canary(&size("CAPACITY_PERCENT", 60), 60);
    let (status, _, message) = first("bad", &bad).error();
    assert_eq!(status, 400);
    assert!(message.contains("CanarySize of 60 percent"), "{message}");
    let alarms = json!({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}});
    assert_eq!(first("guarded", &alarms).error().0, 501);
}
