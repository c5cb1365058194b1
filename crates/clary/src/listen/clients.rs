//! Clients, told apart by their addresses, and what each may have: connections and calls.
//!
//! A connection looks its client up once; a call then costs one atomic exchange. Without a limit
//! there is nothing to look up.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use identity::{CallRate, Pacer};

/// Below this many clients nobody is forgotten.
const CLIENTS_KEPT: usize = 1024;

/// What each client may have. None is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientLimits {
    /// Connections open at a time.
    pub(crate) connections_max: Option<usize>,
    /// Calls.
    pub(crate) calls: Option<CallRate>,
}

impl ClientLimits {
    fn is_none(&self) -> bool {
        self.connections_max.is_none() && self.calls.is_none()
    }
}

/// All clients that are connected or were a moment ago.
#[derive(Debug)]
pub(super) struct Clients {
    limits: ClientLimits,
    origin: Instant,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    clients: HashMap<IpAddr, Arc<Client>>,
    /// Beyond so many, those who are gone are forgotten.
    sweep_at: usize,
}

/// One client.
#[derive(Debug, Default)]
struct Client {
    connections: AtomicUsize,
    pacer: Pacer,
}

/// Too many connections of one client.
#[derive(Debug)]
pub(super) struct TooMany;

impl Clients {
    pub(super) fn new(limits: ClientLimits) -> Self {
        Self { limits, origin: Instant::now(), known: Mutex::default() }
    }

    /// Counts a connection of that address while the guard lives. None where nothing is limited.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Option<ClientGuard>, TooMany> {
        if self.limits.is_none() {
            return Ok(None);
        }
        let client = self.client(address);
        client.connections.fetch_add(1, Relaxed);
        let guard = ClientGuard { client, clients: Arc::clone(self) };
        let open = guard.client.connections.load(Relaxed);
        if self.limits.connections_max.is_some_and(|most| open > most) {
            return Err(TooMany);
        }
        Ok(Some(guard))
    }

    fn client(&self, address: IpAddr) -> Arc<Client> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.clients.len() >= known.sweep_at.max(CLIENTS_KEPT) {
            let now_ns = self.now_ns();
            known.clients.retain(|_, client| client.is_of_use(now_ns));
            known.sweep_at = 2 * known.clients.len();
        }
        Arc::clone(known.clients.entry(network(address)).or_default())
    }

    fn now_ns(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }
}

impl Client {
    /// Whether it is connected, or would be let off if it were forgotten.
    fn is_of_use(&self, now_ns: u64) -> bool {
        self.connections.load(Relaxed) > 0 || self.pacer.is_ahead(now_ns)
    }
}

/// An address stands for its owner: of version 6, whole networks of 64 bits are handed out.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// A connection of a client.
#[derive(Debug)]
pub(super) struct ClientGuard {
    client: Arc<Client>,
    clients: Arc<Clients>,
}

impl ClientGuard {
    /// Takes one call from what the client may have; if there is none left, says in what time
    /// there will be.
    pub(super) fn call(&self) -> Result<(), Duration> {
        match self.clients.limits.calls {
            Some(rate) => self.client.pacer.take(rate, self.clients.now_ns()),
            None => Ok(()),
        }
    }
}

impl Drop for ClientGuard {
    fn drop(&mut self) {
        self.client.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(connections_max: Option<usize>, calls_per_second: Option<f64>) -> Arc<Clients> {
        let calls = calls_per_second.map(|per_second| CallRate { per_second, burst: 3 });
        let limits = ClientLimits { connections_max, calls };
        Arc::new(Clients::new(limits))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_are_counted_by_address_and_given_back() {
        let clients = clients(Some(2), None);
        let enter = |text| clients.enter(address(text));
        let _first = enter("10.0.0.1").expect("one is allowed");
        let second = enter("::ffff:10.0.0.1").expect("two are allowed");
        enter("10.0.0.1").expect_err("a third is not");
        enter("10.0.0.2").expect("another client");
        drop(second);
        enter("10.0.0.1").expect("there is room again");
    }

    #[test]
    fn a_network_of_version_6_is_one_client() {
        let clients = clients(Some(1), None);
        let _held = clients.enter(address("2001:db8::1")).expect("one is allowed");
        clients.enter(address("2001:db8::ffff:2")).expect_err("the same network");
        clients.enter(address("2001:db8:0:1::1")).expect("another network");
    }

    #[test]
    fn a_client_that_comes_back_is_still_known() {
        let clients = clients(None, Some(0.001));
        let guard = clients.enter(address("10.0.0.1")).expect("allowed").expect("it is limited");
        while guard.call().is_ok() {}
        drop(guard);
        let again = clients.enter(address("10.0.0.1")).expect("allowed").expect("it is limited");
        assert!(again.call().is_err());
    }

    #[test]
    fn clients_that_are_gone_are_forgotten() {
        let clients = clients(None, Some(1e9));
        for number in 0..10 * CLIENTS_KEPT as u32 {
            let address = std::net::Ipv4Addr::from_bits(number).into();
            let guard = clients.enter(address).expect("allowed").expect("it is limited");
            guard.call().expect("the first call");
        }
        assert!(clients.known.lock().expect("no panic").clients.len() <= 2 * CLIENTS_KEPT);
    }

    #[test]
    fn without_a_limit_nobody_is_looked_up() {
        let clients = clients(None, None);
        assert!(clients.enter(address("10.0.0.1")).expect("allowed").is_none());
        assert!(clients.known.lock().expect("no panic").clients.is_empty());
    }
}
