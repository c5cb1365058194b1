//! Requests that botocore signed; `tests/fixtures/generate.py` made the file.

use http::{HeaderValue, request::Parts};
use serde::Deserialize;
use sigv4::{Content, Payload, Secret, Settings, Verifier};

#[derive(Deserialize)]
struct Fixture {
    access_key_id: String,
    secret: String,
    now: i64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    service: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body_hex: String,
}

fn request(case: &Case) -> Parts {
    let mut builder = http::Request::builder().method(case.method.as_str()).uri(&case.target);
    for (name, value) in &case.headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("botocore sent it");
        builder = builder.header(name, value);
    }
    builder.body(()).expect("botocore sent it").into_parts().0
}

fn body(case: &Case) -> Vec<u8> {
    let digits = case.body_hex.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(|pair| byte(pair).expect("hex")).collect()
}

#[test]
fn what_botocore_signs_is_verified() {
    let text = include_str!("../fixtures/signed.json");
    let fixture: Fixture = serde_json::from_str(text).expect("the fixture is valid");
    let settings_of =
        |service: &str| if service == "s3" { Settings::S3 } else { Settings::SERVICE };
    let mut failures = Vec::new();
    for case in &fixture.cases {
        let parts = request(case);
        let body = body(case);
        let result = Verifier::new(settings_of(&case.service)).verify(
            (&parts).into(),
            Payload::Body(&body),
            fixture.now,
            |claim| {
                assert_eq!(claim.access_key_id, fixture.access_key_id);
                assert_eq!(claim.session_token.is_some(), case.name == "session token");
                Ok(Secret::new(&fixture.secret))
            },
        );
        match result {
            Ok(verified) if verified.content == expected_content(case) => {}
            other => failures.push(format!("{}: {other:?}", case.name)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(fixture.cases.len() > 40, "the fixture has lost cases");
}

/// Over HTTPS botocore leaves the bodies of S3 calls unsigned.
fn expected_content(case: &Case) -> Content {
    let unsigned = case.headers.iter().any(|(_, value)| value == "UNSIGNED-PAYLOAD");
    if unsigned { Content::Unsigned } else { Content::Verified }
}
