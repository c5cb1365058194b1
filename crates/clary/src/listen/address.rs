//! The addresses that are listened on: one socket for each thread, all on one port. What comes in
//! is left to the listener.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};

use crate::app::Door;

/// Connections that the kernel may hold before we accept them.
const BACKLOG: i32 = 4096;

/// One address, with a socket for every thread.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) door: Door,
    pub(crate) local: SocketAddr,
    pub(super) sockets: Vec<TcpListener>,
}

impl Address {
    /// Binds as many sockets as there are threads. Port 0 takes a free port.
    pub(crate) fn bind(door: Door, address: SocketAddr, threads: usize) -> anyhow::Result<Self> {
        let local = free(address).with_context(|| {
            format!("can't listen on {address}; is another server there? Give another address")
        })?;
        let sockets = (0..threads).map(|_| shared_socket(local)).collect::<io::Result<_>>();
        let sockets = sockets.with_context(|| {
            format!("can't listen on {local} with {threads} threads; give fewer as `--threads`")
        })?;
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
