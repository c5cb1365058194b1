//! The listeners: one thread a core, each with its own runtime and its own socket on every
//! address, so that a connection lives and dies on one core.
//!
//! What a connection may do is bounded here, and what a request means is left to the app.

mod address;
mod clients;
mod converse;
mod line;
mod plain;
mod stream;
mod strict;
mod tracked;
mod watch;

use std::{
    future::poll_fn,
    io,
    net::{SocketAddr, TcpListener},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    thread::JoinHandle,
    time::Duration,
};

use http::{Request, Response};
use hyper::body::Incoming;
use telemetry::{Limit, Metrics};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch as signal},
};

use crate::{
    app::{App, Door},
    tls::Tls,
};
use {
    clients::Clients,
    converse::converse,
    line::{Line, Phase},
    plain::Refusals,
    stream::Stream,
    tracked::Tracked,
    watch::Watch,
};

pub(crate) use {
    address::Address,
    clients::{ClientLimits, network},
    watch::Patience,
};

/// How many of those that are turned away a thread tells so at a time; more are just closed.
const GOODBYES_MAX: usize = 64;
/// How long telling them may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// The bounds that listeners keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) head_bytes_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) clients: ClientLimits,
    pub(crate) patience: Patience,
    pub(crate) handshake_timeout: Duration,
    pub(crate) drain_timeout: Duration,
}

/// What serves connections, and how.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) app: App,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Serving threads, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Listeners {
    stop: signal::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Listeners {
    /// Starts to serve on every address.
    pub(crate) fn start(mut addresses: Vec<Address>, service: Service) -> anyhow::Result<Self> {
        let stop = signal::Sender::new(false);
        let count = addresses.iter().map(|address| address.sockets.len()).max().unwrap_or(0);
        let refusals = Arc::new(Refusals::new(&service.limits, Arc::clone(&service.metrics)));
        let clients = Arc::new(Clients::new(service.limits.clients));
        let service = Arc::new(service);
        let mut threads = Vec::new();
        for number in 0..count {
            let sockets: Vec<_> = addresses
                .iter_mut()
                .filter_map(|address| Some((address.door, address.sockets.pop()?)))
                .collect();
            let listener = Listener {
                service: Arc::clone(&service),
                refusals: Arc::clone(&refusals),
                clients: Arc::clone(&clients),
                watch: Watch::default(),
                goodbyes: Arc::new(Semaphore::new(GOODBYES_MAX)),
                stop: stop.subscribe(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("listener-{number}"))
                .spawn(move || listener.run(sockets))?;
            threads.push(thread);
        }
        Ok(Self { stop, threads })
    }

    /// Stops accepting, lets calls in flight end within the drain timeout, and ends the threads.
    pub(crate) fn drain(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a listener thread had panicked");
            }
        }
    }
}

/// What one thread needs.
#[derive(Clone, Debug)]
struct Listener {
    service: Arc<Service>,
    refusals: Arc<Refusals>,
    clients: Arc<Clients>,
    watch: Watch,
    goodbyes: Arc<Semaphore>,
    stop: signal::Receiver<bool>,
}

impl Listener {
    fn run(self, sockets: Vec<(Door, TcpListener)>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "a listener could not start"),
        };
        runtime.block_on(async {
            let keeper = self.clone();
            tokio::spawn(async move {
                let server = &keeper.service.metrics.server;
                let patience = keeper.service.limits.patience;
                keeper.watch.keep(patience, |limit| server.enforce(limit)).await;
            });
            let accepting: Vec<_> = sockets
                .into_iter()
                .map(|(door, socket)| tokio::spawn(self.clone().accept(door, socket)))
                .collect();
            for task in accepting {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a listener ended early");
                }
            }
            self.watch.stop();
            self.wait_until_idle().await;
        });
    }

    async fn accept(self, door: Door, socket: TcpListener) {
        let mut stop = self.stop.clone();
        let socket = match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "a listener could not start"),
        };
        let mut is_failing = false;
        loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        is_failing = false;
                        self.admit(door, stream, peer);
                    }
                    Err(error) => {
                        let is_news = !std::mem::replace(&mut is_failing, true);
                        rest_after(&error, is_news).await;
                    }
                },
                () = told(&mut stop) => return,
            }
        }
    }

    /// Serves the connection, or turns it away when there are too many.
    fn admit(&self, door: Door, stream: TcpStream, peer: SocketAddr) {
        let guard = ConnectionGuard::enter(&self.service.metrics);
        if guard.count > self.service.limits.connections_max {
            return self.turn_away(stream, Limit::Connections);
        }
        let Ok(client) = self.clients.enter(peer.ip()) else {
            return self.turn_away(stream, Limit::ConnectionsPerClient);
        };
        // Without it a small answer may wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let line = Arc::new(Line::new(client));
        self.watch.over(&line);
        let connection = Connection { listener: self.clone(), door, peer, line };
        tokio::spawn(async move {
            connection.run(stream).await;
            drop(guard);
        });
    }

    /// Closes a connection, and says why if that is to be had for little. What the client has sent
    /// is read first: to close upon it would take the answer away.
    fn turn_away(&self, mut stream: TcpStream, limit: Limit) {
        self.service.metrics.server.enforce(limit);
        let permit = Arc::clone(&self.goodbyes).try_acquire_owned();
        let (Ok(permit), None) = (permit, &self.service.tls) else { return };
        let refusals = Arc::clone(&self.refusals);
        let say = async move {
            let text = refusals.text(match limit {
                Limit::Connections => &refusals.connections,
                _ => &refusals.connections_per_client,
            });
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        tokio::spawn(async move {
            // Who does not listen is not told.
            let _ = tokio::time::timeout(GOODBYE_TIMEOUT, say).await;
            drop(permit);
        });
    }

    async fn wait_until_idle(&self) {
        let deadline = tokio::time::Instant::now() + self.service.limits.drain_timeout;
        while self.service.metrics.server.connections.value() > 0 {
            if tokio::time::Instant::now() > deadline {
                return tracing::warn!("calls in flight did not end in time and were cut off");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A connection that was let in.
#[derive(Debug)]
struct Connection {
    listener: Listener,
    door: Door,
    peer: SocketAddr,
    line: Arc<Line>,
}

impl Connection {
    /// Serves the connection until it ends or is cut off.
    async fn run(self, stream: TcpStream) {
        let line = Arc::clone(&self.line);
        let mut serving = pin!(self.welcome(stream));
        poll_fn(|cx| {
            line.hear(cx);
            // Who was too slow with a head is told so by the stream; all others are just cut.
            if line.is_cut() && line.phase() != Phase::Head {
                return Poll::Ready(());
            }
            serving.as_mut().poll(cx)
        })
        .await;
    }

    /// Serves the connection, after the TLS handshake where there is one.
    async fn welcome(self, stream: TcpStream) {
        let Some(tls) = &self.listener.service.tls else {
            return self.serve(stream).await;
        };
        // A client that says nothing has an idle connection, not a handshake that takes too long.
        if !matches!(self.line.unless_stopped(stream.peek(&mut [0])).await, Some(Ok(1))) {
            return;
        }
        let handshake = Box::pin(tls.acceptor.accept(stream));
        let handshake_timeout = self.listener.service.limits.handshake_timeout;
        match tokio::time::timeout(handshake_timeout, handshake).await {
            Ok(Ok(stream)) => apart(self.serve(stream)).await,
            Ok(Err(error)) => tracing::debug!(%error, peer = %self.peer, "a TLS handshake failed"),
            Err(_) => self.listener.service.metrics.server.enforce(Limit::HandshakeTimeout),
        }
    }

    /// Serves the connection. What that takes is allocated when a byte comes and given back when none
    /// has come for a while, so that a connection that says nothing takes little.
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let head_bytes_max = self.listener.service.limits.head_bytes_max;
        let (line, refusals) = (Arc::clone(&self.line), Arc::clone(&self.listener.refusals));
        let mut stream = Stream::new(stream, Arc::clone(&line), refusals, head_bytes_max);
        let connection = Arc::new(self);
        while let Some(Ok(true)) = line.unless_stopped(stream.first_byte()).await {
            let answer = |request| {
                let connection = Arc::clone(&connection);
                async move { connection.answer(request).await }
            };
            match apart(converse(stream, &line, head_bytes_max, answer)).await {
                Some(resting) => stream = resting,
                None => return,
            }
            line.forget_head();
        }
        // Whether the client hears of the end is up to it.
        let _ = stream.shutdown().await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Tracked> {
        let call = self.line.begin_call();
        let app = &self.listener.service.app;
        let response = if let Some(text) = strict::objection(&request, &self.line) {
            app.objected(self.door, &request, text)
        } else {
            self.line.pass_head();
            match self.line.client().map_or(Ok(()), clients::ClientGuard::call) {
                Ok(()) => app.answer(self.door, self.peer, request).await,
                Err(wait) => Box::pin(app.throttled(self.door, self.peer, request, wait)).await,
            }
        };
        let refused = response.status().is_client_error() || response.status().is_server_error();
        self.line.linger(refused);
        response.map(|body| Tracked::new(body, call))
    }
}

/// Puts a future into memory of its own from the start. Boxed in place it would also have room in the
/// future that awaits it.
fn apart<F: Future>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// Counts a connection while it is open.
struct ConnectionGuard {
    metrics: Arc<Metrics>,
    count: usize,
}

impl ConnectionGuard {
    fn enter(metrics: &Arc<Metrics>) -> Self {
        let count = metrics.server.connections.add(1);
        Self { metrics: Arc::clone(metrics), count }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.metrics.server.connections.take(1);
    }
}

/// Returns when the server stops.
async fn told(stop: &mut signal::Receiver<bool>) {
    // The sender going away means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Out of file descriptors, accepting again at once would only spin, and to say so each time fill
/// the log.
async fn rest_after(error: &io::Error, is_news: bool) {
    if is_news {
        tracing::warn!(
            %error,
            "connections can't be accepted and wait until they can; if too many files are open, \
             raise the hard limit (`ulimit -Hn`), or lower `connections-max`"
        );
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
}
