//! Invocations beside another client's uploads: what a call takes while S3 receives as much as it
//! can.
//!
//! `bench/uploads.py` uploads; one set of calls comes at a set rate, and its latencies are looked at,
//! another as fast as it is answered, and its rate is. The server has core 0 for everything that it
//! does, those who ask it have core 1. A loop that does nothing but use the server's core is the
//! yardstick of what the machine alone does to a call.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{
    load::{self, Run},
    pace::{self, Latencies, Pace},
    report::{self, median},
    servers::{self, Server},
};
use crate::{
    clients,
    workspace::{Workspace, output_of, succeed},
};

const KEY_ID: &str = "AKIDBENCHMARK0000000";
const SECRET: &str = "not-a-secret-only-for-benchmarks-0000000";
const MIB: f64 = 1_048_576.0;

/// What goes on beside the calls: its name in the table, and that of `bench/uploads.py`.
const BESIDE: [(&str, Beside); 6] = [
    ("nothing", Beside::Nothing),
    ("64 MiB objects, 8 connections", Beside::Uploads("large")),
    ("64 MiB objects, payload not signed, 8 connections", Beside::Uploads("unsigned")),
    ("8 MiB parts, 16 connections", Beside::Uploads("parts")),
    ("1 KiB objects, 32 connections", Beside::Uploads("small")),
    ("a loop on the server's core", Beside::Loop),
];

#[derive(Clone, Copy, Debug)]
enum Beside {
    Nothing,
    Uploads(&'static str),
    Loop,
}

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Rounds; each goes through all that is beside the calls
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each way to call, beside each
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Calls a second of those at a set rate
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// A folder of built binaries (`clary`, `requests`), as `bench http` leaves it
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<Utf8PathBuf>,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// Deploys, calls beside each load, and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    load::ensure_tools(workspace)?;
    let directory = workspace.target("bench");
    let binaries = settings.binaries.clone().unwrap_or_else(|| directory.join("bin"));
    let bench = Bench { settings, workspace, directory, binaries };
    let text = bench.measure()?;
    println!("{text}");
    if settings.record {
        report::record(workspace, "Invocations beside uploads", "bench uploads", &text)?;
    }
    Ok(())
}

/// What one round measured beside one load.
#[derive(Clone, Debug)]
struct Sample {
    latencies: Latencies,
    calls_per_s: f64,
    uploaded: Option<Uploaded>,
}

/// The last line of `bench/uploads.py`.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Uploaded {
    uploads: f64,
    bytes: f64,
    seconds: f64,
}

struct Bench<'a> {
    settings: &'a Settings,
    workspace: &'a Workspace,
    directory: Utf8PathBuf,
    binaries: Utf8PathBuf,
}

impl Bench<'_> {
    fn measure(&self) -> anyhow::Result<String> {
        let server = self.start()?;
        self.deploy()?;
        let requests = self.write_requests(&server)?;
        let mut samples = vec![Vec::new(); BESIDE.len()];
        for _ in 0..self.settings.rounds {
            for ((name, beside), samples) in BESIDE.into_iter().zip(&mut samples) {
                samples.push(self.sample(&server, &requests, (name, beside))?);
            }
        }
        Ok(self.table(&samples))
    }

    /// With its data on a disk, and everything that it acknowledges synced.
    fn start(&self) -> anyhow::Result<Server> {
        let data_dir = self.data_dir();
        // It may not be there; anything else that is wrong with it, the server will say.
        let _ = fs::remove_dir_all(&data_dir);
        let mut command = servers::pinned(self.binaries.join("clary").as_str());
        command.args(["serve", "--threads", "1", "--log", "warn"]);
        command.args(["--data-dir", data_dir.as_str()]);
        command.args(["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
        servers::start(with_keys(&mut command), "clary")
    }

    fn data_dir(&self) -> Utf8PathBuf {
        self.directory.join("data/uploads")
    }

    fn deploy(&self) -> anyhow::Result<()> {
        let mut deploy = self.workspace.command(self.binaries.join("clary"));
        deploy.args(["deploy", "examples/covtype/model", "--name", "covtype"]);
        deploy.args(["--data-dir", self.data_dir().as_str()]);
        output_of(with_keys(&mut deploy)).map(drop)
    }

    fn write_requests(&self, server: &Server) -> anyhow::Result<Utf8PathBuf> {
        let out = self.directory.join("uploads.requests");
        let mut command = self.workspace.command(self.binaries.join("requests"));
        command.args(["--authority", &server.authority]);
        command.args(["--path", "/endpoints/covtype/invocations"]);
        command.args(["--bodies", self.workspace.path("examples/covtype/payload.csv").as_str()]);
        command.args(["--count", "20000", "--out", out.as_str()]);
        succeed(with_keys(&mut command))?;
        Ok(out)
    }

    fn sample(
        &self,
        server: &Server,
        requests: &Utf8Path,
        (name, beside): (&str, Beside),
    ) -> anyhow::Result<Sample> {
        let load = self.begin(server, beside)?;
        let Settings { seconds, rate, .. } = *self.settings;
        let pace = Pace {
            authority: &server.authority,
            requests: &pace::read_requests(requests)?,
            connections: 4,
            requests_per_s: rate,
            time: Duration::from_secs(seconds.into()),
        };
        let latencies = pace::measure(pace)?;
        let run = Run { seconds, connections: 8, requests: requests.to_owned() };
        let calls_per_s = load::measure(self.workspace, name, server, &run)?.requests_per_s;
        Ok(Sample { latencies, calls_per_s, uploaded: load.end()? })
    }

    /// Starts what is beside the calls, and waits until it is under way.
    fn begin(&self, server: &Server, beside: Beside) -> anyhow::Result<Load> {
        let kind = match beside {
            Beside::Nothing => return Ok(Load::default()),
            Beside::Loop => {
                let mut command = servers::pinned("sh");
                command.args(["-c", "while :; do :; done"]);
                return Ok(Load { process: Some(command.spawn()?), printed: None });
            }
            Beside::Uploads(kind) => kind,
        };
        // Those who call are not to wait for the uploader, which has their core, too.
        let mut command = self.workspace.command("nice");
        command.args(["--adjustment", "19", "taskset", "--cpu-list", "1"]);
        command.arg(clients::python(self.workspace)?).arg("bench/uploads.py").arg(kind);
        command.args(["--url", &format!("http://{}", server.authority)]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = with_keys(&mut command).spawn()?;
        let printed = process.stdout.take().context("stdout is piped: this is a bug")?;
        let mut printed = BufReader::new(printed);
        let mut line = String::new();
        printed.read_line(&mut line)?;
        anyhow::ensure!(line == "flowing\n", "`bench/uploads.py` said {line:?}");
        Ok(Load { process: Some(process), printed: Some(printed) })
    }

    fn table(&self, samples: &[Vec<Sample>]) -> String {
        let Settings { rounds, seconds, rate, .. } = self.settings;
        let mut table = format!(
            "One row of the covtype model a call, SigV4 verified; medians of {rounds} rounds of {seconds} s \
             each. The server has core 0 for all that it does, who asks it has core 1. Latencies at \
             {rate} calls a second on 4 connections; the rate on 8 that ask as fast as they are answered.\n\n\
             | Beside the calls | p50 µs | p99 µs | p99.9 µs | most ms | calls/s | × alone | uploads/s | MiB/s |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        );
        let alone = samples.first().map_or(&[][..], Vec::as_slice);
        for ((name, _), samples) in BESIDE.iter().zip(samples) {
            writeln!(table, "| {name} | {} |", cells(samples, alone))
                .expect("memory takes it: this is a bug");
        }
        table
    }
}

/// What stands behind a line's name.
fn cells(samples: &[Sample], alone: &[Sample]) -> String {
    let at = |share: f64| median(samples.iter().map(|sample| sample.latencies.at(share)));
    let rate = median(samples.iter().map(|sample| sample.calls_per_s));
    let pairs = samples.iter().zip(alone);
    let share = median(pairs.map(|(sample, alone)| sample.calls_per_s / alone.calls_per_s));
    let uploaded = |of: fn(&Uploaded) -> f64| {
        let each = samples.iter().filter_map(|sample| sample.uploaded.as_ref());
        let each: Vec<_> = each.map(|uploaded| of(uploaded) / uploaded.seconds).collect();
        if each.is_empty() { String::new() } else { format!("{:.0}", median(each.into_iter())) }
    };
    format!(
        "{:.0} | {:.0} | {:.0} | {:.1} | {rate:.0} | {share:.2} | {} | {}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0) / 1000.0,
        uploaded(|uploaded| uploaded.uploads),
        uploaded(|uploaded| uploaded.bytes / MIB),
    )
}

fn with_keys(command: &mut Command) -> &mut Command {
    command.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID).env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
    command.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET)
}

/// What goes on beside the calls; it ends with this.
#[derive(Debug, Default)]
struct Load {
    process: Option<Child>,
    printed: Option<BufReader<ChildStdout>>,
}

impl Load {
    /// Ends it; what was uploaded, if anything was.
    fn end(mut self) -> anyhow::Result<Option<Uploaded>> {
        let Some(mut printed) = self.printed.take() else { return Ok(None) };
        drop(self.process.as_mut().and_then(|process| process.stdin.take()));
        let mut line = String::new();
        printed.read_to_string(&mut line)?;
        let uploaded = serde_json::from_str(&line);
        uploaded.map(Some).with_context(|| format!("`bench/uploads.py` said {line:?}"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let Some(process) = &mut self.process else { return };
        // It may have ended before; then there is nothing left to end.
        let _ = process.kill();
        let _ = process.wait();
    }
}
