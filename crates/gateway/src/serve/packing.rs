//! Compressed answers: what an API with a `minimumCompressionSize` makes of a body that is so long,
//! for a caller that takes it.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http::{HeaderMap, HeaderValue, header};

use super::response::Answer;

/// A body that is longer is compressed where it holds no other call up.
const AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

/// The answer as the caller takes it; `from_bytes` is what the API says, if anything.
pub(crate) async fn packed(from_bytes: Option<i64>, asked: &HeaderMap, answer: Answer) -> Answer {
    let Some(from_bytes) = from_bytes.and_then(|from| usize::try_from(from).ok()) else {
        return answer;
    };
    let is_plain = answer.headers.get(&header::CONTENT_ENCODING).is_none();
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let coding = accepted.and_then(coding).filter(|_| is_plain && !answer.body.is_empty());
    match coding {
        Some(coding) if answer.body.len() >= from_bytes => Box::pin(compress(coding, answer)).await,
        _ => answer,
    }
}

async fn compress(coding: Coding, mut answer: Answer) -> Answer {
    let body = answer.body.clone();
    let packed = if body.len() <= AT_ONCE_BYTES_MAX {
        encoded(coding, &body)
    } else {
        let task = tokio::task::spawn_blocking(move || encoded(coding, &body));
        task.await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
    };
    // Nothing can fail in memory; if it did, the caller takes the body as it is as well.
    if let Ok(packed) = packed {
        answer.body = packed;
        let name = HeaderValue::from_static(coding.name());
        answer.headers.insert(header::CONTENT_ENCODING, name);
        answer.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    answer
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// The coding that a list such as `deflate, gzip;q=0.5` likes best; gzip of two that it likes alike.
fn coding(accepted: &str) -> Option<Coding> {
    let weighed = accepted.split(',').filter_map(|one| {
        let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
        let coding = match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" | "*" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            _ => return None,
        };
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        weight.ok().filter(|weight| *weight > 0.0).map(|weight| (coding, weight))
    });
    let rank = |(coding, weight): &(Coding, f32)| (*weight, *coding == Coding::Gzip);
    let best =
        weighed.max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
    best.map(|(coding, _)| coding)
}

fn encoded(coding: Coding, body: &[u8]) -> io::Result<Bytes> {
    let out = Vec::with_capacity(body.len() / 4);
    let packed = match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(out, Compression::fast());
            encoder.write_all(body)?;
            encoder.finish()?
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(out, Compression::fast());
            encoder.write_all(body)?;
            encoder.finish()?
        }
    };
    Ok(Bytes::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_coding_is_chosen() {
        let check = |accepted: &str, expect| assert_eq!(coding(accepted), expect, "{accepted}");
        check("gzip", Some(Coding::Gzip));
        check("gzip, deflate, br, zstd", Some(Coding::Gzip));
        check("deflate, gzip;q=0.5", Some(Coding::Deflate));
        check("DEFLATE", Some(Coding::Deflate));
        check("*", Some(Coding::Gzip));
        for none in ["", "identity", "br", "gzip;q=0", "gzip;q=x"] {
            check(none, None);
        }
    }
}
