//! What the machine must have before anything long is started: a C compiler and a Python that can
//! make virtual environments.
//!
//! As root on Debian the missing packages are installed; elsewhere the message names them.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::workspace::{Workspace, succeed};

/// Interpreters to try, in order; the last one is Debian's own behind a version switcher.
const PYTHONS: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "/usr/bin/python3"];
/// Exits with 0 on a Python that is new enough and can make virtual environments.
const PYTHON_PROBE: &str =
    "import sys, ensurepip, venv; sys.exit(0 if sys.version_info >= (3, 11) else 1)";

/// Fails, with what to install, unless everything is there or could be installed.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --yes {}", missing.join(" "));
    anyhow::ensure!(is_root() && works("apt-get", &["--version"]), "run `{install}` as root first");
    eprintln!("installing {}", missing.join(", "));
    apt_get(workspace, &["update", "--quiet"])?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt_get(workspace, &[&options[..], &missing].concat())?;
    let still = missing_packages();
    anyhow::ensure!(still.is_empty(), "`{install}` did not provide what is needed: {still:?}");
    Ok(())
}

/// The first interpreter that is 3.11 or newer and has `venv` and `ensurepip`.
pub(crate) fn python() -> anyhow::Result<&'static str> {
    let fits = |python: &&&str| works(python, &["-c", PYTHON_PROBE]);
    let found = PYTHONS.iter().find(fits).copied();
    found.context(
        "no Python 3.11 or newer with `venv`; run `apt-get install python3 python3-venv` as root",
    )
}

fn missing_packages() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !works("cc", &["--version"]) {
        packages.extend(["gcc", "libc6-dev"]);
    }
    if python().is_err() {
        packages.extend(["python3", "python3-venv"]);
    }
    packages
}

fn apt_get(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.command("apt-get");
    succeed(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}

/// Whether a program runs and is content.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
