//! Compressed requests: the body of a call as what the caller's `Content-Encoding` says it was
//! before.
//!
//! API Gateway unpacks them whether or not the API compresses answers:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html>

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use telemetry::Charge;

use super::{bodies::BODY_BYTES_MAX, call::Call};
use crate::{
    Gateway,
    refusal::{REQUEST_TOO_LARGE, Refusal, UNSUPPORTED_MEDIA_TYPE},
};

/// A body that becomes longer is unpacked where it holds no other call up.
const AT_ONCE_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

/// Why a body could not be unpacked.
#[derive(Debug)]
enum Problem {
    TooLong,
    NoRoom,
    Broken(io::Error),
}

/// Unpacks the body of a call. It has been authorised: what was signed is the body as it came.
pub(crate) async fn unpack(gateway: &Gateway, call: &mut Call<'_, '_>) -> Result<(), Refusal> {
    let Some(coding) = call.surroundings.head.headers.get(CONTENT_ENCODING) else { return Ok(()) };
    let coding = String::from_utf8_lossy(coding.as_bytes()).trim().to_ascii_lowercase();
    let coding = match &*coding {
        _ if call.body.is_empty() => return Ok(()),
        "" | "identity" => return Ok(()),
        "gzip" | "x-gzip" => Coding::Gzip,
        "deflate" => Coding::Deflate,
        other => {
            let known = "gzip, deflate and identity are";
            return Err(unsupported(format!("the content coding `{other}` is not known; {known}")));
        }
    };
    call.body = match unpacked(coding, &call.body, (AT_ONCE_BYTES_MAX, gateway.charge())) {
        Err(Problem::TooLong) => apart(gateway, coding, call.body.clone()).await,
        done => done,
    }
    .map_err(|problem| refused(gateway, coding, problem))?;
    call.is_unpacked = true;
    Ok(())
}

async fn apart(gateway: &Gateway, coding: Coding, body: Bytes) -> Result<Bytes, Problem> {
    let charge = gateway.charge();
    let task =
        tokio::task::spawn_blocking(move || unpacked(coding, &body, (BODY_BYTES_MAX, charge)));
    task.await.unwrap_or_else(|panic| Err(Problem::Broken(io::Error::other(panic))))
}

/// The bytes that were packed, if they are no more than allowed.
fn unpacked(
    coding: Coding,
    packed: &[u8],
    (bytes_max, charge): (usize, Charge),
) -> Result<Bytes, Problem> {
    match coding {
        Coding::Gzip => read(MultiGzDecoder::new(packed), bytes_max, charge),
        Coding::Deflate => read(ZlibDecoder::new(packed), bytes_max, charge),
    }
}

fn read(mut from: impl Read, bytes_max: usize, mut charge: Charge) -> Result<Bytes, Problem> {
    let (mut whole, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        match from.read(&mut piece).map_err(Problem::Broken)? {
            0 => return Ok(charge.to(Bytes::from(whole))),
            more if whole.len() + more > bytes_max => return Err(Problem::TooLong),
            more => {
                charge.grow(whole.len() + more).map_err(|_| Problem::NoRoom)?;
                whole.extend_from_slice(&piece[..more]);
            }
        }
    }
}

fn refused(gateway: &Gateway, coding: Coding, problem: Problem) -> Refusal {
    match problem {
        Problem::TooLong => Refusal::from(&REQUEST_TOO_LARGE),
        Problem::NoRoom => gateway.no_room(),
        Problem::Broken(error) => unsupported(format!("the body is no {coding:?}: {error}")),
    }
}

fn unsupported(cause: String) -> Refusal {
    Refusal { cause: Some(cause), ..Refusal::from(&UNSUPPORTED_MEDIA_TYPE) }
}
