//! Where things are: the workspace's root, its target directory, its crates and what they need.
//!
//! Everything comes from `cargo metadata` at run time, so that a shared or moved target directory
//! never leads to another checkout's files.

use std::{env, ffi::OsStr, process::Command};

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand, camino::Utf8PathBuf};

/// The workspace this chore was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// What `cargo metadata --no-deps` says.
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("`cargo metadata` failed; start from inside the workspace")?;
        Ok(Self { metadata })
    }

    /// A path under the root.
    pub(crate) fn path(&self, relative: &str) -> Utf8PathBuf {
        self.metadata.workspace_root.join(relative)
    }

    /// A path under the target directory, wherever that is.
    pub(crate) fn target(&self, relative: &str) -> Utf8PathBuf {
        self.metadata.target_directory.join(relative)
    }

    /// A program to run at the root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.metadata.workspace_root);
        command
    }

    /// `cargo` with these arguments, at the root. It does not hear what the cargo that runs this chore
    /// says of the chore's own package: build scripts that watch it (`ring`'s does) would run again, and
    /// all that follows from them, each time a chore and a user build in turn.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
            command.env_remove(name);
        }
        command
    }
}

fn is_of_a_package(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"CARGO_PKG_") || name.starts_with(b"CARGO_MANIFEST_")
}

/// Runs the command with its output shown; anything but success is an error that names it.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("can't start {}", shown(command)))?;
    anyhow::ensure!(status.success(), "{} ended with {status}", shown(command));
    Ok(())
}

/// Runs the command and returns what it printed on stdout.
pub(crate) fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("can't start {}", shown(command)))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{} failed: {}", shown(command), complaint.trim());
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", line.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cargo_inside_hears_nothing_of_this_package() {
        let workspace = Workspace::load().expect("this is one");
        let cargo = workspace.cargo(&["build"]);
        let removed = |name: &str| cargo.get_envs().any(|set| set == (OsStr::new(name), None));
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "cargo runs the tests");
        assert!(removed("CARGO_PKG_NAME") && removed("CARGO_MANIFEST_DIR"));
        assert!(!removed("PATH") && !removed("CARGO_TARGET_DIR"));
    }
}
