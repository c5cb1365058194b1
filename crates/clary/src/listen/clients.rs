//! Clients, told apart by their addresses, and what each may have: connections and calls.
//!
//! A connection looks its client up once; a call then costs one atomic exchange. Without a limit
//! there is nothing to look up.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Below this many clients nobody is forgotten.
const CLIENTS_KEPT: usize = 1024;

/// What each client may have. None is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientLimits {
    /// Connections open at a time.
    pub(crate) connections_max: Option<usize>,
    /// Calls a second, in the long run.
    pub(crate) calls_per_second: Option<f64>,
    /// Calls that may come at once after a pause.
    pub(crate) calls_burst: u32,
}

impl ClientLimits {
    fn is_none(&self) -> bool {
        self.connections_max.is_none() && self.calls_per_second.is_none()
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
    /// When, in nanoseconds since the origin, all its calls so far would be due if they had come
    /// at the allowed rate (the generic cell rate algorithm of ITU-T I.371).
    due_ns: AtomicU64,
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
        self.connections.load(Relaxed) > 0 || self.due_ns.load(Relaxed) > now_ns
    }
}

/// An address stands for its owner: of version 6, whole networks of 64 bits are handed out.
fn network(address: IpAddr) -> IpAddr {
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
        match self.clients.limits.calls_per_second {
            Some(rate) => self.call_at(rate, self.clients.now_ns()),
            None => Ok(()),
        }
    }

    fn call_at(&self, rate: f64, now_ns: u64) -> Result<(), Duration> {
        let between_ns = (1e9 / rate) as u64;
        let ahead_ns = between_ns * u64::from(self.clients.limits.calls_burst.max(1));
        let due = |due: u64| {
            let next = due.max(now_ns) + between_ns;
            (next <= now_ns + ahead_ns).then_some(next)
        };
        let taken = self.client.due_ns.fetch_update(Relaxed, Relaxed, due);
        let wait = |due_ns| Duration::from_nanos(due_ns + between_ns - now_ns - ahead_ns);
        taken.map(drop).map_err(wait)
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
        let limits = ClientLimits { connections_max, calls_per_second, calls_burst: 3 };
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
    fn calls_come_at_the_rate_after_a_burst() {
        let clients = clients(None, Some(10.0));
        let guard = clients.enter(address("10.0.0.1")).expect("allowed").expect("it is limited");
        let at = |ms: u64| guard.call_at(10.0, ms * 1_000_000);
        for _ in 0..3 {
            assert_eq!(at(1000), Ok(()));
        }
        assert_eq!(at(1000), Err(Duration::from_millis(100)));
        assert_eq!(at(1099), Err(Duration::from_millis(1)));
        assert_eq!(at(1100), Ok(()));
        assert_eq!(at(1101), Err(Duration::from_millis(99)));
        for _ in 0..3 {
            assert_eq!(at(9000), Ok(()));
        }
        assert!(at(9000).is_err(), "a pause gives no more than a burst");
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
