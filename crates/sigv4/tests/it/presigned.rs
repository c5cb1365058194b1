//! Signatures in the query: AWS's example, what a week allows, what is refused with which text.

use http::request::Parts;
use proptest::prelude::*;
use sigv4::{Content, Error, Payload, Place, Secret, Settings, Signer, Verifier};

use crate::{known, signer};

/// 2024-01-01T00:10:00Z
const NOW: i64 = 1_704_067_800;

fn request(method: &str, target: &str) -> Parts {
    let request = http::Request::builder().method(method).uri(target).body(());
    request.expect("a request").into_parts().0
}

/// The example of AWS's page "Authenticating requests: using query parameters".
#[test]
fn the_documented_url() {
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let now = 1_369_353_600; // 2013-05-24T00:00:00Z
    let mut parts = request("GET", "https://examplebucket.s3.amazonaws.com/test.txt");
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        settings: &Settings::S3,
    };
    signer.presign(&mut parts, b"", 86_400, now).expect("it can be signed");
    let query = parts.uri.query().expect("a query");
    assert_eq!(
        query,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    let mut verifier = Verifier::new(Settings::S3);
    let verified = verifier.verify((&parts).into(), Payload::Unread, now, |_| Ok(secret));
    let verified = verified.expect("it holds");
    assert_eq!(verified.claim.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_eq!((&*verified.claim.region, &*verified.claim.service), ("us-east-1", "s3"));
    assert_eq!(verified.claim.place, Place::Query { expires: Some(86_400) });
    assert_eq!(verified.content, Content::Unsigned);
}

fn presigned(settings: &Settings, body: &[u8]) -> Parts {
    let mut parts = request("PUT", "http://localhost:8600/bucket/k%C3%BC?partNumber=1&x=a%20b");
    signer(settings).presign(&mut parts, body, 60, NOW).expect("it can be signed");
    parts
}

fn verify(settings: &Settings, parts: &Parts, body: &[u8], now: i64) -> Result<Content, Error> {
    Verifier::new(settings.clone())
        .verify(parts.into(), Payload::Body(body), now, known)
        .map(|verified| verified.content)
}

#[test]
fn it_holds_for_as_long_as_it_says() {
    for settings in [&Settings::S3, &Settings::SERVICE] {
        let parts = presigned(settings, b"x");
        let at = |now| verify(settings, &parts, b"x", now);
        assert!(at(NOW).is_ok());
        assert!(at(NOW + 60).is_ok());
        assert!(matches!(at(NOW + 61), Err(Error::QueryExpired(_))));
        assert!(at(NOW - settings.skew_seconds).is_ok());
        assert!(matches!(at(NOW - settings.skew_seconds - 1), Err(Error::NotYetCurrent(_))));
    }
}

#[test]
fn only_s3_leaves_the_body_unsigned() {
    let parts = presigned(&Settings::S3, b"x");
    assert_eq!(verify(&Settings::S3, &parts, b"y", NOW), Ok(Content::Unsigned));
    let parts = presigned(&Settings::SERVICE, b"x");
    assert_eq!(verify(&Settings::SERVICE, &parts, b"x", NOW), Ok(Content::Verified));
    assert_eq!(verify(&Settings::SERVICE, &parts, b"y", NOW), Err(Error::Mismatch));
}

#[test]
fn a_declared_hash_counts() {
    let hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"; // of `x`
    let target = format!("http://localhost/b/k?X-Amz-Content-Sha256={hash}");
    let mut parts = request("PUT", &target);
    // The signer signs what the query says as a part of the query, and `UNSIGNED-PAYLOAD` as the
    // body's line: a verifier that took the query's hash for the line must refuse it.
    signer(&Settings::S3).presign(&mut parts, b"", 60, NOW).expect("it can be signed");
    assert_eq!(verify(&Settings::S3, &parts, b"x", NOW), Err(Error::Mismatch));
    assert_eq!(verify(&Settings::S3, &parts, b"y", NOW), Err(Error::ContentMismatch));
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let cases = [
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", "must include 'X-Amz-Algorithm'"),
        ("X-Amz-Date=20240101T001000Z&", "", "must include 'X-Amz-Date'"),
        ("&X-Amz-SignedHeaders=host", "", "must include 'X-Amz-SignedHeaders'"),
        ("X-Amz-Expires=60&", "", "must include 'X-Amz-Expires'"),
        ("HMAC-SHA256", "HMAC-SHA1", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        ("Expires=60", "Expires=x", "X-Amz-Expires should be a number"),
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative"),
        ("Expires=60", "Expires=604801", "X-Amz-Expires must be less than a week"),
        ("20240101T001000Z", "2024-01-01", "Date must be in ISO-8601 'basic format'."),
        ("%2Faws4_request", "", "Credential must have exactly 5 slash-delimited elements"),
        ("AKID%2F20240101", "AKID%2F20240102", "Date in Credential scope does not match"),
        ("AKID", "AKIX", "The security token included in the request is invalid."),
        ("SignedHeaders=host", "SignedHeaders=x", "'Host' or ':authority' must be"),
        ("Expires=60", "Expires=61", "The request signature we calculated does not match"),
        ("x=a%20b", "x=a%20c", "The request signature we calculated does not match"),
    ];
    for (from, to, expect) in cases {
        let mut parts = presigned(&Settings::S3, b"");
        let target = parts.uri.to_string();
        assert!(target.contains(from), "{target}");
        parts.uri = target.replace(from, to).parse().expect("a uri");
        let error = verify(&Settings::S3, &parts, b"", NOW).expect_err(to);
        assert!(error.to_string().contains(expect), "{from} -> {to}: {error}");
    }
}

#[test]
fn an_order_of_parameters_is_as_good_as_another() {
    let mut parts = presigned(&Settings::S3, b"");
    let query = parts.uri.query().expect("a query").split('&').rev().collect::<Vec<_>>().join("&");
    parts.uri = format!("{}?{query}", parts.uri.path()).parse().expect("a uri");
    assert_eq!(verify(&Settings::S3, &parts, b"", NOW), Ok(Content::Unsigned));
}

#[test]
fn a_week_is_the_most() {
    let mut parts = request("GET", "http://localhost/");
    let error = signer(&Settings::S3).presign(&mut parts, b"", 604_801, NOW);
    assert!(error.expect_err("too long").to_string().contains("604800"));
}

#[test]
fn a_token_in_the_query_is_looked_at() {
    let mut parts = request("GET", "http://localhost/b/k");
    let signer = Signer { session_token: Some("to+ken/=="), ..signer(&Settings::S3) };
    signer.presign(&mut parts, b"", 60, NOW).expect("it can be signed");
    let mut verifier = Verifier::new(Settings::S3);
    let refused = verifier.verify((&parts).into(), Payload::Unread, NOW, known);
    assert!(matches!(refused, Err(Error::InvalidToken)));
    let verified = verifier.verify((&parts).into(), Payload::Unread, NOW, |claim| {
        assert_eq!(claim.session_token.as_deref(), Some("to+ken/=="));
        Ok(Secret::new("secret"))
    });
    assert!(verified.is_ok());
}

proptest! {
    #[test]
    fn a_changed_bit_of_the_url_is_refused(bit: usize, s3: bool) {
        let settings = if s3 { Settings::S3 } else { Settings::SERVICE };
        let mut parts = presigned(&settings, b"");
        let target = parts.uri.to_string().into_bytes();
        let bit = bit % (target.len() * 8);
        let mut changed = target.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // The host is that of the header, and hex digits of an escape have two spellings.
        let path = target.windows(7).position(|part| part == b"/bucket").expect("a path");
        let respelled = |text: &[u8]| percent_encoding::percent_decode(text).collect::<Vec<_>>();
        prop_assume!(bit / 8 >= path && respelled(&changed) != respelled(&target));
        if let Ok(uri) = http::Uri::try_from(changed) {
            parts.uri = uri;
            prop_assert!(verify(&settings, &parts, b"", NOW).is_err(), "{}", parts.uri);
        }
    }
}
