//! `UpdateEndpoint` and `UpdateEndpointWeightsAndCapacities` on the wire, and what
//! `DescribeEndpoint` shows meanwhile. Updates that take over step by step are in `rollouts`.

use serde_json::{Value, json};

use crate::face::Face;

/// An endpoint `e` of model `old`, and a configuration `new` that waits at the gate.
fn face() -> Face {
    let face = Face::new();
    face.model("old", &[("answer", "old")]);
    face.model("new", &[("answer", "new"), ("gate", "")]);
    face.done("CreateEndpoint", &json!({"EndpointName": "e", "EndpointConfigName": "old"}));
    face.in_service("e");
    face
}

/// Weights and instances of a variant: current, desired.
fn scale(variant: &Value) -> [&Value; 4] {
    ["CurrentWeight", "DesiredWeight", "CurrentInstanceCount", "DesiredInstanceCount"]
        .map(|member| &variant[member])
}

#[test]
fn an_update_is_shown_beside_what_serves() {
    let face = face();
    let update = json!({"EndpointName": "e", "EndpointConfigName": "new"});
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e";
    assert_eq!(face.done("UpdateEndpoint", &update), json!({"EndpointArn": arn}));
    let updating = face.describe("e");
    assert_eq!(updating["EndpointStatus"], "Updating");
    assert_eq!(updating["EndpointConfigName"], "old");
    assert_eq!(scale(&updating["ProductionVariants"][0]), [1.0, 1.0, 1.0, 1.0]);
    let pending = &updating["PendingDeploymentSummary"];
    assert_eq!(pending["EndpointConfigName"], "new");
    assert!(pending["StartTime"].as_f64().is_some_and(|seconds| seconds > 1e9), "{pending}");
    let variant = &pending["ProductionVariants"][0];
    assert_eq!(variant["VariantName"], "only");
    assert_eq!(scale(variant), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(variant["VariantStatus"][0]["Status"], "Creating");
    let (status, code, message) = face.call("UpdateEndpoint", &update).error();
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
    assert_eq!(message, format!("Cannot update in-progress endpoint \"{arn}\""));
    assert_eq!(face.invoke("e", &[], b"").text(), "old");
    face.engines.gate.send_replace(true);
    let updated = face.in_service("e");
    assert_eq!(updated["EndpointConfigName"], "new");
    assert_eq!(updated.get("PendingDeploymentSummary"), None);
    assert_eq!(updated["ProductionVariants"][0].get("VariantStatus"), None);
    assert_eq!(face.invoke("e", &[], b"").text(), "new");
}

#[test]
fn a_first_deployment_is_pending_too() {
    let face = face();
    face.done("CreateEndpoint", &json!({"EndpointName": "f", "EndpointConfigName": "new"}));
    let creating = face.describe("f");
    assert_eq!(creating["EndpointStatus"], "Creating");
    assert_eq!(creating["EndpointConfigName"], "new");
    assert_eq!(creating["PendingDeploymentSummary"]["EndpointConfigName"], "new");
    face.engines.gate.send_replace(true);
    assert_eq!(face.in_service("f").get("PendingDeploymentSummary"), None);
}

#[test]
fn variants_keep_what_they_are_told_to_keep() {
    let face = Face::new();
    face.model("m", &[("answer", "1")]);
    let variant = |name: &str| json!({"VariantName": name, "ModelName": "m"});
    face.config("c", &[variant("a"), variant("b")]);
    face.done("CreateEndpoint", &json!({"EndpointName": "e", "EndpointConfigName": "c"}));
    face.in_service("e");
    let excluded = |names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({"VariantPropertyType": name})).collect()
    };
    let check = |retain: bool, names: &[&str], [weight, count]: [f64; 2]| {
        let desired = json!([{"VariantName": "a", "DesiredWeight": 4, "DesiredInstanceCount": 3}]);
        let members = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": desired});
        face.done("UpdateEndpointWeightsAndCapacities", &members);
        let scaled = face.in_service("e");
        assert_eq!(scale(&scaled["ProductionVariants"][0]), [4.0, 4.0, 3.0, 3.0]);
        assert_eq!(scale(&scaled["ProductionVariants"][1]), [1.0, 1.0, 1.0, 1.0]);
        let members = json!({
            "EndpointName": "e", "EndpointConfigName": "c", "RetainAllVariantProperties": retain,
            "ExcludeRetainedVariantProperties": excluded(names),
        });
        face.done("UpdateEndpoint", &members);
        let updated = face.in_service("e");
        let expected = [weight, weight, count, count];
        assert_eq!(scale(&updated["ProductionVariants"][0]), expected, "{retain} {names:?}");
    };
    check(false, &[], [1.0, 1.0]);
    check(true, &[], [4.0, 3.0]);
    check(true, &["DesiredWeight"], [1.0, 3.0]);
    check(true, &["DesiredInstanceCount", "DataCaptureConfig"], [4.0, 1.0]);
    check(true, &["DesiredInstanceCount", "DesiredWeight"], [1.0, 1.0]);
}

#[test]
fn the_last_deployment_config_is_shown_and_used_again_where_that_is_asked_for() {
    let face = face();
    face.engines.gate.send_replace(true);
    let at_once = |timeout: u32| {
        let routing = json!({"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0});
        json!({"BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing, "MaximumExecutionTimeoutInSeconds": timeout,
        }})
    };
    let update = |members: Value| {
        let mut input = json!({"EndpointName": "e", "EndpointConfigName": "new"});
        let given = members.as_object().into_iter().flatten();
        given.for_each(|(name, value)| input[name] = value.clone());
        assert_eq!(face.call("UpdateEndpoint", &input).status, 200, "{input}");
        face.in_service("e")["LastDeploymentConfig"].clone()
    };
    assert_eq!(face.describe("e")["LastDeploymentConfig"], Value::Null);
    assert_eq!(update(json!({"DeploymentConfig": at_once(601)})), at_once(601));
    assert_eq!(update(json!({"RetainDeploymentConfig": true})), at_once(601));
    let both = json!({"RetainDeploymentConfig": true, "DeploymentConfig": at_once(602)});
    assert_eq!(update(both), at_once(602));
    assert_eq!(update(json!({"RetainDeploymentConfig": false})), Value::Null);
    assert_eq!(update(json!({"RetainDeploymentConfig": true})), Value::Null);
}

#[test]
fn what_can_not_be_rescaled_is_said() {
    let face = face();
    let check = |desired: Value, (status, code): (u16, &str), text: &str| {
        let members = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": [desired]});
        let error = face.call("UpdateEndpointWeightsAndCapacities", &members).error();
        assert_eq!(error, (status, code.to_owned(), text.to_owned()));
    };
    let invalid = (400, "ValidationException");
    let unknown = "The endpoint has no production variant \"x\"";
    check(json!({"VariantName": "x"}), invalid, unknown);
    let many = "`DesiredInstanceCount` of only must be 1 to 1000";
    for count in [0, 1001] {
        check(json!({"VariantName": "only", "DesiredInstanceCount": count}), invalid, many);
    }
    check(
        json!({"VariantName": "only", "DesiredWeight": 1e300}),
        invalid,
        "Production variant \"only\" must have a DesiredWeight of 0 or more that fits a 32-bit \
         float",
    );
    check(
        json!({"VariantName": "only", "ServerlessUpdateConfig": {"MaxConcurrency": 1}}),
        (501, "NotImplemented"),
        "`ServerlessUpdateConfig` of a production variant is not served by clary; COMPATIBILITY.md \
         lists what is",
    );
}

#[test]
fn a_weight_that_is_no_number_is_refused() {
    let face = face();
    for weight in ["NaN", "Infinity"] {
        let desired = json!([{"VariantName": "only", "DesiredWeight": weight}]);
        let members = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": desired});
        let rescaled = face.call("UpdateEndpointWeightsAndCapacities", &members);
        let mut variant = json!({"VariantName": "only", "ModelName": "old"});
        variant["InitialInstanceCount"] = json!(1);
        variant["InstanceType"] = json!("ml.m5.large");
        variant["InitialVariantWeight"] = json!(weight);
        let members = json!({"EndpointConfigName": "c", "ProductionVariants": [variant]});
        let configured = face.call("CreateEndpointConfig", &members);
        for (reply, member) in
            [(rescaled, "a DesiredWeight"), (configured, "The InitialVariantWeight")]
        {
            let (status, code, message) = reply.error();
            assert_eq!((status, code.as_str()), (400, "ValidationException"));
            assert!(message.contains(member), "{message}");
        }
    }
}
