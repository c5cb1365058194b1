//! The listeners: one thread a core, each with its own runtime and its own socket on every
//! address, so that a connection lives and dies on one core.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Context;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};

use crate::{
    app::{App, Door},
    tls::Tls,
};

/// Connections that the kernel may hold before we accept them.
const BACKLOG: i32 = 4096;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to agree on a key.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// One address, with a socket for every thread.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) door: Door,
    pub(crate) local: SocketAddr,
    sockets: Vec<TcpListener>,
}

impl Address {
    /// Binds as many sockets as there are threads. Port 0 takes a free port.
    pub(crate) fn bind(door: Door, address: SocketAddr, threads: usize) -> anyhow::Result<Self> {
        let local = free(address).with_context(|| {
            format!("can't listen on {address}; is another server there? Give another address")
        })?;
        let sockets = (0..threads).map(|_| shared_socket(local)).collect::<io::Result<_>>()?;
        Ok(Self { door, local, sockets })
    }
}

/// Resolves port 0, and makes sure that nobody is there: sockets that share a port would silently
/// share it with another server of the same user, too.
fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    let probe = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    probe.set_reuse_address(true)?;
    probe.bind(&address.into())?;
    probe.local_addr()?.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}

fn shared_socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The bounds that listeners keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) head_bytes_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) drain_timeout: Duration,
}

/// Serving threads, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Listeners {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Listeners {
    /// Starts to serve on every address.
    pub(crate) fn start(
        mut addresses: Vec<Address>,
        app: &Arc<App>,
        limits: Limits,
        tls: Option<&Tls>,
    ) -> anyhow::Result<Self> {
        let stop = watch::Sender::new(false);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = addresses.iter().map(|address| address.sockets.len()).max().unwrap_or(0);
        let mut threads = Vec::new();
        for number in 0..count {
            let sockets: Vec<_> = addresses
                .iter_mut()
                .filter_map(|address| Some((address.door, address.sockets.pop()?)))
                .collect();
            let listener = Listener {
                app: Arc::clone(app),
                limits,
                connections: Arc::clone(&connections),
                tls: tls.cloned(),
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
    app: Arc<App>,
    limits: Limits,
    connections: Arc<AtomicUsize>,
    tls: Option<Tls>,
    stop: watch::Receiver<bool>,
}

impl Listener {
    fn run(self, sockets: Vec<(Door, TcpListener)>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "a listener could not start"),
        };
        runtime.block_on(async {
            let accepting: Vec<_> = sockets
                .into_iter()
                .map(|(door, socket)| tokio::spawn(self.clone().accept(door, socket)))
                .collect();
            for task in accepting {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a listener ended early");
                }
            }
            self.wait_until_idle().await;
        });
    }

    async fn accept(self, door: Door, socket: TcpListener) {
        let mut stop = self.stop.clone();
        let socket = match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "a listener could not start"),
        };
        loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(door, stream, peer),
                    Err(error) => rest_after(&error).await,
                },
                () = told(&mut stop) => return,
            }
        }
    }

    /// Serves the connection, or closes it at once when there are too many.
    fn admit(&self, door: Door, stream: TcpStream, peer: SocketAddr) {
        let guard = ConnectionGuard::enter(&self.connections);
        if guard.count > self.limits.connections_max {
            self.app.refused_connection();
            return;
        }
        // Without it a small answer may wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let listener = self.clone();
        tokio::spawn(async move {
            listener.welcome(door, stream, peer).await;
            drop(guard);
        });
    }

    /// Serves the connection, after the TLS handshake where there is one.
    async fn welcome(self, door: Door, stream: TcpStream, peer: SocketAddr) {
        let Some(tls) = self.tls.clone() else { return self.serve(door, stream, peer).await };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(door, stream, peer).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn serve(
        mut self,
        door: Door,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: SocketAddr,
    ) {
        let app = Arc::clone(&self.app);
        let service = service_fn(move |request: Request<Incoming>| {
            let app = Arc::clone(&app);
            async move {
                Ok::<Response<_>, std::convert::Infallible>(app.answer(door, peer, request).await)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(self.limits.head_bytes_max)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            biased;
            ended = connection.as_mut() => return note_end(ended),
            () = told(&mut self.stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        note_end(connection.await);
    }

    async fn wait_until_idle(&self) {
        let deadline = tokio::time::Instant::now() + self.limits.drain_timeout;
        while self.connections.load(Ordering::Acquire) > 0 {
            if tokio::time::Instant::now() > deadline {
                return tracing::warn!("calls in flight did not end in time and were cut off");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Counts a connection while it is open.
struct ConnectionGuard {
    connections: Arc<AtomicUsize>,
    count: usize,
}

impl ConnectionGuard {
    fn enter(connections: &Arc<AtomicUsize>) -> Self {
        let count = connections.fetch_add(1, Ordering::AcqRel) + 1;
        Self { connections: Arc::clone(connections), count }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Returns when the server stops.
async fn told(stop: &mut watch::Receiver<bool>) {
    // The sender going away means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Out of file descriptors, accepting again at once would only spin.
async fn rest_after(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Clients hang up and talk nonsense all day: that is theirs, not an error of ours.
fn note_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
