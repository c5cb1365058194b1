//! Forms: which operation they name, how their fields become parameters, and what refuses them.

use aws_wire::{
    Fault, Operation, SERVICES, Service, decode, form_action, route_action, service_for_form,
};
use bytes::Bytes;
use http::{Request, request::Parts};
use proptest::prelude::*;

fn service(name: &str) -> &'static Service {
    service_for_form(name).expect("it is served")
}

fn get_role() -> (&'static Service, &'static Operation) {
    let route = route_action(service("iam"), "GetRole").expect("it is served");
    (route.service, route.operation)
}

fn parts(uri: &str) -> Parts {
    Request::post(uri).body(()).expect("a request").into_parts().0
}

fn shown(outcome: Result<String, Fault>) -> String {
    outcome.unwrap_or_else(|fault| format!("{}: {}", fault.code(), fault.message()))
}

#[test]
fn forms_name_an_action_and_a_version() {
    for (uri, body, expected) in [
        ("/", "Action=GetRole&Version=2010-05-08", "GetRole"),
        ("/?Action=GetRole&Version=2010-05-08", "", "GetRole"),
        ("/", "Action=Make+Coffee%21&Version=2010-05-08", "Make Coffee!"),
        ("/", "", "MissingAction: The form has no `Action`."),
        ("/", "Action=&Version=2010-05-08", "MissingAction: The form has no `Action`."),
        (
            "/",
            "Action=GetRole",
            "InvalidAction: Could not find operation GetRole for version NO_VERSION_SPECIFIED",
        ),
        (
            "/",
            "Action=GetRole&Version=2011-06-15",
            "InvalidAction: Could not find operation GetRole for version 2011-06-15",
        ),
        ("/", "Action=%FF", "MalformedInput: the form is not UTF-8"),
    ] {
        let action = form_action(service("iam"), &parts(uri), body.as_bytes());
        assert_eq!(shown(action), expected, "{uri} {body}");
    }
}

#[test]
fn services_that_do_not_speak_forms_are_not_found() {
    for (name, found) in [("sts", true), ("iam", true), ("sagemaker", false), ("ec2", false)] {
        assert_eq!(service_for_form(name).is_some(), found, "{name}");
    }
}

#[test]
fn fields_become_checked_parameters() {
    let (service, operation) = get_role();
    for (body, expected) in [
        ("RoleName=a%2Bb", r#"{"RoleName":"a+b"}"#),
        ("Unknown.member.1=x&RoleName=a", r#"{"RoleName":"a"}"#),
        ("RoleName=first&RoleName=second", r#"{"RoleName":"first"}"#),
        (
            "RoleName=a+b",
            "ValidationError: 1 validation error detected: Value 'a b' at 'roleName' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        ),
        (
            "",
            "ValidationError: 1 validation error detected: Value null at 'roleName' failed to \
             satisfy constraint: Member must not be null",
        ),
        (
            "RoleName.member.1=a",
            "MalformedInput: `RoleName.member.1` is one value, without fields below it",
        ),
    ] {
        let body = Bytes::from(format!("Action=GetRole&Version=2010-05-08&{body}"));
        let input = decode(service, operation, &parts("/"), &body);
        let input = input.map(|input| serde_json::Value::Object(input.params).to_string());
        assert_eq!(shown(input), expected, "{body:?}");
    }
}

#[test]
fn fields_that_lie_too_deep_are_refused() {
    let (service, operation) = get_role();
    let body = Bytes::from(format!("RoleName{}=x", ".a".repeat(1_000_000)));
    let fault = decode(service, operation, &parts("/"), &body).expect_err("it is too deep");
    assert_eq!(fault.code(), "MalformedInput");
}

#[test]
fn errors_are_xml() {
    for (fault, status, expected) in [
        (
            Fault::new("NoSuchEntity", "The role with name <a&b> cannot be found."),
            404,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
             <Type>Sender</Type><Code>NoSuchEntity</Code>\
             <Message>The role with name &lt;a&amp;b&gt; cannot be found.</Message></Error>\
             <RequestId>id-1</RequestId></ErrorResponse>\n",
        ),
        (
            Fault::new("InternalFailure", "a\u{0}b\r"),
            500,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
             <Type>Receiver</Type><Code>InternalFailure</Code>\
             <Message>a\u{fffd}b&#13;</Message></Error>\
             <RequestId>id-1</RequestId></ErrorResponse>\n",
        ),
    ] {
        let response = fault.response(service("iam"), "id-1");
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-type"], "text/xml");
        assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
        assert_eq!(response.body(), expected);
    }
}

#[test]
fn signature_errors_have_the_codes_of_the_query_protocol() {
    for (error, code, status) in [
        (sigv4::Error::MissingAuthenticationToken, "MissingAuthenticationToken", 403),
        (sigv4::Error::MalformedCredential("x".to_owned()), "IncompleteSignature", 400),
        (sigv4::Error::UnknownKey, "InvalidClientTokenId", 403),
        (sigv4::Error::InvalidToken, "InvalidClientTokenId", 403),
        (sigv4::Error::ExpiredToken, "ExpiredToken", 403),
        (sigv4::Error::QueryIncomplete("X-Amz-Date"), "IncompleteSignature", 400),
        (sigv4::Error::Mismatch, "SignatureDoesNotMatch", 403),
        (sigv4::Error::ScopeRegion("x".to_owned()), "SignatureDoesNotMatch", 403),
    ] {
        let fault = Fault::of_signature(&error, service("sts"));
        assert_eq!((fault.code(), fault.status(service("sts")).as_u16()), (code, status));
        assert_eq!(fault.message(), error.to_string());
    }
}

#[test]
fn unknown_actions_have_the_code_of_the_query_protocol() {
    let none = route_action(service("sts"), "MakeCoffee").expect_err("there is no such action");
    assert_eq!(Fault::from(&none).code(), "InvalidAction");
}

proptest! {
    #[test]
    fn any_form_is_read_or_refused(body in "([A-Za-z.0-9%=&+]|RoleName|\\.member\\.|Action=){0,40}") {
        for service in SERVICES.into_iter().filter(|s| service_for_form(s.signing_name).is_some()) {
            let _ = form_action(service, &parts("/"), body.as_bytes());
            for operation in service.operations {
                let _ = decode(service, operation, &parts("/"), &Bytes::from(body.clone()));
            }
        }
    }
}
