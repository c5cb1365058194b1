//! Replies have AWS's members and nothing else.

use aws_wire::{Output, SERVICES, encode, route_target};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

fn reply(target: &str, members: Value) -> Result<Response<Bytes>, String> {
    let route = route_target(target).expect("it is served");
    let output = Output { members, payload: None };
    encode(route.service, route.operation, output, "id-1").map_err(|error| error.to_string())
}

#[test]
fn replies_are_written_by_the_model() {
    let response = reply(
        "SageMaker.ListModels",
        json!({
            "Models": [{"ModelName": "m", "ModelArn": "arn", "CreationTime": 1_700_000_000.25}],
            "NextToken": null,
        }),
    )
    .expect("it has its shape");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
    assert_eq!(
        response.body(),
        r#"{"Models":[{"CreationTime":1700000000.25,"ModelArn":"arn","ModelName":"m"}]}"#
    );
}

#[test]
fn an_operation_without_output_answers_with_an_empty_body() {
    let response = reply("SageMaker.DeleteModel", Value::Null).expect("it has its shape");
    assert_eq!(response.body(), "");
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
}

#[test]
fn replies_of_another_form_are_refused() {
    for (members, expected) in [
        (json!({"Models": [], "Total": 1}), "`Total`: the model has no such member"),
        (json!({"Models": [{"Size": 1}]}), "`Models.Size`: the model has no such member"),
        (json!({}), "`Models`: the model requires it"),
        (
            json!({"Models": [{"ModelName": 1, "ModelArn": "a", "CreationTime": 1}]}),
            "`Models.ModelName`: it is of another type",
        ),
        (
            json!({"Models": [{"ModelName": "m", "ModelArn": "a", "CreationTime": "now"}]}),
            "`Models.CreationTime`: it must be seconds since 1970",
        ),
    ] {
        let refused = reply("SageMaker.ListModels", members).expect_err("it is wrong");
        let expected = format!("the reply of `ListModels` is not of its shape at {expected}");
        assert_eq!(refused, expected);
    }
}

#[test]
fn an_invocation_is_answered_with_headers_and_the_body_as_it_is() {
    let runtime = SERVICES.into_iter().find(|s| s.name == "sagemaker-runtime").expect("served");
    let operation = runtime.operation("InvokeEndpoint").expect("served");
    let output = Output {
        members: json!({"ContentType": "text/csv", "InvokedProductionVariant": "blue"}),
        payload: Some(Bytes::from_static(b"1,2")),
    };
    let response = encode(runtime, operation, output, "id-1").expect("it has its shape");
    assert_eq!(response.body(), "1,2");
    assert_eq!(response.headers()["content-type"], "text/csv");
    assert_eq!(response.headers()["x-amzn-invoked-production-variant"], "blue");
}
