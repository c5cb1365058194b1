//! Idle connections: what the server needs for each, and that it answers beside them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;

use super::{
    report,
    servers::{self, Server},
    soak,
};
use crate::workspace::Workspace;

/// Calls that are made while all connections are open, for their median.
const CALLS: usize = 1000;
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// By then connections that say nothing have given back what they can, and the system has it.
const REST: Duration = Duration::from_secs(30);

/// How many, and of what.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Connections to open
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// A built binary; without one, the profile `dist` is built
    #[arg(long, value_name = "FILE")]
    binary: Option<Utf8PathBuf>,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// Opens the connections, and looks before and after each has made a call, and a while later.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let binary = settings.binary.clone().map_or_else(|| soak::build(workspace), Ok)?;
    let server = start(&binary, settings.connections)?;
    let alone = look(&server, 0)?;
    let mut open = Vec::new();
    for number in 1..=settings.connections {
        open.push(TcpStream::connect(&server.authority).with_context(|| {
            format!("connection {number} was not opened; allow more files with `ulimit -n`")
        })?);
    }
    let fresh = look(&server, open.len())?;
    for connection in &mut open {
        ask(connection)?;
    }
    let used = look(&server, open.len())?;
    thread::sleep(REST);
    let rested = look(&server, open.len())?;
    let later = format!("{} s later", REST.as_secs());
    let rows = [("none", alone), ("fresh", fresh), ("after a call each", used), (&*later, rested)];
    let table = table(settings.connections, &rows);
    println!("{table}");
    if settings.record {
        let command = format!("bench idle --connections {}", settings.connections);
        report::record(workspace, "Idle connections", &command, &table)?;
    }
    Ok(())
}

fn start(binary: &Utf8PathBuf, connections: usize) -> anyhow::Result<Server> {
    let mut command = Command::new(binary);
    command.args(["serve", "--ephemeral", "--log", "warn"]);
    command.args(["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
    command.args(["--limit", &format!("connections-max={}", connections + 16)]);
    command.args(["--limit", "idle-timeout-seconds=3600"]);
    servers::start(&mut command, "clary")
}

/// Memory, and how long another client waits.
#[derive(Clone, Copy, Debug)]
struct Look {
    connections: usize,
    resident_kib: u64,
    call_us: f64,
}

fn look(server: &Server, connections: usize) -> anyhow::Result<Look> {
    let mut another = TcpStream::connect(&server.authority)?;
    another.set_nodelay(true)?;
    another.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut calls_us = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        ask(&mut another)?;
        calls_us.push(began.elapsed().as_secs_f64() * 1e6);
    }
    calls_us.sort_by(f64::total_cmp);
    Ok(Look {
        connections,
        resident_kib: server.resident_bytes()? / 1024,
        call_us: calls_us[CALLS / 2],
    })
}

fn ask(connection: &mut TcpStream) -> anyhow::Result<()> {
    connection.write_all(b"GET /_clary/health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut answer = [0; 1024];
    let length = connection.read(&mut answer)?;
    anyhow::ensure!(
        answer[..length].starts_with(b"HTTP/1.1 200"),
        "a connection was not served: {:?}",
        String::from_utf8_lossy(&answer[..length])
    );
    Ok(())
}

fn table(connections: usize, rows: &[(&str, Look)]) -> String {
    let alone_kib = rows.first().map_or(0, |(_, look)| look.resident_kib);
    let head = format!(
        "{connections} connections; the call is another client's, the median of {CALLS}.\n\n\
         | open connections | resident memory, MiB | KiB per connection | a call, µs |\n\
         |---|---:|---:|---:|\n"
    );
    let lines = rows.iter().map(|(name, look)| {
        let more_kib = look.resident_kib.saturating_sub(alone_kib) as f64;
        let each_kib = more_kib / look.connections.max(1) as f64;
        let resident_mib = look.resident_kib as f64 / 1024.0;
        format!("| {name} | {resident_mib:.1} | {each_kib:.1} | {:.0} |\n", look.call_us)
    });
    [head].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_out_among_connections() {
        let look = |connections, resident_kib| Look { connections, resident_kib, call_us: 51.6 };
        let table = table(100, &[("none", look(0, 2048)), ("fresh", look(100, 2348))]);
        assert!(table.contains("| none | 2.0 | 0.0 | 52 |\n"), "{table}");
        assert!(table.contains("| fresh | 2.3 | 3.0 | 52 |\n"), "{table}");
    }
}
