//! Signed requests: what was signed is accepted, what was not is refused, and nothing panics.

use http::request::Parts;
use sigv4::{Payload, Secret, Settings, Signer, Verifier};

use crate::request;

/// 2015-08-30T12:36:00Z, the moment of AWS's examples and so of the seeds.
const NOW: i64 = 1_440_938_160;
const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
/// Not the secret that any seed was signed with.
const SECRET: &str = "the fuzzer can't sign with this";

/// A request that nobody signed with the secret, in a header or in the query, is refused.
pub fn verify(bytes: &[u8]) {
    let Some((parts, body)) = request::read(bytes) else { return };
    for settings in [Settings::SERVICE, Settings::S3] {
        for payload in [Payload::Body(body), Payload::Unread] {
            assert!(
                !accepted(&parts, payload, settings.clone()),
                "a forged signature was accepted"
            );
        }
    }
}

/// A request is accepted as it was signed, and refused with another body.
pub fn round_trip(bytes: &[u8]) {
    let Some((parts, body)) = request::read(bytes) else { return };
    for settings in [Settings::SERVICE, Settings::S3] {
        let mut parts = parts.clone();
        if !sign(&mut parts, body, &settings) {
            continue;
        }
        assert!(
            accepted(&parts, Payload::Body(body), settings.clone()),
            "what was signed was refused"
        );
        let other = [body, b"x"].concat();
        assert!(!accepted(&parts, Payload::Body(&other), settings), "another body was accepted");
    }
}

fn accepted(parts: &Parts, payload: Payload<'_>, settings: Settings) -> bool {
    let outcome = Verifier::new(settings).verify(parts.into(), payload, NOW, |claim| {
        (claim.access_key_id == ACCESS_KEY_ID)
            .then_some(Secret::new(SECRET))
            .ok_or(sigv4::Error::UnknownKey)
    });
    if let Err(error) = &outcome {
        assert!(!error.to_string().is_empty(), "an error says something");
    }
    outcome.is_ok()
}

/// Signs anew, over whatever the request says of a signature.
fn sign(parts: &mut Parts, body: &[u8], settings: &Settings) -> bool {
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
        parts.headers.remove(name);
    }
    let signer = Signer {
        access_key_id: ACCESS_KEY_ID,
        secret: Secret::new(SECRET),
        session_token: None,
        region: "us-east-1",
        service: "sagemaker",
        settings,
    };
    signer.sign(parts, body, NOW).is_ok()
}
