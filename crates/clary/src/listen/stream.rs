//! The stream of a connection as hyper sees it: it notes what moves, gives hyper's own refusals a
//! text, says goodbye to who is too slow, and does not close upon bytes that nobody has read.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::{
    line::{Line, Phase},
    plain::{self, Plain},
};

/// What a client that was refused may still send before its connection is closed.
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
const SCRATCH_BYTES: usize = 16 * 1024;

/// A stream whose line is kept up to date.
#[derive(Debug)]
pub(super) struct Stream<S> {
    inner: S,
    line: Arc<Line>,
    refusals: Arc<plain::Refusals>,
    head_bytes_max: usize,
    /// What was read already, and noted; the reader gets it first.
    again: Bytes,
    /// How many bytes were thrown away since we said all; none before.
    lingered_bytes: Option<usize>,
}

impl<S> Stream<S> {
    pub(super) fn new(
        inner: S,
        line: Arc<Line>,
        refusals: Arc<plain::Refusals>,
        head_bytes_max: usize,
    ) -> Self {
        Self { inner, line, refusals, head_bytes_max, again: Bytes::new(), lingered_bytes: None }
    }

    /// Gives back what a reader took too much. As the beginning of a head it is noted once more.
    pub(super) fn unread(&mut self, bytes: Bytes) {
        self.line.received(&bytes, self.head_bytes_max);
        self.again = bytes;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Waits until there is something to read; false at the end of all.
    pub(super) async fn first_byte(&mut self) -> io::Result<bool> {
        if self.again.is_empty() {
            // What the last answer left in the buffers of TLS goes out before anything is awaited.
            self.flush().await?;
            let mut byte = [0];
            let read = self.read(&mut byte).await?;
            self.again = Bytes::copy_from_slice(&byte[..read]);
        }
        Ok(!self.again.is_empty())
    }
}

impl<S: AsyncWrite + Unpin> Stream<S> {
    /// Sends what fits; who gets it has not earned more.
    fn say(&mut self, cx: &mut Context<'_>, text: &Plain) {
        let text = self.refusals.text(text);
        let _ = Pin::new(&mut self.inner).poll_write(cx, text.as_bytes());
        let _ = Pin::new(&mut self.inner).poll_flush(cx);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.line.is_cut() && this.line.phase() == Phase::Head {
            let refusals = Arc::clone(&this.refusals);
            this.say(cx, &refusals.slow_head);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let had = buf.filled().len();
        if this.again.has_remaining() {
            let part = this.again.split_to(this.again.len().min(buf.remaining()));
            buf.put_slice(&part);
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(cx, buf);
        if before == had {
            ready!(read)?;
        }
        this.line.received(&buf.filled()[before..], this.head_bytes_max);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.line.phase() == Phase::Head
            && let Some(text) = Arc::clone(&this.refusals).instead_of(bytes)
        {
            this.say(cx, text);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        match written {
            Poll::Ready(Ok(bytes)) => this.line.sent(bytes),
            Poll::Pending => this.line.blocked(),
            Poll::Ready(Err(_)) => {}
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingered_bytes.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            if !this.line.end() {
                return Poll::Ready(Ok(()));
            }
        }
        let mut lingered = this.lingered_bytes.unwrap_or(0);
        let mut scratch = [MaybeUninit::uninit(); SCRATCH_BYTES];
        while lingered < LINGER_BYTES_MAX {
            let mut buf = ReadBuf::uninit(&mut scratch);
            this.lingered_bytes = Some(lingered);
            // An error is an end like another.
            let read = ready!(Pin::new(&mut this.inner).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                break;
            }
            lingered += buf.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}
