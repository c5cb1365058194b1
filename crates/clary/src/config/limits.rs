//! The `[limits]` table of the configuration file, and what each owner of a bound gets of it.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use identity::CallRate;
use serde::Deserialize;

use crate::listen::{self, ClientLimits, Patience};

/// Every limit that can be set. What is counted under a name in `/_clary/metrics` has the same.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LimitsTable {
    /// Connections open at a time, over both listeners.
    pub(crate) connections_max: usize,
    /// Connections open at a time from one address; no limit of its own unless given.
    pub(crate) connections_per_client_max: Option<usize>,
    /// Calls a second from one address; no limit unless given.
    pub(crate) calls_per_second_per_client: Option<f64>,
    /// Calls that may come at once from one address after a pause; a second's worth unless given.
    pub(crate) calls_burst_per_client: Option<u32>,
    /// Calls a second signed with one access key; no limit unless given.
    pub(crate) calls_per_second_per_key: Option<f64>,
    /// Calls that may come at once from one key after a pause; a second's worth unless given.
    pub(crate) calls_burst_per_key: Option<u32>,
    /// Bytes of a request's head: its line and all its headers.
    pub(crate) head_bytes_max: usize,
    /// Seconds for a request's head, from its first byte.
    pub(crate) head_timeout_seconds: u64,
    /// Seconds that a connection may wait for its next request.
    pub(crate) idle_timeout_seconds: u64,
    /// Seconds for a TLS handshake.
    pub(crate) handshake_timeout_seconds: u64,
    /// Seconds for a body that is kept in memory: every one but an S3 upload's.
    pub(crate) body_timeout_seconds: u64,
    /// Seconds within which a client must send of an upload, or take of an answer, so many bytes.
    pub(crate) stall_timeout_seconds: u64,
    /// See `stall_timeout_seconds`.
    pub(crate) stall_bytes_min: u64,
    /// Bytes of an `InvokeEndpoint` body.
    pub(crate) payload_bytes_max: usize,
    /// Bytes of the body of any other call that is no upload.
    pub(crate) control_bytes_max: usize,
    /// Bytes of a model's answer.
    pub(crate) answer_bytes_max: usize,
    /// Bytes of all large bodies in memory, of requests and answers together.
    pub(crate) bodies_in_flight_bytes_max: usize,
    /// S3 uploads received at a time.
    pub(crate) uploads_max: usize,
    /// S3 uploads received at a time from one client, which is a key at an address; three quarters
    /// of all unless given.
    pub(crate) uploads_per_client_max: Option<usize>,
    /// Seconds that an upload waits for its turn before it is told to slow down.
    pub(crate) upload_wait_seconds: u64,
    /// Calls that one instance works on at a time.
    pub(crate) calls_per_instance: u32,
    /// Seconds a model may take to answer.
    pub(crate) invocation_timeout_seconds: u64,
    /// Seconds a model may take to be fetched and opened.
    pub(crate) startup_timeout_seconds: u64,
    /// Models fetched and opened at a time.
    pub(crate) starts_at_a_time: usize,
    /// Bytes of log lines kept in memory.
    pub(crate) log_bytes_max: usize,
    /// Seconds that a stopping server waits for calls in flight.
    pub(crate) drain_timeout_seconds: u64,
}

impl Default for LimitsTable {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_client_max: None,
            calls_per_second_per_client: None,
            calls_burst_per_client: None,
            calls_per_second_per_key: None,
            calls_burst_per_key: None,
            head_bytes_max: 64 * 1024,
            head_timeout_seconds: 30,
            idle_timeout_seconds: 120,
            handshake_timeout_seconds: 10,
            body_timeout_seconds: 60,
            stall_timeout_seconds: 30,
            stall_bytes_min: 1024,
            payload_bytes_max: 6_291_456,
            control_bytes_max: 4 * 1024 * 1024,
            answer_bytes_max: 25 * 1024 * 1024,
            bodies_in_flight_bytes_max: 512 * 1024 * 1024,
            uploads_max: 32,
            uploads_per_client_max: None,
            upload_wait_seconds: 10,
            calls_per_instance: 256,
            invocation_timeout_seconds: 60,
            startup_timeout_seconds: 240,
            starts_at_a_time: 8,
            log_bytes_max: 64 * 1024 * 1024,
            drain_timeout_seconds: 30,
        }
    }
}

impl LimitsTable {
    /// The table of the file, with each `NAME=VALUE` of the command line over it.
    pub(super) fn resolve(mut table: toml::Table, given: &[String]) -> anyhow::Result<Self> {
        for limit in given {
            let (name, value) = parse(limit)?;
            table.insert(name, value);
        }
        let limits = Self::deserialize(table).context("the limits are not valid")?;
        limits.check()?;
        Ok(limits)
    }

    /// With these no call could ever be answered.
    fn check(&self) -> anyhow::Result<()> {
        let positive = [
            ("connections-max", self.connections_max),
            ("connections-per-client-max", self.connections_per_client_max.unwrap_or(1)),
            ("calls-burst-per-client", self.calls_burst_per_client.unwrap_or(1) as usize),
            ("calls-burst-per-key", self.calls_burst_per_key.unwrap_or(1) as usize),
            ("head-bytes-max", self.head_bytes_max),
            ("head-timeout-seconds", self.head_timeout_seconds as usize),
            ("idle-timeout-seconds", self.idle_timeout_seconds as usize),
            ("handshake-timeout-seconds", self.handshake_timeout_seconds as usize),
            ("body-timeout-seconds", self.body_timeout_seconds as usize),
            ("stall-timeout-seconds", self.stall_timeout_seconds as usize),
            ("uploads-max", self.uploads_max),
            ("uploads-per-client-max", self.uploads_per_client_max.unwrap_or(1)),
            ("calls-per-instance", self.calls_per_instance as usize),
        ];
        for (name, value) in positive {
            ensure!(value > 0, "the limit `{name}` is 0, and nothing would be served; raise it");
        }
        for (name, rate) in [
            ("calls-per-second-per-client", self.calls_per_second_per_client),
            ("calls-per-second-per-key", self.calls_per_second_per_key),
        ] {
            let rate = rate.unwrap_or(1.0);
            ensure!(
                (1e-3..=1e9).contains(&rate),
                "the limit `{name}` is {rate}; give a number from 0.001 to 1e9, or leave it out \
                 for no limit"
            );
        }
        Ok(())
    }

    pub(crate) fn hosting(&self) -> hosting::Limits {
        hosting::Limits {
            calls_per_instance: self.calls_per_instance,
            invocation_timeout: Duration::from_secs(self.invocation_timeout_seconds),
            startup_timeout: Duration::from_secs(self.startup_timeout_seconds),
            starts_at_a_time: self.starts_at_a_time,
        }
    }

    pub(crate) fn listeners(&self) -> listen::Limits {
        listen::Limits {
            head_bytes_max: self.head_bytes_max,
            connections_max: self.connections_max,
            clients: ClientLimits {
                connections_max: self.connections_per_client_max,
                calls: rate(self.calls_per_second_per_client, self.calls_burst_per_client),
            },
            patience: Patience {
                idle: Duration::from_secs(self.idle_timeout_seconds),
                head: Duration::from_secs(self.head_timeout_seconds),
                stall: Duration::from_secs(self.stall_timeout_seconds),
                stall_bytes_min: self.stall_bytes_min,
            },
            handshake_timeout: Duration::from_secs(self.handshake_timeout_seconds),
            drain_timeout: Duration::from_secs(self.drain_timeout_seconds),
        }
    }

    pub(crate) fn gateway(&self) -> gateway::Limits {
        gateway::Limits {
            bodies_in_flight_bytes_max: self.bodies_in_flight_bytes_max,
            body_timeout: Duration::from_secs(self.body_timeout_seconds),
        }
    }

    /// How often each access key may call.
    pub(crate) fn of_keys(&self) -> Option<CallRate> {
        rate(self.calls_per_second_per_key, self.calls_burst_per_key)
    }

    pub(crate) fn aws_api(&self) -> aws_api::Limits {
        aws_api::Limits {
            payload_bytes_max: self.payload_bytes_max,
            control_bytes_max: self.control_bytes_max,
            answer_bytes_max: self.answer_bytes_max,
            bodies_in_flight_bytes_max: self.bodies_in_flight_bytes_max,
            body_timeout: Duration::from_secs(self.body_timeout_seconds),
            uploads_max: self.uploads_max,
            uploads_per_client_max: self.uploads_per_client_max,
            upload_wait: Duration::from_secs(self.upload_wait_seconds),
            stall_timeout: Duration::from_secs(self.stall_timeout_seconds),
            stall_bytes_min: self.stall_bytes_min,
        }
    }
}

/// The rate, with a second's worth as its burst unless given.
fn rate(per_second: Option<f64>, burst: Option<u32>) -> Option<CallRate> {
    let per_second = per_second?;
    let second = per_second.ceil().min(f64::from(u32::MAX)) as u32;
    Some(CallRate { per_second, burst: burst.unwrap_or(second) })
}

fn parse(limit: &str) -> anyhow::Result<(String, toml::Value)> {
    let example = "say for example `--limit connections-max=100`";
    let Some((name, value)) = limit.split_once('=') else {
        bail!("`--limit {limit}` has no value; {example}");
    };
    let document: toml::Table = toml::from_str(&format!("value = {value}"))
        .ok()
        .with_context(|| format!("the value of `--limit {limit}` is not a number; {example}"))?;
    let value = document.get("value").context("it was just written: this is a bug")?;
    Ok((name.trim().to_owned(), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(file: &str, given: &[&str]) -> Result<LimitsTable, String> {
        let given: Vec<String> = given.iter().map(|&limit| limit.to_owned()).collect();
        let table = toml::from_str(file).expect("a table");
        LimitsTable::resolve(table, &given).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
        let limits = resolved("uploads-max = 3\nhead-bytes-max = 9000", &["uploads-max=4"]);
        let expect = LimitsTable { uploads_max: 4, head_bytes_max: 9000, ..LimitsTable::default() };
        assert_eq!(limits, Ok(expect));
        let rate = resolved("", &["calls-per-second-per-client=2.5"]).expect("it is valid");
        let second = CallRate { per_second: 2.5, burst: 3 };
        assert_eq!((rate.listeners().clients.calls, rate.of_keys()), (Some(second), None));
        let keys = ["calls-per-second-per-key=9", "calls-burst-per-key=1"];
        let keys = resolved("", &keys).expect("it is valid").of_keys();
        assert_eq!(keys, Some(CallRate { per_second: 9.0, burst: 1 }));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (limit, words) in [
            ("uploads-max", "has no value"),
            ("uploads-max=many", "is not a number"),
            ("uploads=1", "uploads"),
            ("uploads-max=0", "`uploads-max` is 0"),
            ("connections-max=-1", "connections-max"),
            ("calls-per-second-per-client=0.0", "from 0.001"),
            ("calls-per-second-per-key=0.0", "`calls-per-second-per-key` is 0"),
        ] {
            let error = resolved("", &[limit]).expect_err(limit);
            assert!(error.contains(words), "{limit}: {error}");
        }
    }
}
