//! The scale benchmark: what a thousand endpoints cost beside one.
//!
//! Each endpoint has a model of its own (`bench/scale.py`), so that nothing is shared. Measured are
//! a restart until every endpoint serves, resident memory beside the models' own size, and
//! invocations spread over all endpoints beside those of a single one.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    load::{self, Run, Sample},
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

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Endpoints
    #[arg(long, default_value_t = 1000)]
    endpoints: usize,
    /// Rounds; each asks one endpoint and then all
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each
    #[arg(long, default_value_t = 2)]
    seconds: u32,
    /// A folder of built binaries (`clary`, `requests`), as `bench http` leaves it
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<Utf8PathBuf>,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// Deploys, restarts, asks and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    load::ensure_tools(workspace)?;
    let directory = workspace.target("bench");
    let binaries = settings.binaries.clone().unwrap_or_else(|| directory.join("bin"));
    for name in ["clary", "requests"] {
        let binary = binaries.join(name);
        anyhow::ensure!(
            binary.exists(),
            "`{binary}` is not built; run `cargo xtask bench http` first"
        );
    }
    let scale = Scale { workspace, settings, binaries, directory };
    let text = scale.measure()?;
    println!("{text}");
    if settings.record {
        report::record(workspace, "Scale", "bench scale", &text)?;
    }
    Ok(())
}

/// What was measured.
#[derive(Debug)]
struct Figures {
    listens_s: f64,
    serves_s: f64,
    empty_bytes: u64,
    resident_bytes: u64,
    called_bytes: u64,
    models_bytes: u64,
    one: Vec<Sample>,
    all: Vec<Sample>,
}

struct Scale<'a> {
    workspace: &'a Workspace,
    settings: &'a Settings,
    binaries: Utf8PathBuf,
    directory: Utf8PathBuf,
}

impl Scale<'_> {
    fn measure(&self) -> anyhow::Result<String> {
        let data_dir = self.directory.join("data/scale");
        // It may not be there; anything else that is wrong with it, the server will say.
        let _ = fs::remove_dir_all(&data_dir);
        let first = self.start(&data_dir, "127.0.0.1:0")?;
        let empty_bytes = first.resident_bytes()?;
        let models_bytes = self.deploy(&first)?;
        drop(first);
        let (server, listens_s, serves_s) = self.restart(&data_dir)?;
        let resident_bytes = server.resident_bytes()?;
        let (one, all) = self.rates(&server)?;
        let called_bytes = server.resident_bytes()?;
        Ok(self.table(&Figures {
            listens_s,
            serves_s,
            empty_bytes,
            resident_bytes,
            called_bytes,
            models_bytes,
            one,
            all,
        }))
    }

    fn table(&self, figures: &Figures) -> String {
        let Settings { endpoints, rounds, seconds, .. } = self.settings;
        let Figures { listens_s, serves_s, empty_bytes, models_bytes, one, all, .. } = figures;
        let ratios = one.iter().zip(all).map(|(one, all)| all.requests_per_s / one.requests_per_s);
        let of = |samples: &[Sample], field: fn(&Sample) -> f64| median(samples.iter().map(field));
        let rate = |samples| of(samples, |sample| sample.requests_per_s);
        let cpu_us = |samples| of(samples, |sample| sample.cpu_us);
        let share = |bytes: u64| bytes as f64 / *models_bytes as f64;
        let mib = |bytes: u64| bytes as f64 / MIB;
        format!(
            "{endpoints} endpoints, each with a model file of its own of {:.0} KiB. Rates are medians \
             of {rounds} rounds of {seconds} s on 8 connections, SigV4 verified, one server core.\n\n\
             | | | budget |\n|---|---:|---:|\n\
             | restart until it listens, s | {listens_s:.2} | |\n\
             | restart until every endpoint serves, s | {serves_s:.2} | 3 |\n\
             | resident memory without endpoints, MiB | {:.1} | |\n\
             | resident memory with all, MiB | {:.1} | |\n\
             | model files, MiB | {:.1} | |\n\
             | resident memory ÷ model files | {:.2} | 2 |\n\
             | the same after calls of all | {:.2} | 2 |\n\
             | invocations/s, one endpoint | {:.0} | |\n\
             | invocations/s, all in turn | {:.0} | |\n\
             | all ÷ one | {:.3} | 0.95 |\n\
             | server CPU per invocation, one endpoint, µs | {:.1} | |\n\
             | server CPU per invocation, all in turn, µs | {:.1} | |\n",
            mib(*models_bytes) * 1024.0 / *endpoints as f64,
            mib(*empty_bytes),
            mib(figures.resident_bytes),
            mib(*models_bytes),
            share(figures.resident_bytes),
            share(figures.called_bytes),
            rate(one),
            rate(all),
            median(ratios),
            cpu_us(one),
            cpu_us(all),
        )
    }

    fn start(&self, data_dir: &Utf8Path, address: &str) -> anyhow::Result<Server> {
        let mut command = servers::pinned(self.binaries.join("clary").as_str());
        command.args(["serve", "--log", "warn", "--threads", "1", "--data-dir", data_dir.as_str()]);
        command.args(["--api", address, "--gateway", "127.0.0.1:0"]);
        command.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
        command.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
        servers::start(&mut command, "clary")
    }

    /// Returns the bytes of all model files.
    fn deploy(&self, server: &Server) -> anyhow::Result<u64> {
        let printed = output_of(&mut self.deployer(&server.authority)?)?;
        printed.trim().parse().with_context(|| format!("`bench/scale.py` printed {printed:?}"))
    }

    /// Starts the server again and says after how many seconds it listened, and after how many every
    /// endpoint served.
    fn restart(&self, data_dir: &Utf8Path) -> anyhow::Result<(Server, f64, f64)> {
        let address = format!("127.0.0.1:{}", servers::free_port()?);
        // Its start takes longer than the server's, so it is up first.
        let mut waiting = self.deployer(&address)?;
        let mut waiting = waiting.arg("--restart").stdout(Stdio::piped()).spawn()?;
        let stdout = waiting.stdout.take().context("stdout is piped: this is a bug")?;
        BufReader::new(stdout).read_line(&mut String::new())?;
        let started = Instant::now();
        let server = self.start(data_dir, &address)?;
        let listens_s = started.elapsed().as_secs_f64();
        let status = waiting.wait()?;
        anyhow::ensure!(status.success(), "not every endpoint came up again");
        Ok((server, listens_s, started.elapsed().as_secs_f64()))
    }

    fn deployer(&self, authority: &str) -> anyhow::Result<Command> {
        let mut command = self.workspace.command(clients::python(self.workspace)?);
        command.arg(self.workspace.path("bench/scale.py"));
        command.args(["--url", &format!("http://{authority}")]);
        command.args(["--endpoints", &self.settings.endpoints.to_string()]);
        command.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
        Ok(command)
    }

    /// Rounds over one endpoint and over all of them.
    fn rates(&self, server: &Server) -> anyhow::Result<(Vec<Sample>, Vec<Sample>)> {
        let one = self.write_requests(server, "scale-one", 1)?;
        let all = self.write_requests(server, "scale-all", self.settings.endpoints)?;
        let measure = |seconds, requests: &Utf8PathBuf| {
            let run = Run { seconds, connections: 8, requests: requests.clone() };
            load::measure(self.workspace, requests.file_stem().unwrap_or("scale"), server, &run)
        };
        measure(1, &all)?;
        let (mut ones, mut alls) = (Vec::new(), Vec::new());
        for _ in 0..self.settings.rounds {
            ones.push(measure(self.settings.seconds, &one)?);
            alls.push(measure(self.settings.seconds, &all)?);
        }
        Ok((ones, alls))
    }

    fn write_requests(
        &self,
        server: &Server,
        name: &str,
        spread: usize,
    ) -> anyhow::Result<Utf8PathBuf> {
        let out = self.directory.join(format!("{name}.requests"));
        let bodies = self.directory.join("scale.csv");
        fs::write(&bodies, "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8\n-1,1,-1,1,-1,1,-1,1\n")
            .with_context(|| format!("can't write {bodies}"))?;
        let mut command = self.workspace.command(self.binaries.join("requests"));
        command.args(["--authority", &server.authority]);
        command.args([
            "--path",
            "/endpoints/small-{}/invocations",
            "--spread",
            &spread.to_string(),
        ]);
        command.args(["--bodies", bodies.as_str(), "--out", out.as_str()]);
        command.args(["--key-id", KEY_ID, "--secret", SECRET]);
        succeed(&mut command)?;
        Ok(out)
    }
}
