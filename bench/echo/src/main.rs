//! The yardstick of the HTTP benchmark: hyper and nothing else, on one thread.
//!
//! It answers every request with its own body and has clary's listener settings, so what clary
//! needs beyond it is what clary does. The requests themselves are made by `requests`.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Parser;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

// The settings of clary's listeners (crates/clary/src/listen.rs).
const BACKLOG: i32 = 4096;
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Answers every request with its own body.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free port, and the line on stdout says which
    #[arg(long, default_value = "127.0.0.1:0")]
    address: SocketAddr,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments.address))
}

async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let listener = listen(address).with_context(|| format!("can't listen on {address}"))?;
    println!("echo ready http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer(stream));
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn answer(stream: TcpStream) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(echo));
    // A client that hangs up is how every round ends.
    let _ = connection.await;
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // An aborted body has no answer that anyone would read.
    let body =
        request.into_body().collect().await.map_or_else(|_| Bytes::new(), Collected::to_bytes);
    Ok(Response::new(Full::new(body)))
}
