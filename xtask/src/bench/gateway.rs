//! The gateway benchmark: the movie example's request, from the REST API through both mapping
//! templates and the model, beside a bare echo server that gets the same requests.
//!
//! First as many as each server answers, then an open loop: requests come at a set rate, half of
//! what clary managed, whether or not the ones before are answered, and a latency counts from the
//! moment a request was due. Last, `routing` asks a large API beside a small one. Servers have
//! core 0, load generators core 1.

use std::{fmt::Write as _, fs, io::Write as _, iter};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;
use serde::Deserialize;

use super::{
    load::{self, Run, Sample},
    report::{self, Row, Yardsticks, median},
    routing,
    servers::{self, Server},
};
use crate::{
    clients,
    workspace::{Workspace, output_of},
};

const KEY_ID: &str = "AKIDBENCHMARK0000000";
const SECRET: &str = "not-a-secret-only-for-benchmarks-0000000";
/// The load generator's core, as in `load`.
const LOAD_CORE: &str = "1";
const REQUESTS_WRITTEN: u32 = 20_000;
const USERS: u32 = 943;
const MOVIES: u32 = 1682;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Rounds; each asks both servers
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that each server is asked in a round
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Connections open at a time
    #[arg(long, default_value_t = 8)]
    connections: u32,
    /// A folder of built binaries (`clary`, `echo`), as `bench http` leaves it
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<Utf8PathBuf>,
    /// Leave the open loop out, which needs `oha`
    #[arg(long)]
    without_open_loop: bool,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// Deploys the example, asks, and prints both tables.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    load::ensure_tools(workspace)?;
    if !settings.without_open_loop {
        ensure_oha(workspace)?;
    }
    let directory = workspace.target("bench");
    let binaries = settings.binaries.clone().unwrap_or_else(|| directory.join("bin"));
    let bench = Bench { settings, workspace, directory, binaries };
    let echo = bench.start_echo()?;
    let clary = bench.start_clary()?;
    let path = format!("/restapis/{}/dev/_user_request_", bench.deploy(&clary)?);
    let requests = bench.write_requests(&path)?;
    let saturated = bench.saturate([&echo, &clary], &requests)?;
    let mut text = bench.saturated_table(&saturated);
    if !settings.without_open_loop {
        let rate = median(saturated[1].iter().map(|sample| sample.requests_per_s)) / 2.0;
        let paced = bench.pace([&echo, &clary], &path, rate as u64)?;
        text = format!("{text}\n{}", paced_table(&paced, rate));
    }
    text = format!("{text}\n{}", bench.route(&clary)?);
    println!("{text}");
    if settings.record {
        report::record(workspace, "Gateway", "bench gateway", &text)?;
    }
    Ok(())
}

fn ensure_oha(workspace: &Workspace) -> anyhow::Result<()> {
    workspace.command("oha").arg("--version").output().map(drop).context(
        "no `oha`; run `cargo install oha --locked`, or leave it out with `--without-open-loop`",
    )
}

/// What `oha` measured of one server in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Paced {
    requests_per_s: f64,
    p50_us: f64,
    p99_us: f64,
}

struct Bench<'a> {
    settings: &'a Settings,
    workspace: &'a Workspace,
    directory: Utf8PathBuf,
    binaries: Utf8PathBuf,
}

impl Bench<'_> {
    fn binary(&self, name: &str) -> anyhow::Result<Utf8PathBuf> {
        let binary = self.binaries.join(name);
        anyhow::ensure!(
            binary.exists(),
            "`{binary}` is not built; run `cargo xtask bench http` first"
        );
        Ok(binary)
    }

    fn start_echo(&self) -> anyhow::Result<Server> {
        servers::start(&mut servers::pinned(self.binary("echo")?.as_str()), "echo")
    }

    /// Both faces on one port, so that what the server says of one is where the other is.
    fn start_clary(&self) -> anyhow::Result<Server> {
        let address = format!("127.0.0.1:{}", servers::free_port()?);
        let mut command = servers::pinned(self.binary("clary")?.as_str());
        command.args(["serve", "--ephemeral", "--threads", "1", "--log", "warn"]);
        command.args(["--api", &address, "--gateway", &address]);
        command.args(["--data-dir", self.directory.join("data/gateway").as_str()]);
        command.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
        command.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
        servers::start(&mut command, "clary")
    }

    /// Runs the example's own script; the id of the REST API that it made.
    fn deploy(&self, clary: &Server) -> anyhow::Result<String> {
        let printed = self.script(clary, &["examples/movie-ratings/deploy.py"])?;
        let id = printed.strip_prefix("REST API ").and_then(|rest| rest.split(',').next());
        id.map(str::to_owned).with_context(|| format!("the example printed {printed:?}"))
    }

    /// What a Python script prints that talks to the server.
    fn script(&self, clary: &Server, arguments: &[&str]) -> anyhow::Result<String> {
        let venv =
            clients::environment(self.workspace, "clients", "tests/clients/requirements.txt")?;
        let mut script = self.workspace.command(venv.join("bin/python"));
        script.args(arguments);
        script.env("AWS_ENDPOINT_URL", format!("http://{}", clary.authority));
        script.env("AWS_DEFAULT_REGION", "us-east-1");
        script.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
        output_of(&mut script)
    }

    /// A large API beside a small one: the table.
    fn route(&self, clary: &Server) -> anyhow::Result<String> {
        let deploy = |resources: u32| {
            let printed = self.script(clary, &["bench/routing.py", &resources.to_string()])?;
            anyhow::Ok(printed.trim().to_owned())
        };
        let [few, many] = routing::RESOURCES;
        let apis = [deploy(few)?, deploy(many)?];
        let Settings { rounds, seconds, connections, .. } = *self.settings;
        let how = routing::Rounds { rounds, seconds, connections };
        routing::measure(self.workspace, clary, &apis, how)
    }

    /// The movies of many users, three at a time, as `load` wants them.
    fn write_requests(&self, path: &str) -> anyhow::Result<Utf8PathBuf> {
        let file = self.directory.join("gateway.requests");
        let mut out = std::io::BufWriter::new(fs::File::create(&file)?);
        for number in 0..REQUESTS_WRITTEN {
            let request = format!(
                "GET {path}{} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n",
                query(number)
            );
            write!(out, "{:08}\n{request}", request.len())?;
        }
        out.flush()?;
        Ok(file)
    }

    /// As many requests as each server answers: a list of samples per server.
    fn saturate(
        &self,
        servers: [&Server; 2],
        requests: &Utf8PathBuf,
    ) -> anyhow::Result<[Vec<Sample>; 2]> {
        let mut samples = [Vec::new(), Vec::new()];
        // The round before the first warms caches, and is not counted.
        let rounds = iter::repeat_n(self.settings.seconds, self.settings.rounds);
        for seconds in iter::once(1).chain(rounds) {
            for (server, samples) in servers.iter().zip(&mut samples) {
                let connections = self.settings.connections;
                let run = Run { seconds, connections, requests: requests.clone() };
                samples.push(load::measure(self.workspace, server.name, server, &run)?);
            }
        }
        for samples in &mut samples {
            samples.remove(0);
        }
        Ok(samples)
    }

    /// The same rate for both: a list of samples per server.
    fn pace(
        &self,
        servers: [&Server; 2],
        path: &str,
        rate: u64,
    ) -> anyhow::Result<[Vec<Paced>; 2]> {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..self.settings.rounds {
            for (server, samples) in servers.iter().zip(&mut samples) {
                let url = format!("http://{}{path}{}", server.authority, query(320));
                samples.push(self.paced(&url, rate)?);
            }
        }
        Ok(samples)
    }

    fn paced(&self, url: &str, rate: u64) -> anyhow::Result<Paced> {
        let mut command = self.workspace.command("taskset");
        command.args(["--cpu-list", LOAD_CORE, "oha", "--no-tui", "--latency-correction"]);
        command.args(["--output-format", "json", "-q", &rate.to_string()]);
        command.args(["-c", &self.settings.connections.to_string()]);
        command.args(["-z", &format!("{}s", self.settings.seconds), url]);
        let paced = parse(&output_of(&mut command)?)?;
        eprintln!("{url}: p99 {:.0} µs at {:.0} requests/s", paced.p99_us, paced.requests_per_s);
        Ok(paced)
    }

    fn saturated_table(&self, [echo, clary]: &[Vec<Sample>; 2]) -> String {
        let row = |name, samples| Row::new(name, samples, Yardsticks { echo, peer: None });
        let rows = [row("hyper echo", echo), row("movie ratings through the gateway", clary)];
        format!(
            "{} rounds of {} s each, interleaved, {} connections; medians. Three movies a request. \
             Servers have core 0, load generators core 1.\n\n{}",
            self.settings.rounds,
            self.settings.seconds,
            self.settings.connections,
            report::table(&rows)
        )
    }
}

/// A user's three movies: different ones for each number.
fn query(number: u32) -> String {
    let movie = |step: u32| (number * 7 + step) % MOVIES + 1;
    let (user, first) = (number % USERS + 1, movie(0));
    format!("/predicted-ratings/{user}?items={first},{},{}", movie(30), movie(61))
}

fn paced_table([echo, clary]: &[Vec<Paced>; 2], rate: f64) -> String {
    let mut table = format!(
        "Open loop at {rate:.0} requests/s, half of what clary managed (oha, latencies from when a \
         request was due):\n\n| | requests/s | p50 µs | p99 µs | p99 × echo |\n|---|---:|---:|---:|---:|\n"
    );
    for (name, samples) in [("hyper echo", echo), ("movie ratings through the gateway", clary)] {
        let of = |field: fn(&Paced) -> f64| median(samples.iter().map(field));
        let ratio = median(samples.iter().zip(echo).map(|(own, echo)| own.p99_us / echo.p99_us));
        let (rate, p50, p99) = (of(|p| p.requests_per_s), of(|p| p.p50_us), of(|p| p.p99_us));
        writeln!(table, "| {name} | {rate:.0} | {p50:.0} | {p99:.0} | {ratio:.2} |")
            .expect("memory takes it: this is a bug");
    }
    table
}

/// The part of `oha`'s report that is read.
#[derive(Deserialize)]
struct Report {
    summary: Summary,
    #[serde(rename = "latencyPercentiles")]
    percentiles: Percentiles,
    #[serde(rename = "statusCodeDistribution")]
    statuses: std::collections::BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    requests_per_sec: f64,
}

/// In seconds.
#[derive(Deserialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
}

fn parse(printed: &str) -> anyhow::Result<Paced> {
    let report: Report =
        serde_json::from_str(printed).with_context(|| format!("`oha` printed {printed:?}"))?;
    let only_200 = report.statuses.keys().all(|status| status == "200");
    anyhow::ensure!(only_200 && !report.statuses.is_empty(), "some requests failed: {printed}");
    Ok(Paced {
        requests_per_s: report.summary.requests_per_sec,
        p50_us: report.percentiles.p50 * 1e6,
        p99_us: report.percentiles.p99 * 1e6,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_and_failures_are_not_hidden() {
        let report = |status: &str| {
            format!(
                r#"{{"summary": {{"requestsPerSec": 1000.5, "slowest": 1.0}},
                    "latencyPercentiles": {{"p50": 0.0001, "p99": 0.00025, "p99.9": null}},
                    "statusCodeDistribution": {{"{status}": 3}}}}"#
            )
        };
        let paced = parse(&report("200")).expect("a report");
        assert_eq!(paced.requests_per_s.to_bits(), 1000.5_f64.to_bits());
        assert_eq!((paced.p50_us.round(), paced.p99_us.round()), (100.0, 250.0));
        assert!(parse(&report("503")).is_err());
        assert!(parse("Error: refused").is_err());
    }
}
