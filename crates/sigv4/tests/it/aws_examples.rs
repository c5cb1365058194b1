//! The examples that AWS published with the description of signature version 4: request,
//! signature. Key, date, region and service are the same in all.

use http::{Request, request::Parts};
use sigv4::{Payload, Secret, Settings, Signer, Verifier};

const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: Secret<'_> = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// 2015-08-30T12:36:00Z
const NOW: i64 = 1_440_938_160;

struct Example {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signed_headers: &'static str,
    signature: &'static str,
}

const GET: Example = Example {
    name: "get-vanilla",
    method: "GET",
    target: "/",
    headers: &[],
    body: "",
    signed_headers: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};

const EXAMPLES: &[Example] = &[
    GET,
    Example { name: "get-slash", target: "//", ..GET },
    Example { name: "get-slash-dot-slash", target: "/./", ..GET },
    Example { name: "get-relative", target: "/example/..", ..GET },
    Example { name: "get-relative-relative", target: "/example1/example2/../..", ..GET },
    Example {
        name: "get-unreserved",
        target: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ..GET
    },
    Example {
        name: "get-vanilla-empty-query-key",
        target: "/?Param1=value1",
        signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ..GET
    },
    Example {
        name: "get-vanilla-query-order-key-case",
        target: "/?Param2=value2&Param1=value1",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ..GET
    },
    Example {
        name: "get-header-key-duplicate",
        headers: &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
        signed_headers: "host;my-header1;x-amz-date",
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ..GET
    },
    Example {
        name: "get-header-value-trim",
        headers: &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        signed_headers: "host;my-header1;my-header2;x-amz-date",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ..GET
    },
    Example {
        name: "post-vanilla",
        method: "POST",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ..GET
    },
    Example {
        name: "post-x-www-form-urlencoded",
        method: "POST",
        headers: &[("Content-Type", "application/x-www-form-urlencoded")],
        body: "Param1=value1",
        signed_headers: "content-type;host;x-amz-date",
        signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ..GET
    },
];

fn request(example: &Example) -> Parts {
    let mut builder = Request::builder()
        .method(example.method)
        .uri(example.target)
        .header("host", "example.amazonaws.com");
    for (name, value) in example.headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).expect("an example is a request").into_parts().0
}

fn authorization(example: &Example) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={}, Signature={}",
        example.signed_headers, example.signature
    )
}

#[test]
fn aws_examples_are_verified() {
    let mut verifier = Verifier::new(Settings::SERVICE);
    for example in EXAMPLES {
        let mut parts = request(example);
        let text = authorization(example);
        parts.headers.insert("authorization", text.parse().expect("ASCII"));
        parts.headers.insert("x-amz-date", "20150830T123600Z".parse().expect("ASCII"));
        let body = Payload::Body(example.body.as_bytes());
        let verified = verifier.verify((&parts).into(), body, NOW, |_| Ok(SECRET));
        let verified = verified.unwrap_or_else(|e| panic!("{}: {e}", example.name));
        assert_eq!(verified.claim.access_key_id, ACCESS_KEY_ID);
    }
}

#[test]
fn aws_examples_are_signed_alike() {
    let signer = Signer {
        access_key_id: ACCESS_KEY_ID,
        secret: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "service",
        settings: &Settings::SERVICE,
    };
    for example in EXAMPLES {
        let mut parts = request(example);
        signer.sign(&mut parts, example.body.as_bytes(), NOW).expect("an example can be signed");
        assert_eq!(parts.headers["authorization"], authorization(example), "{}", example.name);
    }
}
