//! The store's own error: faults of the disk, the database or the program, never the caller's.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
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
    #[error("the write was not committed")]
    NotCommitted(#[source] Arc<rusqlite::Error>),
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
    #[error(
        "`{}` is not a data directory: its file `LAYOUT` reads `{found}` and should hold a number; \
         name another directory, or restore that file from a backup",
        dir.display()
    )]
    NotALayout {
        /// The directory.
        dir: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The tables were written by a newer version.
    #[error(
        "`{}` has tables of version {found} and this version knows up to {known}; \
         run a version that is at least as new as the one that wrote it",
        path.display()
    )]
    NewerTables {
        /// The database.
        path: PathBuf,
        /// The version that it has.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The database can't be looked at, which tells nothing of what it holds.
    #[error(
        "`{}` can't be opened here; check as the user that the server runs as, and on a copy if the \
         file system can't be written",
        path.display()
    )]
    OutOfReach {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        source: rusqlite::Error,
    },
    /// There are objects, and no database that names them.
    #[error(
        "`{}` holds objects and its database `meta.sqlite` is missing or empty; restore that file \
         from a backup, or move the directory away to start anew",
        dir.display()
    )]
    LostDatabase {
        /// The data directory.
        dir: PathBuf,
    },
    /// There is no data directory.
    #[error(
        "`{}` is not a data directory: it has no file `LAYOUT`; name the directory that \
         `clary serve` was given",
        dir.display()
    )]
    NoData {
        /// The directory.
        dir: PathBuf,
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

/// What a client is told when the disk is full.
pub const DISK_FULL: &str =
    "the server's disk is full and nothing was stored; free space there, then try again";

impl Error {
    /// Whether the disk, or the share of it that the server may use, is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => is_full(source),
            Self::Database(error) => is_database_full(error),
            Self::NotCommitted(error) => is_database_full(error),
            _ => false,
        }
    }

    /// What a client is told of a fault that it, or who runs the server, can do something about.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Unreadable { kind, key, source } => Some(format!(
                "the stored {kind} `{key}` is damaged ({source}); delete it and create it again, or \
                 stop the server and restore its data directory from a backup; `clary check` lists \
                 all such damage"
            )),
            error if error.is_disk_full() => Some(DISK_FULL.to_owned()),
            _ => None,
        }
    }

    /// Wraps what the operating system said about `path`; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// The text of an error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge)
}

fn is_database_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

impl From<Error> for resources::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Cursor => Self::new(resources::ErrorKind::Invalid, error.to_string()),
            error if error.is_disk_full() => {
                Self::new(resources::ErrorKind::Unavailable, DISK_FULL)
            }
            error => match error.advice() {
                Some(advice) => Self::internal(error).saying(advice),
                None => Self::internal(error),
            },
        }
    }
}
