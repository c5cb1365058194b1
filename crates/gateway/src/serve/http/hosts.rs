//! Which hosts integrations may reach. Unless a host is named, what it resolves to must not be this
//! machine or its link, where metadata services and the server's own ports are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Hosts that integrations may reach: `*`, `example.com`, `*.example.com`, each with `:port` or
/// for all ports. A host that is named may be this machine; one that only `*` allows may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRules {
    patterns: Vec<String>,
}

impl Default for HostRules {
    fn default() -> Self {
        Self { patterns: vec!["*".to_owned()] }
    }
}

impl HostRules {
    /// Rules of these patterns; none allow nothing.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        Self { patterns: patterns.into_iter().map(|text| text.to_ascii_lowercase()).collect() }
    }

    /// Those of the addresses that may be reached, or why none may.
    pub(super) fn allowed(
        &self,
        host: &str,
        port: u16,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, String> {
        if self.patterns.iter().any(|pattern| pattern != "*" && names(pattern, host, port)) {
            return Ok(found.collect());
        }
        let advice =
            format!("name `{host}:{port}` in `http-hosts` of the configuration to allow it");
        if !self.patterns.iter().any(|pattern| pattern == "*") {
            return Err(format!("integrations may not reach `{host}`; {advice}"));
        }
        let allowed: Vec<_> = found.filter(|address| is_elsewhere(address.ip())).collect();
        if allowed.is_empty() {
            return Err(format!("`{host}` is this machine or its own link; {advice}"));
        }
        Ok(allowed)
    }
}

fn names(pattern: &str, host: &str, port: u16) -> bool {
    let (name, wanted) = match pattern.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            (name, digits.parse().ok())
        }
        _ => (pattern, None),
    };
    let fits = match name.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => name == host,
    };
    fits && wanted.is_none_or(|wanted: u16| wanted == port)
}

/// Whether an address is neither this machine nor on its own link.
fn is_elsewhere(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_elsewhere_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped().or_else(|| compatible(ip)) {
            Some(ip) => is_elsewhere_v4(ip),
            None => {
                !(ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || ip.is_unicast_link_local())
            }
        },
    }
}

/// The address of a machine behind NAT64, which is an IPv4 address again.
fn compatible(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = ip.segments() else { return None };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

fn is_elsewhere_v4(ip: Ipv4Addr) -> bool {
    let this_network = ip.octets()[0] == 0;
    !(ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || this_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_link_are_not_elsewhere() {
        for ip in [
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!is_elsewhere(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(is_elsewhere(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn hosts_are_allowed_by_name_by_parent_and_by_port() {
        let check = |patterns: &[&str], host: &str, port: u16, ip: &str, expect: bool| {
            let rules = HostRules::new(patterns.iter().map(|text| (*text).to_owned()));
            let address = SocketAddr::new(ip.parse().expect("an address"), port);
            let found = rules.allowed(host, port, [address].into_iter());
            assert_eq!(found.is_ok(), expect, "{patterns:?} {host}:{port} {ip}: {found:?}");
        };
        check(&["*"], "example.com", 80, "8.8.8.8", true);
        check(&["*"], "example.com", 80, "127.0.0.1", false);
        check(&["*", "localhost:9000"], "localhost", 9000, "127.0.0.1", true);
        check(&["*", "localhost:9000"], "localhost", 8600, "127.0.0.1", false);
        check(&["*.example.com"], "api.example.com", 443, "8.8.8.8", true);
        check(&["*.example.com"], "badexample.com", 443, "8.8.8.8", false);
        check(&["*.example.com"], "example.org", 443, "8.8.8.8", false);
        check(&["127.0.0.1"], "127.0.0.1", 1, "127.0.0.1", true);
        check(&[], "example.com", 80, "8.8.8.8", false);
    }
}
