//! What a wrong request is told, in AWS's words.

use aws_wire::{Fault, Input, decode, route_path, route_target};
use bytes::Bytes;
use http::{Method, Uri};
use serde_json::{Value, json};

fn decoded(target: &str, body: &Value) -> Result<Input, Fault> {
    let route = route_target(target).expect("it is served");
    let (parts, ()) = http::Request::post("/").body(()).expect("a request").into_parts();
    decode(route.service, route.operation, &parts, &Bytes::from(body.to_string()))
}

fn message(target: &str, body: &Value) -> String {
    match decoded(target, body) {
        Ok(input) => Value::Object(input.params).to_string(),
        Err(fault) => format!("{}: {}", fault.code(), fault.message()),
    }
}

const NAME: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";

#[test]
fn constraints_are_named_as_aws_names_them() {
    let failed = "failed to satisfy constraint: Member must";
    for (target, body, expected) in [
        (
            "SageMaker.CreateModel",
            json!({}),
            format!(
                "ValidationException: 1 validation error detected: Value null at 'modelName' \
                 {failed} not be null"
            ),
        ),
        (
            "SageMaker.CreateEndpoint",
            json!({"EndpointName": "a_b", "EndpointConfigName": null}),
            format!(
                "ValidationException: 2 validation errors detected: Value null at \
                 'endpointConfigName' {failed} not be null; Value 'a_b' at 'endpointName' \
                 {failed} satisfy regular expression pattern: {NAME}"
            ),
        ),
        (
            "SageMaker.DescribeEndpoint",
            json!({"EndpointName": "a".repeat(64)}),
            format!(
                "ValidationException: 2 validation errors detected: Value '{name}' at 'endpointName' \
                 {failed} satisfy regular expression pattern: {NAME}; Value '{name}' at \
                 'endpointName' {failed} have length less than or equal to 63",
                name = "a".repeat(64)
            ),
        ),
        (
            "SageMaker.ListModels",
            json!({"MaxResults": 0, "SortBy": "Size"}),
            format!(
                "ValidationException: 2 validation errors detected: Value '0' at 'maxResults' \
                 {failed} have value greater than or equal to 1; Value 'Size' at 'sortBy' \
                 {failed} satisfy enum value set: [Name, CreationTime]"
            ),
        ),
        (
            "SageMaker.CreateEndpointConfig",
            json!({
                "EndpointConfigName": "c",
                "ProductionVariants": [
                    {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1},
                    {"VariantName": "b", "ModelName": "m", "InitialInstanceCount": -1,
                     "InitialVariantWeight": -0.5},
                ],
            }),
            format!(
                "ValidationException: 2 validation errors detected: Value '-1' at \
                 'productionVariants.2.member.initialInstanceCount' {failed} have value greater \
                 than or equal to 1; Value '-0.5' at \
                 'productionVariants.2.member.initialVariantWeight' {failed} have value greater \
                 than or equal to 0"
            ),
        ),
        (
            "SageMaker.CreateEndpointConfig",
            json!({"EndpointConfigName": "c", "ProductionVariants": []}),
            format!(
                "ValidationException: 1 validation error detected: Value '[]' at \
                 'productionVariants' {failed} have length greater than or equal to 1"
            ),
        ),
        (
            "SageMaker.CreateModel",
            json!({"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": {"0": "x"}}}),
            "ValidationException: 1 validation error detected: Value '{0=x}' at \
             'primaryContainer.environment' failed to satisfy constraint: Map keys must satisfy \
             constraint: [Member must have length less than or equal to 1024, Member must have \
             length greater than or equal to 0, Member must satisfy regular expression pattern: \
             [a-zA-Z_][a-zA-Z0-9_]*]"
                .to_owned(),
        ),
        (
            "SageMaker.CreateModel",
            json!({"ModelName": "m", "VpcConfig": {"SecurityGroupIds": ["sg 1"], "Subnets": ["s"]}}),
            "ValidationException: 1 validation error detected: Value '[sg 1]' at \
             'vpcConfig.securityGroupIds' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must have length less than or equal to 32, Member must have \
             length greater than or equal to 0, Member must satisfy regular expression pattern: \
             [-0-9a-zA-Z]+]"
                .to_owned(),
        ),
        (
            "Logs_20140328.DescribeLogStreams",
            json!({"logGroupName": "a b"}),
            format!(
                "InvalidParameterException: 1 validation error detected: Value 'a b' at \
                 'logGroupName' {failed} satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
            ),
        ),
    ] {
        assert_eq!(message(target, &body), expected);
    }
}

#[test]
fn wrong_types_are_serialization_errors() {
    for (body, expected) in [
        (json!({"MaxResults": "5"}), "STRING_VALUE can not be converted to an Integer"),
        (json!({"MaxResults": 1.5}), "NUMBER_VALUE can not be converted to an Integer"),
        (json!({"MaxResults": 3e9}), "NUMBER_VALUE can not be converted to an Integer"),
        (json!({"SortBy": true}), "TRUE_VALUE can not be converted to a String"),
        (json!({"SortBy": {}}), "Start of structure or map found where not expected."),
        (json!({"SortBy": []}), "Start of list found where not expected"),
        (
            json!({"CreationTimeAfter": "2020-01-01"}),
            "STRING_VALUE can not be converted to milliseconds since epoch",
        ),
        (json!("text"), "STRING_VALUE can not be converted to a structure"),
    ] {
        let expected = format!("SerializationException: {expected}");
        assert_eq!(message("SageMaker.ListModels", &body), expected);
    }
}

#[test]
fn what_is_right_arrives_in_the_models_names() {
    for (body, expected) in [
        (json!({}), json!({})),
        (json!({"Unknown": 1, "SortBy": null}), json!({})),
        (json!({"MaxResults": 5.0}), json!({"MaxResults": 5})),
        (json!({"CreationTimeAfter": 1.5}), json!({"CreationTimeAfter": 1.5})),
    ] {
        assert_eq!(message("SageMaker.ListModels", &body), expected.to_string());
    }
}

fn invoked(headers: &[(&str, &str)], body: &Bytes) -> Result<Input, Fault> {
    let path = "/endpoints/iris/invocations";
    let route =
        route_path("sagemaker", &Method::POST, &Uri::from_static(path)).expect("it is served");
    let mut builder = http::Request::post(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let (parts, ()) = builder.body(()).expect("a request").into_parts();
    decode(route.service, route.operation, &parts, body)
}

#[test]
fn an_invocation_is_taken_from_path_headers_and_body() {
    let body = Bytes::from_static(b"5.1,3.5\n");
    let headers = [
        ("content-type", "text/csv"),
        ("accept", "application/json, text/csv"),
        ("x-amzn-sagemaker-target-variant", "blue"),
    ];
    let input = invoked(&headers, &body).expect("it is right");
    assert_eq!(input.payload, Some(body));
    assert_eq!(
        Value::Object(input.params),
        json!({
            "EndpointName": "iris",
            "ContentType": "text/csv",
            "Accept": "application/json, text/csv",
            "TargetVariant": "blue",
        })
    );
}

#[test]
fn a_wrong_invocation_is_told_all_that_is_wrong() {
    let body = Bytes::from(vec![0; 6_291_457]);
    let fault = invoked(&[("x-amzn-sagemaker-target-variant", "a b")], &body).expect_err("wrong");
    assert_eq!(fault.code(), "ValidationError");
    assert_eq!(
        fault.message(),
        "2 validation errors detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=6291457 \
         cap=6291457]' at 'body' failed to satisfy constraint: Member must have length less than \
         or equal to 6291456; Value 'a b' at 'targetVariant' failed to satisfy constraint: Member \
         must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9])*"
    );
}
