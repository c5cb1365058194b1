//! A change of any single bit that is signed is refused.

use http::{HeaderName, HeaderValue, Method, Uri, request::Parts};
use proptest::prelude::*;
use sigv4::{Payload, Secret, Settings, Signer, Verifier};

use crate::known;

const NOW: i64 = 1_700_000_000;
const BODY: &[u8] = b"5.1,3.5,1.4,0.2\n";
const TARGET: &str = "/endpoints/iris/invocations?a=1&b=two";
const SIGNED: [&str; 5] = ["host", "content-type", "x-any", "x-amz-date", "authorization"];

fn signed() -> Parts {
    let (mut parts, ()) = http::Request::post(TARGET)
        .header("host", "localhost:8600")
        .header("content-type", "text/csv")
        .header("x-any", "one two")
        .body(())
        .expect("a request")
        .into_parts();
    Signer {
        access_key_id: "AKID",
        secret: Secret::new("secret"),
        session_token: None,
        region: "us-east-1",
        service: "sagemaker",
        settings: &Settings::SERVICE,
    }
    .sign(&mut parts, BODY, NOW)
    .expect("it can be signed");
    parts
}

fn accepted(parts: &Parts, body: &[u8]) -> bool {
    Verifier::new(Settings::SERVICE).verify(parts.into(), Payload::Body(body), NOW, known).is_ok()
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let bit = bit % (bytes.len() * 8);
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[test]
fn the_unchanged_request_is_accepted() {
    assert!(accepted(&signed(), BODY));
}

proptest! {
    #[test]
    fn a_changed_body_is_refused(bit: usize) {
        prop_assert!(!accepted(&signed(), &flipped(BODY, bit)));
    }

    #[test]
    fn a_changed_target_is_refused(bit: usize) {
        let mut parts = signed();
        if let Ok(uri) = Uri::try_from(flipped(TARGET.as_bytes(), bit)) {
            parts.uri = uri;
            prop_assert!(!accepted(&parts, BODY), "{}", parts.uri);
        }
    }

    #[test]
    fn a_changed_method_is_refused(bit: usize) {
        let mut parts = signed();
        if let Ok(method) = Method::from_bytes(&flipped(b"POST", bit)) {
            parts.method = method;
            prop_assert!(!accepted(&parts, BODY));
        }
    }

    #[test]
    fn a_changed_header_is_refused(which in 0..SIGNED.len(), bit: usize) {
        let mut parts = signed();
        let name = HeaderName::from_static(SIGNED[which]);
        let value = flipped(parts.headers[&name].as_bytes(), bit);
        // Two spellings of the same thing are not a change: a tab for the space that it folds
        // to, and the space after a comma of the `Authorization` header.
        let same = |value: &[u8]| value.trim_ascii() == parts.headers[&name].as_bytes();
        if let Ok(changed) = HeaderValue::from_bytes(&value)
            && !same(&value)
        {
            parts.headers.insert(&name, changed);
            prop_assert!(!accepted(&parts, BODY), "{name}: {:?}", parts.headers[&name]);
        }
    }
}
