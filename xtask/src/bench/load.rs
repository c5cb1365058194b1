//! One run of the load generator against one server, and what it measured.
//!
//! wrk has a core of its own and sends requests that were written beforehand. A single failed
//! request fails the benchmark: a server that refuses quickly is not a fast one.

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;
use serde::Deserialize;

use super::servers::Server;
use crate::workspace::{Workspace, output_of};

/// The load generator's core; the servers' is another.
const LOAD_CORE: &str = "1";
const RESULT_MARK: &str = "RESULT ";

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// For how long.
    pub(crate) seconds: u32,
    /// Connections open at a time.
    pub(crate) connections: u32,
    /// The file of requests.
    pub(crate) requests: Utf8PathBuf,
}

/// What one run measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Answers a second.
    pub(crate) requests_per_s: f64,
    /// Median latency.
    pub(crate) p50_us: f64,
    /// 99th percentile of the latency.
    pub(crate) p99_us: f64,
    /// CPU time that the server used per request. The load generator has no part in it.
    pub(crate) cpu_us: f64,
}

/// The line that `bench/load.lua` prints.
#[derive(Debug, Deserialize)]
struct Outcome {
    requests: u64,
    duration_us: u64,
    p50_us: u32,
    p99_us: u32,
    failed: u64,
}

/// Fails unless the tools are there.
pub(crate) fn ensure_tools(workspace: &Workspace) -> anyhow::Result<()> {
    for (tool, package) in [("wrk", "wrk"), ("taskset", "util-linux"), ("getconf", "libc-bin")] {
        // Each of them, asked for its version, answers something; only a missing one can't start.
        let answered = workspace.command(tool).arg("--version").output();
        answered
            .with_context(|| format!("no `{tool}`; run `apt-get install {package}` as root"))?;
    }
    Ok(())
}

/// Runs the load generator against the server.
pub(crate) fn measure(
    workspace: &Workspace,
    scenario: &str,
    server: &Server,
    run: &Run,
) -> anyhow::Result<Sample> {
    let before = server.cpu_ticks()?;
    let printed = output_of(
        workspace
            .command("taskset")
            .args(["--cpu-list", LOAD_CORE, "wrk", "--threads", "1", "--latency"])
            .args(["--connections", &run.connections.to_string()])
            .args(["--duration", &format!("{}s", run.seconds)])
            .args(["--script", workspace.path("bench/load.lua").as_str()])
            .args([&format!("http://{}", server.authority), "--", run.requests.as_str()]),
    )?;
    let ticks = server.cpu_ticks()? - before;
    let outcome = parse(&printed)?;
    anyhow::ensure!(outcome.failed == 0, "{} requests failed in `{scenario}`", outcome.failed);
    anyhow::ensure!(outcome.requests > 0, "nobody answered in `{scenario}`");
    let sample = sample(&outcome, ticks as f64 / ticks_per_s(workspace)?);
    eprintln!("{scenario}: {:.0} requests/s", sample.requests_per_s);
    Ok(sample)
}

fn parse(printed: &str) -> anyhow::Result<Outcome> {
    let line = printed.lines().find_map(|line| line.strip_prefix(RESULT_MARK));
    let line = line.with_context(|| format!("wrk printed no result:\n{printed}"))?;
    serde_json::from_str(line).with_context(|| format!("wrk printed {line:?}"))
}

fn sample(outcome: &Outcome, cpu_s: f64) -> Sample {
    let requests = outcome.requests as f64;
    Sample {
        requests_per_s: requests * 1e6 / outcome.duration_us as f64,
        p50_us: f64::from(outcome.p50_us),
        p99_us: f64::from(outcome.p99_us),
        cpu_us: cpu_s * 1e6 / requests,
    }
}

fn ticks_per_s(workspace: &Workspace) -> anyhow::Result<f64> {
    let printed = output_of(workspace.command("getconf").arg("CLK_TCK"))?;
    printed.trim().parse().with_context(|| format!("`getconf CLK_TCK` printed {printed:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_line_is_found_among_the_rest() {
        let printed = "Running 1s test\nRESULT {\"requests\":200,\"duration_us\":2000000,\
                       \"p50_us\":90,\"p99_us\":300,\"failed\":0}\nRequests/sec: 100\n";
        let outcome = parse(printed).expect("there is a result");
        let expected = Sample { requests_per_s: 100.0, p50_us: 90.0, p99_us: 300.0, cpu_us: 5.0 };
        assert_eq!(sample(&outcome, 0.001), expected);
    }

    #[test]
    fn no_result_is_an_error_that_shows_what_was_printed() {
        let complaint = parse("unable to connect\n").expect_err("there is no result");
        assert!(complaint.to_string().contains("unable to connect"));
    }
}
