//! Whatever is signed here is verified here: any path, query and headers.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use sigv4::{Payload, Secret, Settings, Signer, Verifier};

const NOW: i64 = 1_700_000_000;

proptest! {
    #[test]
    fn a_signed_request_is_verified(
        path in "/[a-zA-Z0-9./_~!$&'()*+,;=:@%-]{0,24}",
        query in "[a-zA-Z0-9./_~!$'()*+,;=:@%&-]{0,40}",
        header in "[ -~\u{e9}]{0,24}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        s3 in any::<bool>(),
        declared in any::<bool>(),
    ) {
        let settings = if s3 { Settings::S3 } else { Settings::SERVICE };
        let value = http::HeaderValue::from_bytes(header.as_bytes());
        prop_assume!(value.is_ok());
        let (mut parts, ()) = http::Request::put(format!("http://localhost{path}?{query}"))
            .header("x-any", value.expect("assumed"))
            .body(())
            .expect("a request")
            .into_parts();
        let signer = Signer {
            access_key_id: "AKID",
            secret: Secret::new("secret"),
            session_token: None,
            region: "us-east-1",
            service: "s3",
            settings: &settings,
        };
        let signed = if declared {
            signer.sign_declared(&mut parts, &Sha256::digest(&body).into(), NOW)
        } else {
            signer.sign(&mut parts, &body, NOW)
        };
        signed.expect("it can be signed");
        let mut verifier = Verifier::new(settings.clone());
        let result = verifier.verify((&parts).into(), Payload::Body(&body), NOW, |_| {
            Ok(Secret::new("secret"))
        });
        prop_assert!(result.is_ok(), "{:?}", result);
    }

    #[test]
    fn any_authorization_header_is_answered(text in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}") {
        let (parts, ()) = http::Request::get("http://localhost/")
            .header("authorization", text)
            .header("x-amz-date", "20231114T221320Z")
            .body(())
            .expect("a request")
            .into_parts();
        let mut verifier = Verifier::new(Settings::SERVICE);
        let result =
            verifier.verify((&parts).into(), Payload::Body(b""), NOW, |_| Ok(Secret::new("x")));
        prop_assert!(result.is_err());
    }
}
