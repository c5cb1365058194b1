//! The fast gate: format, clippy with warnings denied, tidy.
//!
//! What tidy counts is in `tidy`; which lints are on is in the root `Cargo.toml` and `clippy.toml`.

use crate::{
    steps::Step,
    tidy,
    workspace::{Workspace, succeed},
};

/// The steps of `cargo xtask check`, cheapest first but for clippy, whose complaints are the most common.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "tidy", run: tidy::run },
    Step { name: "clippy", run: clippy },
];

/// Fails when rustfmt would change a file.
pub(crate) fn fmt(workspace: &Workspace) -> anyhow::Result<()> {
    succeed(&mut workspace.cargo(&["fmt", "--all", "--check"]))
}

/// Fails on any warning of clippy in any target, tests and benches included.
pub(crate) fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    let arguments = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    succeed(&mut workspace.cargo(&arguments))
}
