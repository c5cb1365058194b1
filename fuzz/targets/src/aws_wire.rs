//! Calls of the control plane: whatever is sent is read, or refused with a fault of the client's.

use aws_wire::{
    Fault, Input, Route, Service, decode, form_action, route_action, route_path, route_target,
    service_for_form,
};
use bytes::Bytes;

use crate::request;

/// awsJson: the first line is the `X-Amz-Target`, the rest is the body.
///
/// What was read and is sent again as it was read is the same call.
pub fn json(bytes: &[u8]) {
    let (target, body) = request::line(bytes);
    let target = String::from_utf8_lossy(target);
    let Ok(route) = route_target(&target) else { return };
    let Some(input) = decoded(route, "POST /\n".as_bytes(), body) else { return };
    let again = serde_json::to_vec(&input.params).expect("a map of JSON is JSON");
    let again = decoded(route, "POST /\n".as_bytes(), &again).expect("what was read can be read");
    assert_eq!(input, again, "what was read is read as the same");
}

/// Forms: the first line is the service's signing name, the rest is the body.
pub fn query(bytes: &[u8]) {
    let (name, body) = request::line(bytes);
    let Some(service) = service_for_form(&String::from_utf8_lossy(name)) else { return };
    let head = b"POST /\ncontent-type: application/x-www-form-urlencoded\n";
    let (parts, _) = request::read(head).expect("a request: this is a bug");
    match form_action(service, &parts, body) {
        Ok(action) => {
            if let Ok(route) = route_action(service, &action) {
                decoded(route, head, body);
            }
        }
        Err(fault) => check_fault(service, &fault),
    }
}

/// Requests of a REST service: method, path, query, headers and body.
pub fn rest(bytes: &[u8]) {
    let Some((parts, body)) = request::read(bytes) else { return };
    let Ok(route) = route_path("sagemaker", &parts.method, parts.uri.path()) else { return };
    decoded(route, bytes, body);
}

/// What `body` says to the operation; nothing if it was refused.
fn decoded(route: Route, head: &[u8], body: &[u8]) -> Option<Input> {
    let (parts, _) = request::read(head)?;
    let outcome = decode(route.service, route.operation, &parts, &Bytes::copy_from_slice(body));
    outcome.inspect_err(|fault| check_fault(route.service, fault)).ok()
}

fn check_fault(service: &Service, fault: &Fault) {
    assert!(!fault.code().is_empty() && !fault.message().is_empty(), "a fault says something");
    let response = fault.response(service, "a-request-id");
    assert!(
        response.status().is_client_error(),
        "{} of a client is {}",
        fault.code(),
        response.status()
    );
    assert_eq!(response.status(), fault.status(service));
}
