//! The trees benchmark: rows through `trees` and through other libraries, one thread on one core.
//!
//! `bench/trees/models.py` trains what is measured beside the covtype example, `bench/peers/trees.py`
//! times the others and says how, and `trees`' own example `throughput` times it. A peer that can't
//! be measured is named on stderr; the others go on.

use std::collections::BTreeMap;

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::report;
use crate::{
    clients::environment,
    workspace::{Workspace, output_of, succeed},
};

/// The core that everything runs on.
const CORE: &str = "1";
const COVTYPE: &str = "examples/covtype/model/xgboost-model";
/// Rows that go at once.
const MANY: &str = "20000";

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Write the figures into bench/RESULTS.md
    #[arg(long)]
    record: bool,
}

/// One measurement.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Figure {
    engine: String,
    model: String,
    what: String,
    value: f64,
}

/// Trains what is not there, measures and prints the table.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    let directory = workspace.target("bench/trees");
    let venv = environment(workspace, "trees-peers", "bench/peers/trees-requirements.txt")?;
    let python = venv.join("bin/python");
    let models = workspace.path("bench/trees/models.py");
    succeed(workspace.command(&python).args([models.as_str(), directory.as_str()]))?;
    let mut figures = own(workspace, &directory)?;
    figures.extend(peers(workspace, &python, &directory)?);
    let table = table(&figures);
    println!("{table}");
    if settings.record {
        report::record(workspace, "Trees", "bench trees", &table)?;
    }
    Ok(())
}

/// `trees`' figures.
fn own(workspace: &Workspace, directory: &Utf8Path) -> anyhow::Result<Vec<Figure>> {
    let target = workspace.target("bench");
    let arguments = ["build", "--locked", "--profile", "dist", "-p", "trees", "--example"];
    let to = ["throughput", "--target-dir", target.as_str()];
    succeed(workspace.cargo(&arguments).args(to))?;
    let program = target.join("dist/examples/throughput");
    let rows = directory.join("rows.f32");
    let covtype = directory.join("covtype.f32");
    let measure = |model: &str, path: Utf8PathBuf, rows: &Utf8Path| {
        let arguments = ["--cpu-list", CORE, program.as_str(), path.as_str(), MANY, rows.as_str()];
        let printed = output_of(workspace.command("taskset").args(arguments))?;
        parse_own(model, &printed)
    };
    let mut figures = measure("covtype", workspace.path(COVTYPE), &covtype)?;
    figures.extend(measure("deep", directory.join("deep.json"), &rows)?);
    figures.extend(measure("leafwise", directory.join("leafwise.txt"), &rows)?);
    Ok(figures)
}

/// Of what `throughput` prints: the time of rows that go alone, and the rate of those that go at once.
fn parse_own(model: &str, printed: &str) -> anyhow::Result<Vec<Figure>> {
    let number = |start: &str, place: usize| {
        let line = printed.lines().find(|line| line.trim_start().starts_with(start));
        let word = line.and_then(|line| line.split_whitespace().nth(place));
        word.and_then(|word| word.parse::<f64>().ok())
            .with_context(|| format!("`throughput` printed no `{start}`:\n{printed}"))
    };
    let figure = |what: &str, value| Figure {
        engine: "clary".to_owned(),
        model: model.to_owned(),
        what: what.to_owned(),
        value,
    };
    Ok(vec![
        figure("one_row_us", number("each alone", 2)?),
        figure("rows_per_s", number(&format!("{MANY} rows"), 6)?),
    ])
}

fn peers(
    workspace: &Workspace,
    python: &Utf8Path,
    directory: &Utf8Path,
) -> anyhow::Result<Vec<Figure>> {
    let script = workspace.path("bench/peers/trees.py");
    let mut command = workspace.command("taskset");
    command.args(["--cpu-list", CORE, python.as_str(), script.as_str()]);
    command.args([workspace.path(COVTYPE).as_str(), directory.as_str()]);
    let printed = output_of(&mut command)?;
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    let figure = |line: &str| {
        serde_json::from_str(line).with_context(|| format!("the peers printed {line:?}"))
    };
    lines.map(figure).collect()
}

/// A line per model and engine.
fn table(figures: &[Figure]) -> String {
    let mut lines: BTreeMap<(&str, &str), BTreeMap<&str, f64>> = BTreeMap::new();
    for Figure { engine, model, what, value } in figures {
        lines.entry((model, engine)).or_default().insert(what, *value);
    }
    let mut table = String::from(
        "One thread on one core; rows alone all differ.\n\n\
         | Model | Engine | one row µs | 20,000 rows, rows/s | other |\n|---|---|---:|---:|---|\n",
    );
    for ((model, engine), mut values) in lines {
        let mut take = |what, digits: usize| {
            values.remove(what).map(|value| format!("{value:.digits$}")).unwrap_or_default()
        };
        let (alone, many) = (take("one_row_us", 2), take("rows_per_s", 0));
        let other: Vec<_> =
            values.iter().map(|(what, value)| format!("{what} {value:.1}")).collect();
        let other = other.join(", ");
        let cells = [model, engine, &alone, &many, &other].join(" | ");
        table.extend(["| ", &cells, " |\n"]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_throughput_prints_is_understood() {
        let printed = "load            1.29 ms\n 20000 rows    322.73 µs a call,    3098606 rows/s\n\
                       each alone      0.88 µs\n";
        let figures = parse_own("covtype", printed).expect("figures");
        let table = table(&figures);
        assert!(table.ends_with("| covtype | clary | 0.88 | 3098606 |  |\n"), "{table}");
        assert!(parse_own("covtype", "load").is_err());
    }
}
