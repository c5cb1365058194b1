//! Uploads at the door: how many are received at a time, of all clients and of each, and at what
//! pace they must come.
//!
//! An upload that waits for its turn is not read, so that its client waits too. No client can take
//! all turns, however many uploads it begins and however slowly it sends. What is received is left
//! to `receive`.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
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
    shares: Arc<Shares>,
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

/// Whose upload it is: an access key at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    pub(super) key: String,
    pub(super) address: Option<IpAddr>,
}

/// A turn to upload, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    metrics: Arc<Metrics>,
    _slot: OwnedSemaphorePermit,
    _share: Share,
}

impl Uploads {
    /// The doorkeeper that keeps these limits.
    pub(super) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(limits.uploads_max.min(Semaphore::MAX_PERMITS))),
            slots_max: limits.uploads_max,
            shares: Arc::new(Shares::new(limits)),
            wait: limits.upload_wait,
            pace: Pace { time: limits.stall_timeout, bytes_min: limits.stall_bytes_min },
            metrics,
        }
    }

    /// Waits for the client's turn.
    pub(super) async fn turn(&self, client: Client) -> S3Result<Turn> {
        // What is waited for, and so what refuses the upload if it comes too late.
        let mut limit = Limit::UploadsPerClient;
        let turn = tokio::time::timeout(self.wait, async {
            let share = self.shares.take(client).await;
            limit = Limit::Uploads;
            (share, Arc::clone(&self.slots).acquire_owned().await)
        });
        let Ok((share, Ok(slot))) = turn.await else { return Err(self.late(limit)) };
        self.metrics.server.uploads.add(1);
        Ok(Turn { metrics: Arc::clone(&self.metrics), _slot: slot, _share: share })
    }

    fn late(&self, limit: Limit) -> S3Error {
        self.metrics.server.enforce(limit);
        let (receives, most) = match limit {
            Limit::UploadsPerClient => ("receives from you", self.shares.uploads_max),
            _ => ("receives", self.slots_max),
        };
        let text = format!(
            "Please reduce your request rate: the server {receives} {most} uploads already, the \
             most that its `{}` allows.",
            limit.setting()
        );
        S3Error::with_message(S3ErrorCode::SlowDown, text)
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

/// What each client has of the turns.
#[derive(Debug)]
struct Shares {
    uploads_max: usize,
    clients: Mutex<HashMap<Client, Arc<Semaphore>>>,
}

impl Shares {
    fn new(limits: &Limits) -> Self {
        let three_quarters = limits.uploads_max.div_ceil(4).saturating_mul(3);
        let most = limits.uploads_per_client_max.unwrap_or(three_quarters);
        Self { uploads_max: most.min(limits.uploads_max), clients: Mutex::default() }
    }

    /// Waits until the client has less than its share under way.
    async fn take(self: &Arc<Self>, client: Client) -> Share {
        let uploads_max = self.uploads_max.min(Semaphore::MAX_PERMITS);
        let turns = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            let turns = clients.entry(client.clone());
            Arc::clone(turns.or_insert_with(|| Arc::new(Semaphore::new(uploads_max))))
        };
        let mut share = Share { shares: Arc::clone(self), client, turns, permit: None };
        share.permit = Arc::clone(&share.turns).acquire_owned().await.ok();
        share
    }
}

/// One upload of a client's share, waited for or under way.
#[derive(Debug)]
struct Share {
    shares: Arc<Shares>,
    client: Client,
    turns: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut clients = self.shares.clients.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // The table's, this one's: who has no other upload is forgotten.
        if Arc::strong_count(&self.turns) == 2 {
            clients.remove(&self.client);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(key: &str) -> Client {
        Client { key: key.to_owned(), address: None }
    }

    fn uploads(uploads_max: usize, uploads_per_client_max: Option<usize>) -> Uploads {
        let upload_wait = Duration::ZERO;
        let limits =
            Limits { uploads_max, uploads_per_client_max, upload_wait, ..Limits::default() };
        Uploads::new(&limits, Arc::new(Metrics::new()))
    }

    #[tokio::test]
    async fn no_client_takes_all_turns() {
        let uploads = uploads(4, None);
        let turn = |key: &'static str| uploads.turn(client(key));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(turn("greedy").await.expect("it is within its share"));
        }
        let error = turn("greedy").await.expect_err("the fourth is for others");
        let text = error.message().expect("it says why");
        assert!(text.contains("from you 3 uploads") && text.contains("uploads-per-client-max"));
        let other = turn("other").await.expect("it has done nothing");
        let error = turn("third").await.expect_err("there are no more");
        assert!(error.message().is_some_and(|text| text.contains("`uploads-max`")));
        held.pop();
        drop(other);
        turn("greedy").await.expect("its own turn is free again");
    }

    #[tokio::test]
    async fn a_key_at_another_address_is_another_client() {
        let uploads = uploads(4, Some(1));
        let at = |address: &str| Client {
            key: "key".to_owned(),
            address: Some(address.parse().expect("an address")),
        };
        let _held = uploads.turn(at("10.0.0.1")).await.expect("the first");
        uploads.turn(at("10.0.0.1")).await.expect_err("the second");
        uploads.turn(at("10.0.0.2")).await.expect("the first of the other");
    }

    #[tokio::test]
    async fn clients_without_uploads_are_forgotten() {
        let uploads = uploads(4, Some(1));
        let held = uploads.turn(client("one")).await.expect("the first");
        for number in 0..100 {
            drop(uploads.turn(client(&number.to_string())).await.expect("alone"));
            uploads.turn(client("one")).await.expect_err("it waits in vain");
        }
        assert_eq!(uploads.shares.clients.lock().expect("no panic").len(), 1);
        drop(held);
        assert!(uploads.shares.clients.lock().expect("no panic").is_empty());
    }

    #[test]
    fn shares_are_at_least_one_and_at_most_all() {
        let share = |max, own| uploads(max, own).shares.uploads_max;
        let shares = [(32, None), (4, None), (1, None), (2, None), (8, Some(3)), (8, Some(99))];
        let shares = shares.map(|(max, own)| share(max, own));
        assert_eq!(shares, [24, 3, 1, 2, 3, 8]);
    }
}
