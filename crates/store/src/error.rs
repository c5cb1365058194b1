//! The store's own error: faults of the disk, the database or the program, never the caller's.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The metadata database failed.
    #[error("the metadata database failed")]
    Database(#[from] rusqlite::Error),
    /// The transaction that carried the write could not be committed.
    #[error("the write was not committed: {0}")]
    NotCommitted(String),
    /// A row holds something this version cannot read.
    #[error("the stored {kind} `{key}` cannot be read")]
    Unreadable {
        /// The kind of record.
        kind: &'static str,
        /// Its key.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The data directory was written by a newer version.
    #[error(
        "`{}` has layout {found} and this version knows up to {known}; \
         run a version that is at least as new as the one that wrote it",
        dir.display()
    )]
    NewerLayout {
        /// The data directory.
        dir: PathBuf,
        /// The layout it has.
        found: u32,
        /// The newest layout known here.
        known: u32,
    },
    /// `LAYOUT` holds no version.
    #[error("`{}` is not a data directory: its file `LAYOUT` reads `{found}`", dir.display())]
    NotALayout {
        /// The directory.
        dir: PathBuf,
        /// What the file says.
        found: String,
    },
    /// Another process has the data directory open.
    #[error("`{}` is in use by another process; stop it or use another directory", dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// A page was asked for with a token that no page gave out.
    #[error("the continuation token was not given out by this list; start again without it")]
    Cursor,
    /// A job broke off; what it wrote was undone.
    #[error("a job of the store panicked")]
    Panicked,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Wraps what the operating system said about `path`; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

impl From<Error> for resources::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Cursor => Self::new(resources::ErrorKind::Invalid, error.to_string()),
            _ => Self::internal(error),
        }
    }
}
