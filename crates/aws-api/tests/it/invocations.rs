//! `InvokeEndpoint` is decoded by hand: here its headers are held against the shape tables.

use aws_wire::{
    SAGEMAKER_RUNTIME,
    table::{Kind, Location, Member, Shape},
};
use serde_json::json;

use crate::face::Face;

/// Members that ask for what is not served.
const NOT_SERVED: [&str; 4] =
    ["InferenceComponentName", "SessionId", "TargetContainerHostname", "TargetModel"];

/// The members that stand in headers, with their shapes.
fn members() -> impl Iterator<Item = (&'static Member, &'static Shape)> {
    let operation = SAGEMAKER_RUNTIME.operation("InvokeEndpoint").expect("it is served");
    let input = SAGEMAKER_RUNTIME.shape(operation.input.expect("it has an input"));
    let Kind::Structure(structure) = &input.kind else { panic!("it is a structure") };
    let members = structure.members.iter().filter(|member| member.location == Location::Header);
    members.map(|member| (member, SAGEMAKER_RUNTIME.shape(member.shape)))
}

/// The name as messages have it.
fn camel(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

/// An endpoint that explains, so that it takes every header.
fn face() -> Face {
    let face = Face::new();
    face.model("m", &[("answer", "1")]);
    let shap = json!({"ShapBaselineConfig": {"ShapBaseline": "1"}});
    let config = json!({
        "EndpointConfigName": "explained",
        "ProductionVariants": [{
            "VariantName": "only", "ModelName": "m", "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }],
        "ExplainerConfig": {"ClarifyExplainerConfig": {"ShapConfig": shap}},
    });
    face.done("CreateEndpointConfig", &config);
    for (name, config) in [("m", "explained"), ("plain", "m")] {
        face.done("CreateEndpoint", &json!({"EndpointName": name, "EndpointConfigName": config}));
        face.in_service(name);
    }
    face
}

#[test]
fn only_an_endpoint_with_an_explainer_takes_an_expression() {
    let face = face();
    let header = [("x-amzn-sagemaker-enable-explanations", "`true`")];
    assert_eq!(face.invoke("m", &header, b"1").status, 200);
    assert_eq!(face.invoke("plain", &[], b"1").status, 200);
    let (status, code, message) = face.invoke("plain", &header, b"1").error();
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(message.contains("endpoint plain has no explainer"), "{message}");
    let config = json!({"EndpointConfigName": "explained"});
    let described = face.done("DescribeEndpointConfig", &config);
    let explainer = &described["ExplainerConfig"];
    assert_eq!(
        explainer["ClarifyExplainerConfig"]["ShapConfig"]["ShapBaselineConfig"]["ShapBaseline"],
        "1"
    );
    assert_eq!(face.describe("m")["ExplainerConfig"], *explainer);
    assert_eq!(face.describe("plain")["ExplainerConfig"], serde_json::Value::Null);
}

#[test]
fn every_header_of_the_table_is_read() {
    let face = face();
    for (member, shape) in members() {
        let send = |value: &str| face.invoke("m", &[(member.wire_name, value)], b"1");
        let name = member.name;
        if NOT_SERVED.contains(&name) {
            let (status, code, message) = send("a").error();
            assert_eq!((status, code.as_str()), (501, "NotImplemented"), "{name}");
            assert!(message.contains(&format!("`{name}`")), "{message}");
            continue;
        }
        let max = usize::try_from(shape.max.expect("it has one")).expect("it is one");
        if name != "TargetVariant" {
            assert_eq!(send(&"a".repeat(max)).status, 200, "{name} of {max} characters");
        }
        let long = "a".repeat(max + 1);
        let rule = format!("Member must have length less than or equal to {max}");
        assert_eq!(send(&long).error(), violation(name, &long, &rule));
        if shape.min == Some(1) {
            let rule = "Member must have length greater than or equal to 1";
            assert_eq!(send("").error(), violation(name, "", rule));
        }
    }
    assert_eq!(face.invoke("m", &[("x-amzn-sagemaker-target-variant", "only")], b"1").text(), "1");
}

#[test]
fn patterns_are_those_of_the_table() {
    // Per pattern: what fits it, and what does not and can stand in a header.
    let cases: [(&str, &[&str], &[&str]); 4] = [
        (".*", &["`true`", "[0] > `0.5`"], &[]),
        (r"\p{ASCII}*", &["", "a\tb", "~ !"], &[]),
        (r"\A\S[\p{Print}]*\z", &["a", "~ a!", "("], &["a\tb"]),
        ("^[a-zA-Z0-9](-*[a-zA-Z0-9])*", &["only"], &["a_b", "-a", "a-", "a b"]),
    ];
    let face = face();
    for (member, shape) in members().filter(|(member, _)| !NOT_SERVED.contains(&member.name)) {
        let pattern = shape.pattern.expect("it has one");
        let found = cases.iter().find(|(known, ..)| *known == pattern);
        let (_, good, bad) = found.unwrap_or_else(|| panic!("{pattern} has no case yet"));
        let send = |value: &str| face.invoke("m", &[(member.wire_name, value)], b"1");
        for value in *good {
            assert_eq!(send(value).status, 200, "{}: {value:?}", member.name);
        }
        let rule = format!("Member must satisfy regular expression pattern: {pattern}");
        for value in *bad {
            assert_eq!(send(value).error(), violation(member.name, value, &rule));
        }
        assert_eq!(face.invoke("m", &[], b"1").status, 200);
    }
}

fn violation(member: &str, value: &str, rule: &str) -> (u16, String, String) {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{}' failed to satisfy constraint: {rule}",
        camel(member)
    );
    (400, "ValidationError".to_owned(), message)
}

#[test]
fn headers_are_found_whatever_their_case() {
    let face = face();
    for name in ["X-Amzn-SageMaker-Target-Variant", "x-amzn-sagemaker-target-variant"] {
        let reply = face.invoke("m", &[(name, "other")], b"1");
        assert!(reply.error().2.contains("not a production variant"), "{}", reply.text());
    }
    let reply = face.invoke("m", &[], b"1");
    assert_eq!(reply.headers["x-amzn-invoked-production-variant"], "only");
    assert_eq!(
        (reply.text(), &reply.headers["content-type"]),
        ("1".to_owned(), &"text/plain".parse().expect("a value"))
    );
}
