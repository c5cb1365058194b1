//! The data directory: who may use it, and the note in it that tells clients where the server is.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

const LOCK: &str = "lock";
const NOTE: &str = "server.json";

/// A data directory that this process alone uses, until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    state: PathBuf,
    _lock: File,
    /// Removed with everything in it when the server ends.
    _ephemeral: Option<TempDir>,
}

/// What clients of this machine need to find the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerNote {
    pub(crate) api: String,
    pub(crate) gateway: String,
    pub(crate) pid: u32,
    pub(crate) account: String,
    pub(crate) region: String,
}

impl DataDir {
    /// Takes the directory, creating it if need be.
    pub(crate) fn open(path: Option<&Path>, ephemeral: bool) -> anyhow::Result<Self> {
        let ephemeral = ephemeral.then(|| temporary(path)).transpose()?;
        let state = ephemeral.as_ref().map(|dir| dir.path().to_owned());
        let path = path.map(Path::to_owned).or_else(|| state.clone());
        let path = path.context("a server that keeps its state needs a data directory")?;
        create_private(&path)?;
        Ok(Self {
            _lock: lock(&path)?,
            state: state.unwrap_or_else(|| path.clone()),
            path,
            _ephemeral: ephemeral,
        })
    }

    /// Where credentials and the note live.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where everything else lives.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Leaves the note for clients.
    pub(crate) fn leave_note(&self, note: &ServerNote) -> anyhow::Result<()> {
        let file = tempfile::NamedTempFile::new_in(&self.path)?;
        serde_json::to_writer_pretty(&file, note)?;
        file.persist(self.path.join(NOTE))?;
        Ok(())
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // A note that stays behind only sends clients to an address where nobody answers.
        let _ = fs::remove_file(self.path.join(NOTE));
    }
}

/// The note of the server that uses the directory, if one does.
pub(crate) fn read_note(path: &Path) -> anyhow::Result<Option<ServerNote>> {
    let file = path.join(NOTE);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` can't be read", file.display()));
        }
    };
    serde_json::from_str(&text)
        .map(Some)
        .with_context(|| format!("`{}` is not a server's note; restart the server", file.display()))
}

fn temporary(below: Option<&Path>) -> anyhow::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("clary-");
    let dir = match below {
        Some(path) => {
            create_private(path)?;
            builder.tempdir_in(path)
        }
        None => builder.tempdir(),
    };
    dir.context("no temporary directory could be made")
}

fn create_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("data directory `{}` can't be made", path.display()))
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join(LOCK))
        .with_context(|| format!("data directory `{}` can't be written", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!(
            "data directory `{}` is in use by another clary server; stop that one or give this \
             one its own `--data-dir`",
            path.display()
        );
    }
    Ok(file)
}
