//! Fuzzing on the one stable toolchain: `cargo fuzz` over the targets of `fuzz/`, one after another.
//!
//! What the targets check is theirs (`fuzz/targets`); here stand how they are built and run. Inputs
//! that were found on the way are kept in `fuzz/corpus`, findings in `fuzz/artifacts`, both out of git.

use std::{fs, process::Command};

use anyhow::Context as _;

use crate::workspace::{Workspace, output_of, succeed};

/// What to fuzz and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// Only these targets
    targets: Vec<String>,
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Run a target on this input instead, such as a finding
    #[arg(long, value_name = "FILE")]
    input: Option<String>,
    /// Only build the targets
    #[arg(long)]
    build: bool,
}

/// Runs the targets; the first finding ends the run.
pub(crate) fn run(settings: &Settings, workspace: &Workspace) -> anyhow::Result<()> {
    ensure_installed(workspace)?;
    let targets = select(&all(workspace)?, &settings.targets)?;
    if settings.build {
        return succeed(cargo_fuzz(workspace, "build").args(BUILD));
    }
    for target in &targets {
        let mut command = cargo_fuzz(workspace, "run");
        command.args(BUILD).arg(target);
        match &settings.input {
            Some(input) => command.arg(input),
            None => search(&mut command, workspace, target, settings.seconds)?,
        };
        eprintln!("== fuzz {target}");
        succeed(&mut command).with_context(|| {
            format!("`{target}` failed; mend what it found and keep the input in `fuzz/regressions/{target}`")
        })?;
    }
    Ok(())
}

/// Optimised, and with overflows and debug assertions as findings.
const BUILD: [&str; 3] = ["--fuzz-dir=fuzz", "--release", "--debug-assertions"];
/// A body that takes longer than this to be judged is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
/// A single allocation above this is a finding: bodies here are a few KiB.
const ALLOCATION_MIB_MAX: u32 = 64;

fn search<'c>(
    command: &'c mut Command,
    workspace: &Workspace,
    target: &str,
    seconds: u32,
) -> anyhow::Result<&'c mut Command> {
    // libFuzzer writes what it learns to the first folder and only reads the others.
    let corpus = workspace.path(&format!("fuzz/corpus/{target}"));
    fs::create_dir_all(&corpus).with_context(|| format!("can't make {corpus}"))?;
    command.arg(corpus).arg(workspace.path(&format!("fuzz/seeds/{target}")));
    let regressions = workspace.path(&format!("fuzz/regressions/{target}"));
    command.args(regressions.exists().then_some(regressions));
    command.arg("--").arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    Ok(command.arg(format!("-malloc_limit_mb={ALLOCATION_MIB_MAX}")))
}

fn cargo_fuzz(workspace: &Workspace, chore: &str) -> Command {
    let mut command = workspace.cargo(&["fuzz", chore]);
    // Coverage counters and the address sanitizer are unstable flags of the very same compiler.
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", workspace.target("fuzz"));
    command
}

fn ensure_installed(workspace: &Workspace) -> anyhow::Result<()> {
    let asked = output_of(&mut workspace.cargo(&["fuzz", "--version"]));
    asked.map(drop).context("install it with `cargo install --locked cargo-fuzz@0.13`")?;
    let compiler = output_of(workspace.command("c++").arg("--version"));
    compiler.map(drop).context("libFuzzer needs a C++ compiler; on Debian `apt-get install g++`")
}

/// The targets by their entries, in the order of their names.
fn all(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.path("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in folder.read_dir_utf8().with_context(|| format!("can't list {folder}"))? {
        names.extend(entry?.path().file_stem().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn select(all: &[String], only: &[String]) -> anyhow::Result<Vec<String>> {
    if let Some(stranger) = only.iter().find(|name| !all.contains(name)) {
        anyhow::bail!("there is no target `{stranger}`; there are `{}`", all.join("`, `"));
    }
    Ok(if only.is_empty() { all.to_vec() } else { only.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(only: &[&str]) -> Result<Vec<String>, String> {
        let all = ["csv", "json"].map(str::to_owned);
        let only: Vec<_> = only.iter().map(ToString::to_string).collect();
        select(&all, &only).map_err(|error| error.to_string())
    }

    #[test]
    fn names_select_targets_and_no_name_selects_all() {
        assert_eq!(selected(&[]), Ok(vec!["csv".to_owned(), "json".to_owned()]));
        assert_eq!(selected(&["json"]), Ok(vec!["json".to_owned()]));
        let complaint = "there is no target `xml`; there are `csv`, `json`";
        assert_eq!(selected(&["xml"]), Err(complaint.to_owned()));
    }
}
