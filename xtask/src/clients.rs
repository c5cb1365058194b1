//! Scenarios through real clients: virtual environments of their own with pinned packages, then
//! pytest against the built binary.
//!
//! The scenarios themselves are in `tests/clients`; those in `tests/clients/second` need packages
//! that do not go together with the others'. The environments live in the target directory and are
//! made anew only when the pins or the interpreter change.

use std::{env, ffi::OsString, fs, process::Command};

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    prerequisites,
    workspace::{Workspace, output_of, succeed},
};

/// Runs `tests/clients` against the release binary.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let binary = workspace.target("release/clary");
    anyhow::ensure!(
        binary.exists(),
        "`{binary}` is not built; run `cargo xtask test binary` first"
    );
    let second = environment(workspace, "clients-second", SECOND)?;
    succeed(pytest_of(workspace, &second, &binary)?.arg("tests/clients/second"))?;
    succeed(pytest(workspace, &binary)?.arg("tests/clients"))
}

/// What is installed for `tests/clients/second`.
const SECOND: &str = "tests/clients/second/requirements.txt";

/// pytest of the clients' environment against this binary; what to run is for the caller to add.
pub(crate) fn pytest(workspace: &Workspace, binary: &Utf8Path) -> anyhow::Result<Command> {
    pytest_of(workspace, &clients_environment(workspace)?, binary)
}

fn pytest_of(workspace: &Workspace, venv: &Utf8Path, binary: &Utf8Path) -> anyhow::Result<Command> {
    let mut pytest = workspace.command(venv.join("bin/python"));
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    pytest.env("CLARY_BIN", binary).env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("PATH", path_with(&venv.join("bin"))?);
    Ok(pytest)
}

/// The interpreter of the clients' environment, for other programs that need boto3.
pub(crate) fn python(workspace: &Workspace) -> anyhow::Result<Utf8PathBuf> {
    Ok(clients_environment(workspace)?.join("bin/python"))
}

/// The search path for programs, with those of the clients' environment first.
pub(crate) fn path_in_environment(workspace: &Workspace) -> anyhow::Result<OsString> {
    path_with(&clients_environment(workspace)?.join("bin"))
}

fn clients_environment(workspace: &Workspace) -> anyhow::Result<Utf8PathBuf> {
    environment(workspace, "clients", "tests/clients/requirements.txt")
}

/// The virtual environment `name` with exactly the packages of `requirements`, made if need be.
pub(crate) fn environment(
    workspace: &Workspace,
    name: &str,
    requirements: &str,
) -> anyhow::Result<Utf8PathBuf> {
    let python = prerequisites::python()?;
    let venv = workspace.target(&format!("venv/{name}"));
    let pins_path = workspace.path(requirements);
    let pins = fs::read_to_string(&pins_path).with_context(|| format!("can't read {pins_path}"))?;
    let interpreter = output_of(workspace.command(python).args(["-c", WHICH_PYTHON]))?;
    let wanted = format!("# {interpreter}{pins}");
    let stamp = venv.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(venv);
    }
    eprintln!("installing {requirements} into {venv}");
    install(workspace, python, &venv, &pins_path)?;
    // Written last: an interrupted installation is never taken for a whole one.
    fs::write(&stamp, wanted).with_context(|| format!("can't write {stamp}"))?;
    Ok(venv)
}

/// Prints what an environment is bound to: the interpreter's file and version.
const WHICH_PYTHON: &str = "import sys; print(sys.base_prefix, sys.version.split()[0])";

fn install(
    workspace: &Workspace,
    python: &str,
    venv: &Utf8Path,
    pins: &Utf8Path,
) -> anyhow::Result<()> {
    succeed(workspace.command(python).args(["-m", "venv", "--clear", venv.as_str()]))?;
    // The pins name every package, so resolution is off and `pip check` proves that they fit.
    let pip = |arguments: &[&str]| {
        let mut command = workspace.command(venv.join("bin/python"));
        command.args(["-m", "pip", "--disable-pip-version-check", "--quiet"]).args(arguments);
        succeed(&mut command)
    };
    pip(&["install", "--no-deps", "--requirement", pins.as_str()])?;
    pip(&["check"])
}

fn path_with(first: &Utf8Path) -> anyhow::Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(first.as_std_path().to_owned()).chain(env::split_paths(&rest));
    env::join_paths(all).with_context(|| format!("`{first}` can't stand in PATH"))
}
