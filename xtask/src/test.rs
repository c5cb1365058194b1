//! Everything CI runs, in the order in which failures are cheapest to find.
//!
//! Scenarios through real clients come last, because they need the binary, and their runner's
//! closing line is the last line of the run.

use std::{env, fs};

use anyhow::Context as _;

use crate::{
    check, clients, prerequisites,
    steps::Step,
    tidy,
    workspace::{Workspace, succeed},
};

/// The steps of `cargo xtask test`.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "prerequisites", run: prerequisites::ensure },
    Step { name: "fmt", run: check::fmt },
    Step { name: "tidy", run: tidy::run },
    Step { name: "shapes", run: shapes },
    Step { name: "clippy", run: check::clippy },
    Step { name: "rust", run: rust },
    Step { name: "velocity", run: velocity },
    Step { name: "binary", run: binary },
    Step { name: "clients", run: clients::run },
];

/// The committed tables come out of botocore's models unchanged. The chore asks for `python3` with
/// pip, which the clients' environment has wherever the system's has none.
fn shapes(workspace: &Workspace) -> anyhow::Result<()> {
    let itself = env::current_exe().context("can't find this program")?;
    let path = clients::path_in_environment(workspace)?;
    succeed(workspace.command(itself).args(["shapes", "--check"]).env("PATH", path))
}

/// Unit, integration and documentation tests of every crate, with cargo's own harness.
fn rust(workspace: &Workspace) -> anyhow::Result<()> {
    // Built aloud and run quietly: minutes without a word look like a hang, names of tests do not help.
    succeed(&mut workspace.cargo(&["test", "--locked", "--workspace", "--no-run"]))?;
    succeed(&mut workspace.cargo(&["test", "--locked", "--workspace", "--quiet"]))
}

/// Generated templates, compared with what Apache Velocity 1.7 makes of them where that is installed.
fn velocity(workspace: &Workspace) -> anyhow::Result<()> {
    const TEST: &str = "oracle::some_generated_templates_agree";
    let jar = "/usr/share/java/velocity.jar";
    if !fs::exists(jar)? || !prerequisites::works("java", &["-version"]) {
        eprintln!(
            "skipped `{TEST}`: no `{jar}` or no `java`; on Debian \
             `apt-get install velocity default-jdk-headless`"
        );
        return Ok(());
    }
    let test = ["test", "--locked", "--quiet", "--package", "vtl", "--test", "it"];
    succeed(workspace.cargo(&test).args(["--", "--ignored", "--exact", TEST]))
}

/// The binary that the scenarios drive.
fn binary(workspace: &Workspace) -> anyhow::Result<()> {
    succeed(&mut workspace.cargo(&["build", "--locked", "--release", "--package", "clary"]))
}
