//! Bodies: reading a request's within its bounds, and the two kinds that replies have.
//!
//! The large ones that are kept in memory are charged to one account for the whole server, from
//! their first byte to their last owner. Small ones are not: they lie in their connection's buffer,
//! and there is a bound on connections.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Either};
use hyper::body::{Body as _, Incoming};
use telemetry::{Charge, Limit, Metrics, NoRoom};

use crate::{Limits, whole::Whole};

/// A reply's body: all there, or streamed from the object store.
pub type Body = Either<Whole, s3s::Body>;

/// Of a body that is too long, so many bytes are read and thrown away, so that a client which
/// sends before it listens gets to read why; a longer one has its connection closed.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Whole::new(bytes.into()))
}

/// Why a request's body could not be had, or an answer's not be kept.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than allowed.
    TooLong { limit: Limit, bytes_max: usize },
    /// It did not come in time.
    TooSlow { timeout: Duration },
    /// There is no room for it beside the others.
    NoRoom { bytes_max: usize },
    /// The client broke off.
    Broken(hyper::Error),
}

impl From<NoRoom> for BodyError {
    fn from(NoRoom { bytes_max }: NoRoom) -> Self {
        Self::NoRoom { bytes_max }
    }
}

impl BodyError {
    /// Counts the limit that was enforced.
    pub(crate) fn count(&self, metrics: &Metrics) {
        match self {
            Self::TooLong { limit, .. } => metrics.server.enforce(*limit),
            Self::TooSlow { .. } => metrics.server.enforce(Limit::BodyTimeout),
            Self::NoRoom { .. } => metrics.server.enforce(Limit::BodiesInFlight),
            Self::Broken(_) => {}
        }
    }
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong { limit, bytes_max } => write!(
                f,
                "The body is longer than {bytes_max} bytes, the most that the server's `{}` \
                 allows.",
                limit.setting()
            ),
            Self::TooSlow { timeout } => write!(
                f,
                "The body did not come within {} s; send it faster, or raise the server's `{}`.",
                timeout.as_secs_f64(),
                Limit::BodyTimeout.setting()
            ),
            Self::NoRoom { bytes_max } => write!(
                f,
                "The bodies in the server's memory have {bytes_max} bytes already, the most that \
                 its `{}` allows; try again.",
                Limit::BodiesInFlight.setting()
            ),
            Self::Broken(error) => write!(f, "The body could not be read: {error}."),
        }
    }
}

/// Reads bodies of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    metrics: &'a Arc<Metrics>,
    limits: &'a Limits,
    /// Which limit bounds the length, and what it is.
    length: (Limit, usize),
}

impl<'a> Reader<'a> {
    /// For bodies of `InvokeEndpoint`.
    pub(crate) fn of_payloads(metrics: &'a Arc<Metrics>, limits: &'a Limits) -> Self {
        Self { metrics, limits, length: (Limit::PayloadBytes, limits.payload_bytes_max) }
    }

    /// For bodies of all other calls that are no uploads.
    pub(crate) fn of_control(metrics: &'a Arc<Metrics>, limits: &'a Limits) -> Self {
        Self { metrics, limits, length: (Limit::ControlBytes, limits.control_bytes_max) }
    }

    /// Reads a whole body; one that came in a single piece is not copied.
    pub(crate) async fn read(&self, body: Incoming) -> Result<Bytes, BodyError> {
        let mut reading = pin!(self.read_whole(body));
        // Most bodies are there already, and need no timer.
        if let Poll::Ready(read) = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
            return read.inspect_err(|error| self.count(error));
        }
        let timeout = self.limits.body_timeout;
        let read = tokio::time::timeout(timeout, reading).await;
        read.unwrap_or(Err(BodyError::TooSlow { timeout })).inspect_err(|error| self.count(error))
    }

    /// Reads a body that nobody wants, so that its sender gets to read the answer.
    pub(crate) async fn discard(&self, body: Incoming) {
        let discarding = discard(body, 0);
        let _ = tokio::time::timeout(self.limits.body_timeout, discarding).await;
    }

    async fn read_whole(&self, mut body: Incoming) -> Result<Bytes, BodyError> {
        let (limit, bytes_max) = self.length;
        let too_long = BodyError::TooLong { limit, bytes_max };
        let announced = body.size_hint().lower();
        if announced > bytes_max as u64 {
            discard(body, 0).await?;
            return Err(too_long);
        }
        let first = next(&mut body).await?.unwrap_or_default();
        if body.is_end_stream() && first.len() <= bytes_max {
            return Ok(first);
        }
        let mut charge = Charge::none(self.metrics, self.limits.bodies_in_flight_bytes_max);
        let mut whole = BytesMut::with_capacity(announced as usize);
        let mut piece = Some(first);
        while let Some(bytes) = piece {
            if whole.len() + bytes.len() > bytes_max {
                discard(body, whole.len()).await?;
                return Err(too_long);
            }
            charge.grow(whole.len() + bytes.len())?;
            whole.extend_from_slice(&bytes);
            piece = next(&mut body).await?;
        }
        Ok(charge.to(whole.freeze()))
    }

    fn count(&self, error: &BodyError) {
        error.count(self.metrics);
    }
}

/// Charges an answer that may wait for a slow client.
pub(crate) fn charged_answer(
    bytes: Bytes,
    metrics: &Arc<Metrics>,
    limits: &Limits,
) -> Result<Bytes, BodyError> {
    if bytes.len() <= Charge::FREE_BYTES.min(limits.answer_bytes_max) {
        return Ok(bytes);
    }
    let bytes_max = limits.answer_bytes_max;
    let charged = if bytes.len() > bytes_max {
        Err(BodyError::TooLong { limit: Limit::AnswerBytes, bytes_max })
    } else {
        let mut charge = Charge::none(metrics, limits.bodies_in_flight_bytes_max);
        charge.grow(bytes.len()).map_err(BodyError::from).map(|()| charge.to(bytes))
    };
    charged.inspect_err(|error| error.count(metrics))
}

/// The next piece of data, skipping trailers; none at the end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = Pin::new(&mut *body).frame().await {
        if let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn discard(mut body: Incoming, mut read: usize) -> Result<(), BodyError> {
    while read <= DISCARDED_BYTES_MAX
        && let Some(piece) = next(&mut body).await?
    {
        read += piece.len();
    }
    Ok(())
}
