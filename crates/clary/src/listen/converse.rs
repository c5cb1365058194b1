//! One request after the other on a stream, until the connection ends or rests.
//!
//! Owns how hyper is set up and how its buffers are given back. What a request means is the
//! caller's business, and what moves on the stream the stream's.

use std::{
    convert::Infallible,
    error::Error,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{line::Line, stream::Stream};

/// What hyper buffers of a request's body at a time, and its least bound for a head.
const BUFFER_BYTES: usize = 64 * 1024;

/// Why nothing more is said for now.
enum Pause {
    Ended,
    Resting,
}

/// Answers the requests of a stream. Gives it back if the connection is to rest, and nothing once it
/// has ended.
pub(super) async fn converse<S, A, F, B>(
    stream: Stream<S>,
    line: &Line,
    head_bytes_max: usize,
    answer: A,
) -> Option<Stream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let service = service_fn(|request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = http1::Builder::new()
        .max_header_size(head_bytes_max)
        .max_buf_size(head_bytes_max.max(BUFFER_BYTES))
        .serve_connection(TokioIo::new(stream), service);
    let mut is_stopping = false;
    let paused = poll_fn(|cx| {
        if !is_stopping && line.must_stop() {
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        poll(Pin::new(&mut connection), line, cx)
    });
    match paused.await {
        Pause::Ended => None,
        Pause::Resting => {
            let parts = connection.into_parts();
            let mut stream = parts.io.into_inner();
            if !parts.read_buf.is_empty() {
                stream.unread(parts.read_buf);
            }
            Some(stream)
        }
    }
}

fn poll(
    connection: Pin<&mut impl Future<Output = hyper::Result<()>>>,
    line: &Line,
    cx: &mut Context<'_>,
) -> Poll<Pause> {
    match connection.poll(cx) {
        Poll::Pending if line.rests() => Poll::Ready(Pause::Resting),
        Poll::Pending => Poll::Pending,
        Poll::Ready(ended) => {
            // Clients hang up and talk nonsense all day: that is theirs, not an error of ours.
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            Poll::Ready(Pause::Ended)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use telemetry::Metrics;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;
    use crate::{
        config::LimitsTable,
        listen::{line::Phase, plain::Refusals},
    };

    const HEAD_BYTES_MAX: usize = 1024;

    /// Both ends of a connection whose calls are answered with their path.
    struct Wire {
        line: Arc<Line>,
        client: DuplexStream,
        server: Option<Stream<DuplexStream>>,
    }

    impl Wire {
        fn new() -> Self {
            let (client, server) = duplex(64 * 1024);
            let line = Arc::new(Line::new(None));
            let limits = LimitsTable::default().listeners();
            let refusals = Arc::new(Refusals::new(&limits, Arc::new(Metrics::new())));
            let server = Some(Stream::new(server, Arc::clone(&line), refusals, HEAD_BYTES_MAX));
            Self { line, client, server }
        }

        /// Says something, has it answered until the connection rests, and returns the answers.
        async fn say(&mut self, text: &str) -> String {
            self.client.write_all(text.as_bytes()).await.expect("the other end is there");
            let line = Arc::clone(&self.line);
            let answer = |request: Request<Incoming>| {
                let call = line.begin_call();
                let path = request.uri().path().to_owned();
                drop(call);
                line.rest();
                async move { Response::new(path) }
            };
            let server = self.server.take().expect("the connection has not ended");
            self.server = converse(server, &self.line, HEAD_BYTES_MAX, answer).await;
            let mut answers = vec![0; 4096];
            let length = self.client.read(&mut answers).await.expect("something was answered");
            String::from_utf8(answers[..length].to_vec()).expect("answers are text")
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn a_connection_that_rested_goes_on() {
        block_on(async {
            let mut wire = Wire::new();
            for path in ["/one", "/two", "/three"] {
                let answer = wire.say(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
                assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(path), "{answer}");
            }
            let mut server = wire.server.take().expect("it rests");
            wire.client.write_all(b"G").await.expect("the other end is there");
            assert!(server.first_byte().await.expect("there is a byte"));
            assert_eq!(wire.line.phase(), Phase::Head);
            drop(wire.client);
            assert!(server.first_byte().await.expect("the byte is still there"));
        });
    }

    #[test]
    fn what_came_with_the_last_request_is_not_lost() {
        block_on(async {
            let mut wire = Wire::new();
            let both = "GET /one HTTP/1.1\r\nhost: x\r\n\r\nGET /two HT";
            assert!(wire.say(both).await.ends_with("/one"));
            assert_eq!(wire.line.phase(), Phase::Head);
            assert!(wire.say("TP/1.1\r\nhost: x\r\n\r\n").await.ends_with("/two"));
        });
    }

    #[test]
    fn the_end_is_no_rest() {
        block_on(async {
            let mut wire = Wire::new();
            let last = "GET /one HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            assert!(wire.say(last).await.ends_with("/one"));
            assert!(wire.server.is_none());
        });
    }
}
