//! The trees benchmark: rows through `trees` and through other libraries, one thread on one core.
//!
//! `bench/trees/models.py` makes what is measured beside the covtype example. Each library has a
//! process of its own for each model, which `contender` asks for one figure at a time, so that the
//! rounds of all are interleaved; `bench/peers/trees.py` is the others' side and `trees`' example
//! `measure` ours. No figure is taken of a library whose answers differ from ours. A peer that can't be
//! measured is named on stderr; the others go on. `tables` has what comes out.

mod contender;
mod tables;

use std::{collections::BTreeMap, process::Command};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8PathBuf;

use self::contender::Contender;
use super::report;
use crate::{
    clients::environment,
    workspace::{Workspace, output_of, succeed},
};

/// The core that everything runs on.
const CORE: &str = "1";
/// The cores of two threads.
const CORES: &str = "0,1";
/// Loads of each library and model.
const LOADS: usize = 3;
const EXAMPLE: &str = "examples/covtype";
/// What everyone is asked for, of each model.
const ROWS: [&str; 2] = ["one_row_us", "rows_per_s"];
/// What is asked for beside that, of the covtype model.
const LAYOUTS: [&str; 3] = ["csr_rows_per_s", "columns_rows_per_s", "shap_rows_per_s"];

/// A model, the file we read it from, and the other libraries that have it.
struct Subject {
    model: &'static str,
    file: &'static str,
    peers: &'static [&'static str],
    /// Those whose loading is measured, too.
    loaders: &'static [&'static str],
}

const SUBJECTS: [Subject; 4] = [
    Subject {
        model: "covtype",
        file: "covtype.json",
        peers: &["xgboost", "xgboost-1.7", "tl2cgen", "onnxruntime"],
        loaders: &["xgboost", "xgboost-1.7"],
    },
    Subject {
        model: "deep",
        file: "deep.json",
        peers: &["xgboost", "xgboost-1.7", "tl2cgen", "onnxruntime"],
        loaders: &["xgboost", "xgboost-1.7"],
    },
    Subject {
        model: "leafwise",
        file: "leafwise.txt",
        peers: &["lightgbm", "lleaves", "tl2cgen", "onnxruntime"],
        loaders: &["lightgbm"],
    },
    Subject {
        model: "large",
        file: "large.json",
        peers: &[],
        loaders: &["xgboost", "xgboost-1.7"],
    },
];

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
    /// How often everything is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Also measure our walks for this instruction set: `portable`, `avx2` or `avx512`; repeatable
    #[arg(long)]
    kernel: Vec<String>,
    /// Measure only these models: `covtype`, `deep`, `leafwise` or `large`; repeatable
    #[arg(long)]
    model: Vec<String>,
}

/// What one library did with one model: a figure per round.
#[derive(Debug)]
struct Series {
    model: String,
    engine: String,
    figures: BTreeMap<String, Vec<f64>>,
}

/// Loads of a model: seconds, bytes kept, bytes at most.
#[derive(Debug)]
struct Loads {
    model: String,
    engine: String,
    laps: Vec<[f64; 3]>,
}

/// Rows per second with one thread and with two, and the ratio.
#[derive(Debug)]
struct Threads {
    model: String,
    one: f64,
    two: f64,
    ratio: f64,
}

/// Makes what is not there, measures and prints the tables.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let bench = Bench::prepare(workspace)?;
    let (mut series, mut loads, mut threads) = (Vec::new(), Vec::new(), Vec::new());
    for subject in SUBJECTS {
        if !settings.model.is_empty() && !settings.model.iter().any(|only| only == subject.model) {
            continue;
        }
        series.extend(bench.compete(&subject, settings)?);
        loads.extend(bench.loads(&subject)?);
        if !subject.peers.is_empty() {
            threads.push(bench.threads(&subject)?);
        }
    }
    let text = format!(
        "{} rounds, interleaved; medians. One thread on one core, calls through C interfaces; a library is timed\n\
         only if it answers all 100,000 rows as clary does. Rows that go alone are 500 that differ.\n\n{}\n{}\n\
         Each load in a process of its own; resident memory is what the process grew by.\n\n{}\n\
         Parts of a batch on threads of the caller, in turns of one thread and two.\n\n{}",
        settings.rounds,
        tables::rows(&series),
        tables::layouts(&series),
        tables::loads(&loads),
        tables::threads(&threads)
    );
    println!("{text}");
    if settings.record {
        report::record(workspace, "Trees", &command(settings), &text)?;
    }
    Ok(())
}

/// How this was called, without `--record`.
fn command(settings: &Settings) -> String {
    let rounds = format!("bench trees --rounds {}", settings.rounds);
    let kernels = settings.kernel.iter().map(|kernel| format!(" --kernel {kernel}"));
    let models = settings.model.iter().map(|model| format!(" --model {model}"));
    std::iter::once(rounds).chain(kernels).chain(models).collect()
}

/// What measures, and where its files are.
struct Bench<'a> {
    workspace: &'a Workspace,
    directory: Utf8PathBuf,
    own: Utf8PathBuf,
    python: Utf8PathBuf,
    /// With XGBoost 1.7 in place of 3.
    python_1_7: Utf8PathBuf,
}

impl<'a> Bench<'a> {
    fn prepare(workspace: &'a Workspace) -> anyhow::Result<Self> {
        let directory = workspace.target("bench/trees");
        let venv = |name: &str, pins: &str| -> anyhow::Result<Utf8PathBuf> {
            Ok(environment(workspace, name, &format!("bench/peers/{pins}"))?.join("bin/python"))
        };
        let python = venv("trees-peers", "trees-requirements.txt")?;
        let python_1_7 = venv("trees-peers-1.7", "trees-xgboost-1.7-requirements.txt")?;
        let models = workspace.path("bench/trees/models.py");
        let example = workspace.path(EXAMPLE);
        let arguments = [models.as_str(), example.as_str(), directory.as_str()];
        succeed(workspace.command(&python).args(arguments))?;
        let target = workspace.target("bench");
        let build = ["build", "--locked", "--profile", "dist", "-p", "trees", "--example"];
        let to = ["measure", "--target-dir", target.as_str()];
        succeed(workspace.cargo(&build).args(to))?;
        let own = target.join("dist/examples/measure");
        Ok(Self { workspace, directory, own, python, python_1_7 })
    }

    fn on(&self, cores: &str) -> Command {
        let mut command = self.workspace.command("taskset");
        command.args(["--cpu-list", cores]);
        command
    }

    /// Our side; `rest` is what the example takes after the files.
    fn ours(&self, cores: &str, subject: &Subject, rest: Option<&str>) -> Command {
        let mut command = self.on(cores);
        let file = self.directory.join(subject.file);
        command.args([self.own.as_str(), subject.model, self.directory.as_str(), file.as_str()]);
        command.args(rest);
        command
    }

    fn peer(&self, engine: &str, model: &str) -> Command {
        let mut command = self.on(CORE);
        let python = if engine == "xgboost-1.7" { &self.python_1_7 } else { &self.python };
        let script = self.workspace.path("bench/peers/trees.py");
        command.args([python.as_str(), script.as_str(), engine, model, self.directory.as_str()]);
        command
    }

    /// All libraries in turns. Ours is the first, and has written its answers before others start.
    fn compete(&self, subject: &Subject, settings: &Settings) -> anyhow::Result<Vec<Series>> {
        if subject.peers.is_empty() {
            return Ok(Vec::new());
        }
        let ours = |kernel: Option<&str>| {
            let name = kernel.map_or("clary".to_owned(), |kernel| format!("clary, {kernel}"));
            Contender::start(&name, &mut self.ours(CORE, subject, kernel))
        };
        let mut contenders = vec![ours(None)?];
        for kernel in &settings.kernel {
            contenders.push(ours(Some(kernel))?);
        }
        for engine in subject.peers {
            match Contender::start(engine, &mut self.peer(engine, subject.model)) {
                Ok(contender) => contenders.push(contender),
                Err(error) => eprintln!("{} without {engine}: {error:#}", subject.model),
            }
        }
        let others: &[&str] = if subject.model == "covtype" { &LAYOUTS } else { &[] };
        let mut all: Vec<_> = contenders.iter().map(|c| Series::new(subject, c)).collect();
        for _ in 0..settings.rounds {
            for what in ROWS.iter().chain(others) {
                for (contender, series) in contenders.iter_mut().zip(&mut all) {
                    if let Some(figure) = contender.ask(what)? {
                        series.figures.entry((*what).to_owned()).or_default().push(figure);
                    }
                }
            }
        }
        Ok(all)
    }

    fn loads(&self, subject: &Subject) -> anyhow::Result<Vec<Loads>> {
        let mut commands = vec![("clary", self.ours(CORE, subject, Some("load")))];
        for engine in subject.loaders {
            let mut command = self.peer(engine, subject.model);
            command.arg("load");
            commands.push((engine, command));
        }
        let laps = |(engine, _): &(&str, Command)| Loads {
            model: subject.model.to_owned(),
            engine: (*engine).to_owned(),
            laps: Vec::new(),
        };
        let mut all: Vec<_> = commands.iter().map(laps).collect();
        for _ in 0..LOADS {
            for ((_, command), loads) in commands.iter_mut().zip(&mut all) {
                loads.laps.push(numbers(&output_of(command)?)?);
            }
        }
        Ok(all)
    }

    fn threads(&self, subject: &Subject) -> anyhow::Result<Threads> {
        let printed = output_of(&mut self.ours(CORES, subject, Some("threads")))?;
        let [one, two, ratio] = numbers(&printed)?;
        Ok(Threads { model: subject.model.to_owned(), one, two, ratio })
    }
}

impl Series {
    fn new(subject: &Subject, contender: &Contender) -> Self {
        let (model, engine) = (subject.model.to_owned(), contender.name.clone());
        Self { model, engine, figures: BTreeMap::new() }
    }
}

/// Three numbers in a line.
fn numbers(printed: &str) -> anyhow::Result<[f64; 3]> {
    let numbers: Option<Vec<f64>> = printed.split_whitespace().map(|n| n.parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.with_context(|| format!("three numbers expected, found {printed:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_are_three_numbers() {
        let [a, b, c] = numbers("0.5 1024 -3\n").expect("numbers");
        assert!((a - 0.5).abs() + (b - 1024.0).abs() + (c + 3.0).abs() < f64::EPSILON);
        for printed in ["", "1 2", "1 2 3 4", "1 2 x"] {
            assert!(numbers(printed).is_err(), "{printed}");
        }
    }
}
