//! Signed requests: what was signed is accepted, what was not is refused, and nothing panics.

use http::request::Parts;
use sigv4::{ChunkError, ChunkForm, Chunks, Error, Payload, Secret, Settings, Signer, Verifier};

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

/// A request is accepted as it was signed, and refused with another body. One that speaks of a
/// signature in its query too is refused, as is AWS's way.
pub fn round_trip(bytes: &[u8]) {
    let Some((parts, body)) = request::read(bytes) else { return };
    if parts.uri.query().is_some_and(|query| query.contains("X-Amz-")) {
        return;
    }
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

/// A chunked body is the same in pieces of any size, and in a signed form nobody's.
pub fn chunks(body: &[u8]) {
    for (signed, trailer) in [(false, true), (true, false), (true, true)] {
        let form = ChunkForm { signed, trailer };
        let whole = read_chunks(started(form), body, body.len().max(1));
        assert_eq!(whole, read_chunks(started(form), body, 1), "pieces change what is read");
        assert!(!signed || whole.is_err(), "forged chunks were accepted");
        if let Ok((data, _)) = whole {
            assert!(data.len() < body.len(), "a chunk has more bytes than its frame");
        }
    }
}

/// What takes the body of an upload apart whose head is signed as it should be.
fn started(form: ChunkForm) -> Chunks {
    let request = http::Request::put("/bucket/key").header("host", "localhost");
    let mut parts = request.body(()).expect("a request: this is a bug").into_parts().0;
    let signer = signer("s3", &Settings::S3);
    signer.sign_chunked(&mut parts, form, NOW).expect("it is signed: this is a bug");
    let verified = Verifier::new(Settings::S3)
        .verify((&parts).into(), Payload::Unread, NOW, |_| Ok(Secret::new(SECRET)))
        .expect("what was signed holds");
    verified.chunks.expect("the body was announced in chunks")
}

type Read = Result<(Vec<u8>, Vec<(String, String)>), ChunkError>;

fn read_chunks(mut chunks: Chunks, body: &[u8], piece: usize) -> Read {
    let mut data = Vec::new();
    for mut input in body.chunks(piece) {
        while let Some(run) = chunks.next(&mut input)? {
            data.extend_from_slice(run);
        }
    }
    Ok((data, chunks.finish()?))
}

fn accepted(parts: &Parts, payload: Payload<'_>, settings: Settings) -> bool {
    let outcome = Verifier::new(settings).verify(parts.into(), payload, NOW, |claim| {
        let known = claim.access_key_id == ACCESS_KEY_ID;
        known.then_some(Secret::new(SECRET)).ok_or(Error::UnknownKey)
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
    signer("sagemaker", settings).sign(parts, body, NOW).is_ok()
}

fn signer<'a>(service: &'a str, settings: &'a Settings) -> Signer<'a> {
    Signer {
        access_key_id: ACCESS_KEY_ID,
        secret: Secret::new(SECRET),
        session_token: None,
        region: "us-east-1",
        service,
        settings,
    }
}
