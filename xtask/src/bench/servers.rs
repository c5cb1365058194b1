//! Servers of a benchmark: started on a core of their own, asked where they listen, ended with
//! the benchmark.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::workspace::succeed;

/// The core that servers share; only one of them is asked at a time.
const SERVER_CORE: &str = "0";
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    /// What scenarios call it.
    pub(crate) name: &'static str,
    /// `host:port`.
    pub(crate) authority: String,
    process: Child,
}

impl Server {
    /// User and system time that it has used so far, in clock ticks.
    pub(crate) fn cpu_ticks(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = fs::read_to_string(&path)
            .with_context(|| format!("can't read `{path}`; did `{}` die", self.name))?;
        ticks(&stat).with_context(|| format!("`{path}` has no times in it"))
    }
}

impl Server {
    /// Its resident memory now, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&path)
            .with_context(|| format!("can't read `{path}`; did `{}` die", self.name))?;
        resident_bytes(&status).with_context(|| format!("`{path}` has no `VmRSS` in it"))
    }
}

impl Server {
    /// Where it is asked.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Asks it to end, and waits until it has; it writes then what it writes at the end.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        succeed(Command::new("kill").args(["-TERM", &id]))?;
        let status = self.process.wait()?;
        anyhow::ensure!(status.success(), "`{}` ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have died before; then there is nothing left to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, bound to the servers' core.
pub(crate) fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", SERVER_CORE, program]);
    command
}

/// Starts a server that says `… ready …http://host:port…` on stdout.
pub(crate) fn start(command: &mut Command, name: &'static str) -> anyhow::Result<Server> {
    let mut process =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("can't start `{name}`"))?;
    let stdout = process.stdout.take().context("stdout is piped: this is a bug")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let authority = authority(&line)
        .with_context(|| format!("`{name}` said {line:?} instead of where it listens"))?;
    Ok(Server { name, authority: authority.to_owned(), process })
}

/// Starts a server that says nothing, and waits until the port answers.
pub(crate) fn start_on_port(
    command: &mut Command,
    name: &'static str,
    port: u16,
) -> anyhow::Result<Server> {
    let process = command.spawn().with_context(|| format!("can't start `{name}`"))?;
    let server = Server { name, authority: format!("127.0.0.1:{port}"), process };
    let started = Instant::now();
    while TcpStream::connect(&server.authority).is_err() {
        anyhow::ensure!(started.elapsed() < START_TIMEOUT, "`{name}` does not answer");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

/// A port that nobody uses now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn authority(line: &str) -> Option<&str> {
    let (_, url) = line.split_once("http://")?;
    url.split_whitespace().next()
}

/// Fields 14 and 15 of `/proc/PID/stat`; the second field is a name that may hold spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_of_a_ready_line_is_the_server_s() {
        let cases = [
            (
                "clary ready api=http://127.0.0.1:1 gateway=http://127.0.0.1:2\n",
                Some("127.0.0.1:1"),
            ),
            ("echo ready http://127.0.0.1:3\n", Some("127.0.0.1:3")),
            ("no address here\n", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(authority(line), expected, "{line:?}");
        }
    }

    #[test]
    fn resident_memory_is_in_kib() {
        assert_eq!(resident_bytes("Name:\ta\nVmRSS:\t   20 kB\nRssFile: 1 kB\n"), Some(20_480));
        assert_eq!(resident_bytes("Name:\ta\n"), None);
    }

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 40 2 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(ticks(""), None);
    }
}
