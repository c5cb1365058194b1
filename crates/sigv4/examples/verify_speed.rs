//! Measures one verification of an `InvokeEndpoint` request as boto3 sends it, body of 200 bytes:
//! `cargo run --release -p sigv4 --example verify_speed`. Every request differs from the last.

use std::{hint::black_box, time::Instant};

use http::request::Parts;
use sha2::{Digest as _, Sha256};
use sigv4::{Payload, Secret, Settings, Signer, Verifier};

const NOW: i64 = 1_700_000_000;
/// As many as stay in the cache, where a request that has just been parsed is too.
const REQUESTS: usize = 64;
const ROUNDS: usize = 3000;
const SECRET: Secret<'_> = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let requests = (0..REQUESTS).map(request).collect::<Result<Vec<_>, _>>()?;
    let mut verifier = Verifier::new(Settings::SERVICE);
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for (parts, body) in &requests {
            let body = Payload::Body(body);
            black_box(verifier.verify(parts.into(), body, NOW, |_| Ok(SECRET))?);
        }
        best = best.min(start.elapsed().as_secs_f64() / REQUESTS as f64);
    }
    let block = hash_block_seconds();
    println!("{:.0} ns per verification; {:.0} ns per SHA-256 block", best * 1e9, block * 1e9);
    Ok(())
}

/// What one block of a hash costs here: the floor that a verification stands on.
fn hash_block_seconds() -> f64 {
    const BLOCKS: usize = 1000;
    let text = vec![1; BLOCKS * 64];
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(Sha256::digest(black_box(&text)));
        best = best.min(start.elapsed().as_secs_f64() / BLOCKS as f64);
    }
    best
}

fn request(i: usize) -> Result<(Parts, Vec<u8>), Box<dyn std::error::Error>> {
    let body = format!("{i:0>199}\n").into_bytes();
    let (mut parts, ()) = http::Request::post("/endpoints/covtype-production/invocations")
        .header("host", "127.0.0.1:8600")
        .header("accept-encoding", "identity")
        .header("content-type", "text/csv")
        .header("content-length", "200")
        .header("user-agent", "Boto3/1.44.5 md/Botocore#1.44.5 os/linux#6.1 lang/python#3.12")
        .header("amz-sdk-invocation-id", format!("00000000-0000-4000-8000-{i:012}"))
        .header("amz-sdk-request", "attempt=1")
        .body(())?
        .into_parts();
    let signer = Signer {
        access_key_id: "AKIDEXAMPLE",
        secret: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "sagemaker",
        settings: &Settings::SERVICE,
    };
    let not_signed = ["accept-encoding", "content-length"];
    let kept = not_signed.map(|name| (name, parts.headers.remove(name)));
    signer.sign(&mut parts, &body, NOW)?;
    for (name, value) in kept {
        parts.headers.extend(value.map(|value| (http::HeaderName::from_static(name), value)));
    }
    Ok((parts, body))
}
