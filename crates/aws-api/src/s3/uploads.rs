//! Uploads at the door: how many are received at a time, and at what pace they must come.
//!
//! An upload that waits for its turn is not read, so that its client waits too. What is received
//! is left to `receive`.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use s3s::{S3Error, S3ErrorCode, S3Result};
use telemetry::{Limit, Metrics};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};

use crate::Limits;

/// The doorkeeper of uploads.
#[derive(Clone, Debug)]
pub(super) struct Uploads {
    slots: Arc<Semaphore>,
    slots_max: usize,
    wait: Duration,
    pace: Pace,
    metrics: Arc<Metrics>,
}

/// In each such time, so many bytes.
#[derive(Clone, Copy, Debug)]
struct Pace {
    time: Duration,
    bytes_min: u64,
}

/// A turn to upload, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

/// Whether the request stores its body, and so has to wait for a turn.
pub(super) fn is_upload(request: &Request<Paced>) -> bool {
    *request.method() == Method::PUT && !request.body().is_end_stream()
}

impl Uploads {
    /// The doorkeeper that keeps these limits.
    pub(super) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(limits.uploads_max.min(Semaphore::MAX_PERMITS))),
            slots_max: limits.uploads_max,
            wait: limits.upload_wait,
            pace: Pace { time: limits.stall_timeout, bytes_min: limits.stall_bytes_min },
            metrics,
        }
    }

    /// Waits for a turn. None for a call that is no upload.
    pub(super) async fn turn(&self, is_upload: bool) -> S3Result<Option<Turn>> {
        if !is_upload {
            return Ok(None);
        }
        let turn = tokio::time::timeout(self.wait, Arc::clone(&self.slots).acquire_owned()).await;
        let Ok(Ok(permit)) = turn else {
            self.metrics.server.enforce(Limit::Uploads);
            let text = format!(
                "Please reduce your request rate: the server receives {} uploads already, the most \
                 that its `{}` allows.",
                self.slots_max,
                Limit::Uploads.setting()
            );
            return Err(S3Error::with_message(S3ErrorCode::SlowDown, text));
        };
        self.metrics.server.uploads.add(1);
        Ok(Some(Turn { metrics: Arc::clone(&self.metrics), _permit: permit }))
    }

    /// The body, which breaks off when its client stalls; the flag tells that it did.
    pub(super) fn paced(&self, body: Incoming) -> (Paced, Arc<AtomicBool>) {
        let has_stalled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_stalled);
        (Paced { body, pace: self.pace, window: None, came_bytes: 0, has_stalled }, flag)
    }

    /// Counts an upload that stalled; the error is for its client.
    pub(super) fn stalled(&self) -> S3Error {
        self.metrics.server.enforce(Limit::StallTimeout);
        let text = format!(
            "Your socket connection to the server was not written to within the timeout period: \
             less than {} bytes of the body came within {} s; send it faster, or raise the \
             server's `{}`.",
            self.pace.bytes_min,
            self.pace.time.as_secs_f64(),
            Limit::StallTimeout.setting()
        );
        S3Error::with_message(S3ErrorCode::RequestTimeout, text)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.metrics.server.uploads.take(1);
    }
}

/// A body that must come at a pace.
#[derive(Debug)]
pub(super) struct Paced {
    body: Incoming,
    pace: Pace,
    /// Ends when too little came; begins when the body is first waited for.
    window: Option<Pin<Box<Sleep>>>,
    came_bytes: u64,
    has_stalled: Arc<AtomicBool>,
}

impl Paced {
    fn came(&mut self, bytes: usize) {
        self.came_bytes += bytes as u64;
        if self.came_bytes >= self.pace.bytes_min {
            self.came_bytes = 0;
            self.window = None;
        }
    }

    fn window(&mut self) -> Pin<&mut Sleep> {
        let time = self.pace.time;
        self.window.get_or_insert_with(|| Box::pin(sleep(time))).as_mut()
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                self.came(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.window().poll(cx));
        self.has_stalled.store(true, Relaxed);
        let error = io::Error::new(io::ErrorKind::TimedOut, "the client stalled");
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
