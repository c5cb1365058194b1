//! Bodies that are verified while they are read: by the hash that the request declared, or chunk
//! by chunk.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::{Body, Frame, SizeHint};
use s3s::StdError;
use sha2::{Digest as _, Sha256};
use sigv4::{ChunkError, Chunks};

use super::uploads::Paced;

/// Why a body is not the one that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    /// It does not have the hash that the request declares.
    #[error("the body does not have the hash that the request declares")]
    Hash,
    /// One of its chunks does not hold.
    #[error("the body's chunks do not hold")]
    Chunk(#[source] ChunkError),
}

/// What a body turned out to be, once it was read. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<OnceLock<BodyFault>>);

impl Verdict {
    /// Why the body is refused; none as long as nothing wrong was seen.
    pub(super) fn fault(&self) -> Option<BodyFault> {
        self.0.get().copied()
    }

    fn refuse(&self, fault: BodyFault) -> StdError {
        let _ = self.0.set(fault);
        Box::new(fault)
    }
}

/// The headers after a body, once it was read. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailers(Arc<Mutex<HeaderMap>>);

impl Trailers {
    /// What followed the body; nothing before it was read to its end.
    pub(super) fn take(&self) -> HeaderMap {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, trailers: Vec<(String, String)>) {
        let header = |(name, value): (String, String)| {
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        };
        let headers = trailers.into_iter().filter_map(header).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = headers;
    }
}

/// A body on its way to whoever reads it.
#[derive(Debug)]
pub(super) struct SignedBody {
    inner: Paced,
    check: Option<Check>,
    /// Bytes that came in and were not looked at yet.
    input: Bytes,
    /// How much data is to come, by what the request says.
    left: u64,
    verdict: Verdict,
}

#[derive(Debug)]
enum Check {
    Hash { so_far: Sha256, declared: [u8; 32] },
    Chunks { chunks: Box<Chunks>, trailers: Trailers },
}

impl SignedBody {
    /// A body that must have a SHA-256.
    pub(super) fn declared(inner: Paced, declared: [u8; 32], verdict: Verdict) -> Self {
        let left = inner.size_hint().lower();
        let check = Check::Hash { so_far: Sha256::new(), declared };
        Self { inner, check: Some(check), input: Bytes::new(), left, verdict }
    }

    /// A body in chunks with `length` bytes of data.
    pub(super) fn chunked(
        inner: Paced,
        chunks: Chunks,
        length: u64,
        (verdict, trailers): (Verdict, Trailers),
    ) -> Self {
        let check = Check::Chunks { chunks: Box::new(chunks), trailers };
        Self { inner, check: Some(check), input: Bytes::new(), left: length, verdict }
    }

    /// The next data in what came in; none if more must come in first.
    fn data(&mut self) -> Result<Option<Bytes>, StdError> {
        let data = match &mut self.check {
            Some(Check::Chunks { chunks, .. }) => next_data(chunks, &mut self.input),
            Some(Check::Hash { so_far, .. }) => {
                so_far.update(&self.input);
                Ok(Some(std::mem::take(&mut self.input)).filter(|data| !data.is_empty()))
            }
            None => Ok(None),
        };
        let data = data.map_err(|error| self.verdict.refuse(BodyFault::Chunk(error)))?;
        self.left = self.left.saturating_sub(data.as_ref().map_or(0, Bytes::len) as u64);
        Ok(data)
    }

    /// Judges the body when all of it was there.
    fn finish(&mut self) -> Result<(), StdError> {
        let fault = match self.check.take() {
            Some(Check::Hash { so_far, declared }) => {
                let same = <[u8; 32]>::from(so_far.finalize()) == declared;
                (!same).then_some(BodyFault::Hash)
            }
            Some(Check::Chunks { chunks, trailers }) => match chunks.finish() {
                Ok(found) => {
                    trailers.set(found);
                    None
                }
                Err(error) => Some(BodyFault::Chunk(error)),
            },
            None => None,
        };
        fault.map_or(Ok(()), |fault| Err(self.verdict.refuse(fault)))
    }
}

fn next_data(chunks: &mut Chunks, input: &mut Bytes) -> Result<Option<Bytes>, ChunkError> {
    let mut rest = &input[..];
    let data = chunks.next(&mut rest)?.map(|data| input.slice_ref(data));
    let used = input.len() - rest.len();
    input.advance(used);
    Ok(data)
}

impl Body for SignedBody {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        loop {
            match self.data() {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => self.input = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(self.finish().err().map(Err)),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
