//! Errors on the wire: code, status, headers and body by protocol and model.

use aws_wire::{Fault, SERVICES, Service};
use serde_json::{Value, json};

fn service(name: &str) -> &'static Service {
    SERVICES.into_iter().find(|service| service.name == name).expect("it is served")
}

#[test]
fn bodies_and_status_follow_the_protocol() {
    for (service_name, fault, status, content_type, body) in [
        (
            "sagemaker",
            Fault::new("ValidationException", "no"),
            400,
            "application/x-amz-json-1.1",
            json!({"__type": "ValidationException", "message": "no"}),
        ),
        (
            "sagemaker",
            Fault::new("ResourceLimitExceeded", "full"),
            400,
            "application/x-amz-json-1.1",
            json!({"__type": "ResourceLimitExceeded", "Message": "full"}),
        ),
        (
            "sagemaker",
            Fault::new("AccessDeniedException", "no"),
            400,
            "application/x-amz-json-1.1",
            json!({"__type": "AccessDeniedException", "message": "no"}),
        ),
        (
            "logs",
            Fault::new("ServiceUnavailableException", "later"),
            500,
            "application/x-amz-json-1.1",
            json!({"__type": "ServiceUnavailableException", "message": "later"}),
        ),
        (
            "sagemaker-runtime",
            Fault::new("ModelError", "bad")
                .with("ErrorCode", "CLIENT_ERROR_FROM_MODEL")
                .with("OriginalStatusCode", 415)
                .with("OriginalMessage", "text"),
            424,
            "application/json",
            json!({
                "Message": "bad",
                "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
                "OriginalStatusCode": 415,
                "OriginalMessage": "text",
            }),
        ),
        (
            "sagemaker-runtime",
            Fault::new("AccessDeniedException", "no"),
            403,
            "application/json",
            json!({"message": "no"}),
        ),
        (
            "sagemaker-runtime",
            Fault::new("InternalFailure", "oh"),
            500,
            "application/json",
            json!({"Message": "oh"}),
        ),
    ] {
        let response = fault.response(service(service_name), "id-1");
        assert_eq!(response.status(), status, "{fault:?}");
        assert_eq!(response.headers()["content-type"], content_type);
        assert_eq!(response.headers()["x-amzn-errortype"], fault.code());
        assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
        let sent: Value = serde_json::from_slice(response.body()).expect("JSON");
        assert_eq!(sent, body);
    }
}

#[test]
fn signature_errors_have_the_codes_of_the_json_protocols() {
    for (error, code) in [
        (sigv4::Error::MissingAuthenticationToken, "MissingAuthenticationTokenException"),
        (sigv4::Error::MalformedCredential("x".to_owned()), "IncompleteSignatureException"),
        (sigv4::Error::UnknownKey, "UnrecognizedClientException"),
        (sigv4::Error::InvalidToken, "UnrecognizedClientException"),
        (sigv4::Error::ExpiredToken, "ExpiredTokenException"),
        (sigv4::Error::Mismatch, "InvalidSignatureException"),
        (sigv4::Error::HostNotSigned, "InvalidSignatureException"),
    ] {
        let fault = Fault::from(&error);
        assert_eq!(fault.code(), code);
        assert_eq!(fault.message(), error.to_string());
    }
}
