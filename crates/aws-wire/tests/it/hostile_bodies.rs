//! Bodies that no client sends: none may panic, hang or be let through.

use aws_wire::{Fault, Input, SERVICES, decode, route_target};
use bytes::Bytes;
use proptest::prelude::*;

fn decoded(body: Vec<u8>) -> Result<Input, Fault> {
    let route = route_target("SageMaker.CreateEndpointConfig").expect("it is served");
    let (parts, ()) = http::Request::post("/").body(()).expect("a request").into_parts();
    decode(route.service, route.operation, &parts, &Bytes::from(body))
}

fn refusal(body: &str) -> String {
    let fault = decoded(body.as_bytes().to_vec()).expect_err("it is wrong");
    format!("{}: {}", fault.code(), fault.message())
}

#[test]
fn deep_bodies_are_refused_by_their_depth() {
    for depth in [100, 1_000_000] {
        let body = format!("{{\"Tags\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(
            refusal(&body),
            "SerializationException: the body nests deeper than 64 levels; send a flatter one"
        );
    }
    let brackets_in_text = format!("{{\"EndpointConfigName\": \"\\\"{}\"}}", "[".repeat(100));
    assert!(refusal(&brackets_in_text).starts_with("ValidationException"));
}

#[test]
fn broken_json_says_where() {
    assert_eq!(
        refusal("{\"EndpointConfigName\": }"),
        "SerializationException: the body is not valid JSON: expected value at line 1 column 24"
    );
}

#[test]
fn very_many_violations_are_not_all_repeated() {
    let variants = vec!["{}"; 10_000].join(",");
    let text = refusal(&format!("{{\"ProductionVariants\": [{variants}]}}"));
    assert!(
        text.starts_with("ValidationException: 100 validation errors detected: "),
        "{text:.80}"
    );
    assert!(text.len() < 40_000, "{}", text.len());
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body: Vec<u8>) {
        let _answered = decoded(body);
    }

    #[test]
    fn any_json_of_known_names_is_answered(
        names in proptest::collection::vec("(EndpointConfigName|ProductionVariants|Tags)", 0..4),
        values in proptest::collection::vec(
            r#"(null|true|-1e400|1e300|"x"|\[\]|\[null\]|\[\{\}\]|\{\}|\[\[1\]\])"#, 4,
        ),
    ) {
        let members: Vec<_> =
            names.iter().zip(&values).map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let body = format!("{{{}}}", members.join(","));
        prop_assert!(decoded(body.into_bytes()).is_err());
    }

    #[test]
    fn any_invocation_is_answered(path in "/[ -~&&[^ \"<>\\\\^`{}#?]]{0,40}", query in "[a-z%&=0-9+]{0,20}") {
        let Ok(request) = http::Request::post(format!("{path}?{query}")).body(()) else {
            return Ok(());
        };
        let parts = request.into_parts().0;
        let runtime = SERVICES.iter().find(|s| s.name == "sagemaker-runtime").expect("it is served");
        let operation = runtime.operation("InvokeEndpoint").expect("it is served");
        let _answered = decode(runtime, operation, &parts, &Bytes::new());
    }
}
