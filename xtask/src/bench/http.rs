//! The HTTP benchmark: what is built, which servers stand beside each other, who is asked what.
//!
//! Every server has core 0 and the load generator core 1; a server that is not being measured
//! sleeps. How load is made is `load`'s, how servers are started `servers`', the table `report`'s,
//! what is measured without any load `footprint`'s.

use std::{fs, iter};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    footprint,
    load::{self, Sample},
    report::{self, Row, Yardsticks},
    servers::{self, Server},
};
use crate::{
    clients::environment,
    dist::{self, CLARY, Variant},
    workspace::{Workspace, output_of, succeed},
};

/// Clary as it would be if nobody had to sign.
const UNSIGNED: Variant =
    Variant { name: "clary-unsigned", features: &["unsigned"], is_unsigned: true };

const KEY_ID: &str = "AKIDBENCHMARK0000000";
const SECRET: &str = "not-a-secret-only-for-benchmarks-0000000";

/// Requests of one row that are written; of longer ones fewer, since all stay in memory.
const REQUESTS_WRITTEN: usize = 60_000;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Rounds; each asks every server once
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that each server is asked in a round
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Connections open at a time
    #[arg(long, default_value_t = 8)]
    connections: u32,
    /// Leave the Python peer out
    #[arg(long)]
    without_peers: bool,
    /// A folder of built binaries (`clary`, `clary-unsigned`, `echo`, `requests`); without it,
    /// they are built
    #[arg(long, value_name = "FOLDER")]
    binaries: Option<Utf8PathBuf>,
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// One row of the table: who is asked what, and which echo answered the same.
#[derive(Debug)]
struct Scenario {
    name: &'static str,
    server: &'static str,
    requests: &'static str,
}

const fn scenario(name: &'static str, server: &'static str, requests: &'static str) -> Scenario {
    Scenario { name, server, requests }
}

const SCENARIOS: [Scenario; 12] = [
    scenario("hyper echo", "echo", "echo"),
    scenario("hyper echo, signed requests", "echo", "echo-signed"),
    scenario("clary, one leaf, unsigned", "clary-unsigned", "leaf"),
    scenario("clary, one leaf, SigV4 verified", "clary", "leaf-signed"),
    scenario("clary, covtype, unsigned", "clary-unsigned", "covtype"),
    scenario("clary, covtype, SigV4 verified", "clary", "covtype-signed"),
    scenario("FastAPI + xgboost, covtype", "fastapi", "peer"),
    scenario("hyper echo, 100 rows", "echo", "echo-100"),
    scenario("hyper echo, 100 rows, signed requests", "echo", "echo-100-signed"),
    scenario("clary, covtype, 100 rows, unsigned", "clary-unsigned", "covtype-100"),
    scenario("clary, covtype, 100 rows, SigV4 verified", "clary", "covtype-100-signed"),
    scenario("FastAPI + xgboost, covtype, 100 rows", "fastapi", "peer-100"),
];

impl Scenario {
    fn is_signed(&self) -> bool {
        self.requests.ends_with("-signed")
    }

    fn rows(&self) -> usize {
        if self.requests.contains("-100") { 100 } else { 1 }
    }

    /// The requests of the echo that a scenario is compared with: as long, and signed as it is.
    fn echo(&self) -> String {
        let rows = if self.rows() == 100 { "-100" } else { "" };
        let signed = if self.is_signed() { "-signed" } else { "" };
        format!("echo{rows}{signed}")
    }

    /// The requests of the peer that gets the same rows.
    fn peer(&self) -> Option<&'static str> {
        match self.requests {
            "covtype" | "covtype-signed" => Some("peer"),
            "covtype-100" | "covtype-100-signed" => Some("peer-100"),
            _ => None,
        }
    }
}

/// Builds, starts, asks in turn and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    load::ensure_tools(workspace)?;
    let directory = workspace.target("bench");
    let binaries = settings.binaries.clone().unwrap_or_else(|| directory.join("bin"));
    let bench = Bench { workspace, directory, binaries };
    if settings.binaries.is_none() {
        bench.build()?;
    }
    let footprint = footprint::measure(workspace, &bench.binary("clary"))?;
    let servers = bench.start_servers(settings)?;
    bench.deploy()?;
    bench.write_requests(&servers)?;
    let scenarios: Vec<_> =
        SCENARIOS.iter().filter(|scenario| find(&servers, scenario.server).is_some()).collect();
    let rounds = bench.measure(settings, &scenarios, &servers)?;
    let text = format!("{}\n{footprint}", report::table(&rows(&scenarios, &rounds)));
    println!("{text}");
    if settings.record {
        let how = format!(
            "{} rounds of {} s each, interleaved, {} connections; medians. Every server has core 0, \
             wrk core 1. Ratios are to the server that got the same requests.\n\n{text}",
            settings.rounds, settings.seconds, settings.connections
        );
        report::record(workspace, "HTTP", "bench http", &how)?;
    }
    Ok(())
}

/// A line per scenario; a round has a sample for each of them, in their order.
fn rows(scenarios: &[&Scenario], rounds: &[Vec<Sample>]) -> Vec<Row> {
    let samples = |requests: &str| -> Option<Vec<Sample>> {
        let index = scenarios.iter().position(|scenario| scenario.requests == requests)?;
        Some(rounds.iter().map(|round| round[index]).collect())
    };
    let row = |scenario: &&Scenario| {
        let own = samples(scenario.requests)?;
        let echo = samples(&scenario.echo())?;
        let peer = scenario.peer().and_then(samples);
        Some(Row::new(scenario.name, &own, Yardsticks { echo: &echo, peer: peer.as_deref() }))
    };
    scenarios.iter().filter_map(row).collect()
}

fn find<'a>(servers: &'a [Server], name: &str) -> Option<&'a Server> {
    servers.iter().find(|server| server.name == name)
}

struct Bench<'a> {
    workspace: &'a Workspace,
    directory: Utf8PathBuf,
    binaries: Utf8PathBuf,
}

impl Bench<'_> {
    fn binary(&self, name: &str) -> Utf8PathBuf {
        self.binaries.join(name)
    }

    /// The echo as every program is built, clary as its users get it.
    fn build(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.binaries)?;
        let directory = self.directory.as_str();
        let arguments = ["--profile", "dist", "-p", "bench-echo", "--target-dir", directory];
        succeed(self.workspace.cargo(&["build", "--locked"]).args(arguments))?;
        for (built, kept) in [("bench-echo", "echo"), ("requests", "requests")] {
            fs::copy(self.directory.join("dist").join(built), self.binary(kept))?;
        }
        dist::build(self.workspace, &[CLARY, UNSIGNED], &self.binaries)
    }

    fn start_servers(&self, settings: &Settings) -> anyhow::Result<Vec<Server>> {
        let echo = servers::start(&mut servers::pinned(self.binary("echo").as_str()), "echo")?;
        let mut servers = vec![echo];
        for name in ["clary", "clary-unsigned"] {
            servers.push(self.start_clary(name)?);
        }
        if !settings.without_peers {
            servers.push(self.start_peer()?);
        }
        Ok(servers)
    }

    fn start_clary(&self, name: &'static str) -> anyhow::Result<Server> {
        let mut command = servers::pinned(self.binary(name).as_str());
        command.args(["serve", "--ephemeral", "--threads", "1", "--log", "warn"]);
        command.args(["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
        command.args(["--data-dir", self.data_dir(name).as_str()]);
        command.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
        command.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
        servers::start(&mut command, name)
    }

    fn start_peer(&self) -> anyhow::Result<Server> {
        let venv = environment(self.workspace, "peers", "bench/peers/requirements.txt")?;
        let port = servers::free_port()?;
        let mut command = servers::pinned(venv.join("bin/python").as_str());
        command.arg(self.workspace.path("bench/peers/fastapi_xgboost.py"));
        command.arg(self.workspace.path("examples/covtype/model/xgboost-model"));
        command.arg(port.to_string());
        servers::start_on_port(&mut command, "fastapi", port)
    }

    fn data_dir(&self, name: &str) -> Utf8PathBuf {
        self.directory.join("data").join(name)
    }

    fn deploy(&self) -> anyhow::Result<()> {
        let models = [("leaf", "bench/one-leaf/model"), ("covtype", "examples/covtype/model")];
        for (server, (name, model)) in ["clary", "clary-unsigned"]
            .iter()
            .flat_map(|server| models.map(|model| (server, model)))
        {
            let mut deploy = self.workspace.command(self.binary(server));
            deploy.args(["deploy", model, "--name", name]);
            deploy.args(["--data-dir", self.data_dir(server).as_str()]);
            deploy.env("CLARY_ROOT_ACCESS_KEY_ID", KEY_ID);
            deploy.env("CLARY_ROOT_SECRET_ACCESS_KEY", SECRET);
            output_of(&mut deploy)?;
        }
        Ok(())
    }

    fn requests(&self, name: &str) -> Utf8PathBuf {
        self.directory.join(format!("{name}.requests"))
    }

    /// The covtype rows are the echo's and the peer's too, so that all move the same bytes.
    fn write_requests(&self, servers: &[Server]) -> anyhow::Result<()> {
        let covtype = self.workspace.path("examples/covtype/payload.csv");
        let leaf = self.workspace.path("bench/one-leaf/body.csv");
        let endpoint = |name: &str| format!("/endpoints/{name}/invocations");
        for scenario in &SCENARIOS {
            let Some(server) = find(servers, scenario.server) else { continue };
            let (path, bodies) = match scenario.requests {
                "leaf" | "leaf-signed" => (endpoint("leaf"), &leaf),
                "peer" | "peer-100" => ("/invocations".to_owned(), &covtype),
                _ => (endpoint("covtype"), &covtype),
            };
            self.write_file(scenario, server, &path, bodies)?;
        }
        Ok(())
    }

    fn write_file(
        &self,
        scenario: &Scenario,
        server: &Server,
        path: &str,
        bodies: &Utf8Path,
    ) -> anyhow::Result<()> {
        let mut command = self.workspace.command(self.binary("requests"));
        command.args(["--authority", &server.authority, "--path", path]);
        command.args(["--bodies", bodies.as_str(), "--rows", &scenario.rows().to_string()]);
        command.args(["--count", &(REQUESTS_WRITTEN / scenario.rows().isqrt()).to_string()]);
        command.args(["--out", self.requests(scenario.requests).as_str()]);
        if scenario.is_signed() {
            command.args(["--key-id", KEY_ID, "--secret", SECRET]);
        } else {
            command.arg("--unsigned");
        }
        succeed(&mut command)
    }

    /// One list of samples per round, in the order of the scenarios.
    fn measure(
        &self,
        settings: &Settings,
        scenarios: &[&Scenario],
        servers: &[Server],
    ) -> anyhow::Result<Vec<Vec<Sample>>> {
        // The round before the first warms caches and derived keys, and is not counted.
        let seconds = iter::once(1).chain(iter::repeat_n(settings.seconds, settings.rounds));
        let mut rounds = Vec::new();
        for seconds in seconds {
            let round = scenarios.iter().filter_map(|scenario| {
                let server = find(servers, scenario.server)?;
                let requests = self.requests(scenario.requests);
                let run = load::Run { seconds, connections: settings.connections, requests };
                Some(load::measure(self.workspace, scenario.name, server, &run))
            });
            rounds.push(round.collect::<anyhow::Result<Vec<_>>>()?);
        }
        rounds.remove(0);
        Ok(rounds)
    }
}
