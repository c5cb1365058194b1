//! Bodies: reading a request's within a bound, and the two kinds that replies have.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body as _, Incoming};

/// A reply's body: all there, or streamed from the object store.
pub type Body = Either<Full<Bytes>, s3s::Body>;

/// Of a body that is too long, so many bytes are read and thrown away, so that a client which
/// sends before it listens gets to read why; a longer one has its connection closed.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

/// Why a request's body could not be had.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than allowed.
    TooLong,
    /// The client broke off.
    Broken(hyper::Error),
}

/// Reads a body of at most `bytes_max` bytes; one that came in a single piece is not copied.
pub(crate) async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > bytes_max as u64 {
        return refuse(body, 0).await;
    }
    let first = next(&mut body).await?.unwrap_or_default();
    if body.is_end_stream() && first.len() <= bytes_max {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(body.size_hint().lower() as usize + first.len());
    whole.extend_from_slice(&first);
    while let Some(piece) = next(&mut body).await? {
        if whole.len() + piece.len() > bytes_max {
            return refuse(body, whole.len()).await;
        }
        whole.extend_from_slice(&piece);
    }
    if whole.len() > bytes_max { Err(BodyError::TooLong) } else { Ok(whole.freeze()) }
}

/// The next piece of data, skipping trailers; none at the end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn refuse(mut body: Incoming, mut read: usize) -> Result<Bytes, BodyError> {
    while read <= DISCARDED_BYTES_MAX
        && let Some(piece) = next(&mut body).await?
    {
        read += piece.len();
    }
    Err(BodyError::TooLong)
}
