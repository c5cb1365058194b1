//! Every refusal, by the request that causes it and AWS's text for it.

use http::request::Parts;
use sigv4::{Content, Error, Payload, Secret, Settings, Signer, Verifier};

use crate::known;

/// 2024-01-01T00:10:00Z
const NOW: i64 = 1_704_067_800;
const BODY: &[u8] = b"{}";

fn signed(settings: &Settings) -> Parts {
    let (mut parts, ()) = http::Request::post("http://localhost:8600/")
        .header("x-amz-target", "SageMaker.ListModels")
        .body(())
        .expect("a request")
        .into_parts();
    Signer {
        access_key_id: "AKID",
        secret: Secret::new("secret"),
        session_token: None,
        region: "us-east-1",
        service: "sagemaker",
        settings,
    }
    .sign(&mut parts, BODY, NOW)
    .expect("it can be signed");
    parts
}

fn verify(
    settings: Settings,
    parts: &Parts,
    payload: Payload<'_>,
    now: i64,
) -> Result<Content, Error> {
    Verifier::new(settings)
        .verify(parts.into(), payload, now, known)
        .map(|verified| verified.content)
}

/// Changes a signed request and gives the refusal's text.
fn refusal(change: impl FnOnce(&mut Parts)) -> String {
    let mut parts = signed(&Settings::SERVICE);
    change(&mut parts);
    match verify(Settings::SERVICE, &parts, Payload::Body(BODY), NOW) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn authorization(parts: &Parts) -> String {
    parts.headers["authorization"].to_str().expect("ASCII").to_owned()
}

fn set(parts: &mut Parts, name: &'static str, value: &str) {
    parts.headers.insert(name, value.parse().expect("a header value"));
}

fn replace(parts: &mut Parts, from: &str, to: &str) {
    let text = authorization(parts);
    assert!(text.contains(from), "{text}");
    set(parts, "authorization", &text.replace(from, to));
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
    provided. Check your AWS Secret Access Key and signing method. Consult the service \
    documentation for details.";

#[test]
fn texts_are_those_of_aws() {
    type Change = Box<dyn FnOnce(&mut Parts)>;
    let header = |value: &'static str| -> Change {
        Box::new(move |parts: &mut Parts| set(parts, "authorization", value))
    };
    let swap = |from: &'static str, to: &'static str| -> Change {
        Box::new(move |parts: &mut Parts| replace(parts, from, to))
    };
    let drop_header = |name: &'static str| -> Change {
        Box::new(move |parts: &mut Parts| drop(parts.headers.remove(name)))
    };
    let cases: Vec<(Change, &str)> = vec![
        (Box::new(|_: &mut Parts| {}), "accepted"),
        (drop_header("authorization"), "Missing Authentication Token"),
        (header("Bearer abc"), "Missing Authentication Token"),
        (header("AWS4-HMAC-SHA1 x"), "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        (
            header("AWS4-HMAC-SHA256 Credential"),
            "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header.",
        ),
        (
            header("AWS4-HMAC-SHA256 "),
            "Authorization header requires 'Credential' parameter. Authorization header requires \
             'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
        ),
        (
            drop_header("x-amz-date"),
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            Box::new(|parts: &mut Parts| set(parts, "x-amz-date", "2024-01-01")),
            "Date must be in ISO-8601 'basic format'. Got '2024-01-01'.",
        ),
        (
            swap("/aws4_request", ""),
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got 'AKID/20240101/us-east-1/sagemaker'",
        ),
        (
            swap("aws4_request", "aws3_request"),
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'.",
        ),
        (
            swap("/20240101/", "/20240102/"),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20240102' != '20240101', from '20240101T001000Z'.",
        ),
        (swap("AKID", "AKIX"), "The security token included in the request is invalid."),
        (
            swap("host;", ""),
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            swap(";x-amz-target", ""),
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (drop_header("x-amz-target"), MISMATCH),
        (swap("us-east-1", "us-east-2"), MISMATCH),
        (swap("Signature=", "Signature=0"), MISMATCH),
        (
            Box::new(|parts: &mut Parts| parts.uri = "/?X-Amz-Signature=0".parse().expect("a uri")),
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the \
             Authorization header should be specified.",
        ),
        (
            Box::new(|parts: &mut Parts| {
                parts.uri = "/?X-Amz-Signature=0".parse().expect("a uri");
                parts.headers.remove("authorization");
            }),
            "AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string \
             parameters.",
        ),
    ];
    for (i, (change, text)) in cases.into_iter().enumerate() {
        assert_eq!(refusal(change), text, "case {i}");
    }
}

#[test]
fn five_minutes_are_allowed_and_no_second_more() {
    let at = |now| {
        let parts = signed(&Settings::SERVICE);
        verify(Settings::SERVICE, &parts, Payload::Body(BODY), now).map_err(|e| e.to_string())
    };
    assert_eq!(at(NOW + 300), Ok(Content::Verified));
    assert_eq!(at(NOW - 300), Ok(Content::Verified));
    assert_eq!(
        at(NOW + 301),
        Err("Signature expired: 20240101T001000Z is now earlier than 20240101T001001Z \
             (20240101T001501Z - 5 min.)"
            .to_owned())
    );
    assert_eq!(
        at(NOW - 600),
        Err("Signature not yet current: 20240101T001000Z is still later than 20240101T000500Z \
             (20240101T000000Z + 5 min.)"
            .to_owned())
    );
}

#[test]
fn scope_is_held_to_the_settings() {
    let with = |region: &str, service: &str| {
        let settings = Settings {
            region: Some(region.to_owned()),
            service: Some(service.to_owned()),
            ..Settings::SERVICE
        };
        let parts = signed(&Settings::SERVICE);
        verify(settings, &parts, Payload::Body(BODY), NOW).map_err(|e| e.to_string())
    };
    assert_eq!(with("us-east-1", "sagemaker"), Ok(Content::Verified));
    assert_eq!(
        with("eu-west-1", "sagemaker"),
        Err("Credential should be scoped to a valid region, not 'us-east-1'.".to_owned())
    );
    assert_eq!(
        with("us-east-1", "logs"),
        Err("Credential should be scoped to correct service: 'logs'.".to_owned())
    );
}

#[test]
fn the_body_must_be_the_declared_one() {
    let parts = signed(&Settings::S3);
    let check = |payload| verify(Settings::S3, &parts, payload, NOW);
    assert_eq!(check(Payload::Body(BODY)), Ok(Content::Verified));
    assert_eq!(check(Payload::Body(b"[]")), Err(Error::ContentMismatch));
    assert_eq!(check(Payload::Digest([0; 32])), Err(Error::ContentMismatch));
    assert!(matches!(check(Payload::Unread), Ok(Content::Declared(_))));
}

#[test]
fn an_unsigned_body_needs_a_setting() {
    let mut parts = signed(&Settings::S3);
    set(&mut parts, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    let check = |settings| verify(settings, &parts, Payload::Body(BODY), NOW);
    let form = Err(Error::ContentForm("UNSIGNED-PAYLOAD".to_owned()));
    assert_eq!(check(Settings { unsigned_payload_allowed: false, ..Settings::S3 }), form);
    assert_eq!(check(Settings::S3), Err(Error::Mismatch), "the signature was for another body");
}

#[test]
fn a_chunked_body_needs_a_setting_too() {
    let mut parts = signed(&Settings::S3);
    let form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    set(&mut parts, "x-amz-content-sha256", form);
    let check = |settings| verify(settings, &parts, Payload::Body(BODY), NOW);
    let refused = Err(Error::ContentForm(form.to_owned()));
    assert_eq!(check(Settings { unsigned_payload_allowed: false, ..Settings::S3 }), refused);
    assert_eq!(check(Settings::S3), Err(Error::Mismatch), "the signature was for another body");
    set(&mut parts, "x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
    let refused = verify(Settings::S3, &parts, Payload::Body(BODY), NOW);
    assert!(matches!(refused, Err(Error::ContentForm(_))), "{refused:?}");
}

#[test]
fn a_changed_secret_ends_the_old_signature() {
    let parts = signed(&Settings::SERVICE);
    let mut verifier = Verifier::new(Settings::SERVICE);
    let mut with = |secret| {
        let body = Payload::Body(BODY);
        verifier.verify((&parts).into(), body, NOW, |_| Ok(Secret::new(secret))).map(|_| ())
    };
    assert_eq!(with("secret"), Ok(()));
    assert_eq!(with("other"), Err(Error::Mismatch));
    assert_eq!(with("secret"), Ok(()));
}
