//! Calls of the control plane: whatever is sent is read, or refused with a fault of the client's.

use aws_wire::{
    Fault, Input, Route, Service, XmlFault, decode, form_action, plain_xml, route_action,
    route_path, route_target, service_for_form,
};
use bytes::Bytes;
use serde_json::Value;

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
    let (input, again) = (input.params.into(), again.params.into());
    assert!(alike(&input, &again), "what was read is read as another: {input} {again}");
}

/// Equal but for the last digits of numbers, which reading JSON may round.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-15,
            _ => a == b,
        },
        _ => a == b,
    }
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
    let Ok(route) = route_path("sagemaker", &parts.method, &parts.uri) else { return };
    decoded(route, bytes, body);
}

/// Documents of clients: what is made plain is plain already, and not out of proportion.
pub fn xml(bytes: &[u8]) {
    let plain = match plain_xml(bytes) {
        Ok(plain) => plain,
        Err(fault) => {
            assert!(!fault.to_string().is_empty(), "a fault says something");
            let declares = bytes.windows(2).any(|pair| pair == b"<!");
            assert!(fault != XmlFault::DocumentType || declares, "there is no declaration");
            return;
        }
    };
    assert!(plain.len() <= 5 * bytes.len(), "a byte becomes five at most");
    let again = plain_xml(&plain).expect("what was read can be read");
    assert_eq!(again, plain, "what is plain stays as it is");
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
