//! The tests of the `trees` kernels under the address sanitizer, for they are the crate's only code
//! that takes pointers. They compare every instruction set that the processor has with the portable
//! walks, over random trees and rows; the sanitizer sees what they read and write on the way, but for
//! gathers, which it does not check: that these stay within their bounds is for tests to show.

use anyhow::Context as _;

use crate::workspace::{Workspace, output_of, succeed};

/// Random cases per test: a sanitized one takes several times as long.
const CASES: &str = "64";

/// Builds for the sanitizer, beside the usual builds, and runs.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let about = output_of(workspace.command("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    // With a target named, build scripts and macros are not sanitized, which could not be loaded.
    let target = ["--target", host.context("`rustc -vV` names no host")?];
    let test = ["test", "--locked", "--package", "trees", "--lib", "kernel"];
    let mut command = workspace.cargo(&[&test[..], &target].concat());
    // Sanitizers are an unstable flag of the very same compiler.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    command.env("CARGO_TARGET_DIR", workspace.target("sanitize")).env("PROPTEST_CASES", CASES);
    succeed(&mut command)
}
