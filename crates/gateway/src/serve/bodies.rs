//! Bodies kept in memory, of calls and of backends: read within their bounds, and charged to the
//! account that all bodies of the server share.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use hyper::body::Body;
use telemetry::{Charge, Limit, NoRoom, Phase};

use super::way::Way;
use crate::{
    Gateway,
    refusal::{
        BAD_REQUEST_PARAMETERS, REQUEST_TIMEOUT, REQUEST_TOO_LARGE, Refusal, SERVICE_UNAVAILABLE,
    },
};

/// Bytes of a call's body at most.
pub(crate) const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why a body could not be had.
#[derive(Debug)]
pub(crate) enum BodyProblem {
    TooLong,
    NoRoom,
    Broken(String),
}

impl From<NoRoom> for BodyProblem {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

impl Gateway {
    /// Reads the body of a call, in the time that callers have.
    pub(crate) async fn body_of<B>(&self, body: B, way: &mut Way<'_>) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        way.enter(Phase::Body);
        let mut reading = pin!(read(body, BODY_BYTES_MAX, self.charge()));
        // Most bodies are there already, and need no timer.
        if let Poll::Ready(read) = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
            return read.map_err(|problem| self.refused_body(&problem));
        }
        let Ok(read) = tokio::time::timeout(self.on().limits.body_timeout, reading).await else {
            self.on().metrics.server.enforce(Limit::BodyTimeout);
            return Err(Refusal::from(&REQUEST_TIMEOUT));
        };
        read.map_err(|problem| self.refused_body(&problem))
    }

    fn refused_body(&self, problem: &BodyProblem) -> Refusal {
        match problem {
            BodyProblem::TooLong => Refusal::from(&REQUEST_TOO_LARGE),
            BodyProblem::NoRoom => self.no_room(),
            BodyProblem::Broken(_) => {
                Refusal::saying(&BAD_REQUEST_PARAMETERS, "The body broke off")
            }
        }
    }

    /// The refusal when there is no room for one more body, counted.
    pub(crate) fn no_room(&self) -> Refusal {
        self.on().metrics.server.enforce(Limit::BodiesInFlight);
        Refusal {
            cause: Some(format!(
                "the bodies in memory have the {} bytes that `{}` allows",
                self.on().limits.bodies_in_flight_bytes_max,
                Limit::BodiesInFlight.setting()
            )),
            ..Refusal::from(&SERVICE_UNAVAILABLE)
        }
    }

    /// What a body is charged with: nothing yet.
    pub(crate) fn charge(&self) -> Charge {
        Charge::none(&self.on().metrics, self.on().limits.bodies_in_flight_bytes_max)
    }

    /// Charges what a template or a conversion made.
    pub(crate) fn charged(&self, bytes: Bytes) -> Result<Bytes, Refusal> {
        if bytes.len() <= Charge::FREE_BYTES {
            return Ok(bytes);
        }
        let mut charge = self.charge();
        charge.grow(bytes.len()).map_err(|_| self.no_room())?;
        Ok(charge.to(bytes))
    }
}

/// Reads a whole body; one that came in a single piece is not copied.
pub(crate) async fn read<B>(
    mut body: B,
    bytes_max: usize,
    mut charge: Charge,
) -> Result<Bytes, BodyProblem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(BodyProblem::TooLong);
    }
    let first = next(&mut body).await?.unwrap_or_default();
    if body.is_end_stream() && first.len() <= bytes_max {
        charge.grow(first.len())?;
        return Ok(charge.to(first));
    }
    // What is only announced takes no room yet.
    let mut whole = BytesMut::with_capacity((announced as usize).min(Charge::FREE_BYTES));
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        if whole.len() + bytes.len() > bytes_max {
            return Err(BodyProblem::TooLong);
        }
        charge.grow(whole.len() + bytes.len())?;
        whole.extend_from_slice(&bytes);
        piece = next(&mut body).await?;
    }
    Ok(charge.to(whole.freeze()))
}

/// The next piece of data, skipping trailers; none at the end.
async fn next<B>(body: &mut B) -> Result<Option<Bytes>, BodyProblem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        match frame {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Err(error) => return Err(BodyProblem::Broken(error.into().to_string())),
        }
    }
    Ok(None)
}
