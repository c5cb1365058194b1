//! The tables, and how a connection is set up.
//!
//! `PRAGMA user_version` counts the steps that a database has been through; a new version of the
//! tables is a new step at the end of [`STEPS`], never a change of an old one.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::{Durability, Error};

/// Statements that a connection keeps prepared.
const STATEMENTS_CACHED: usize = 64;

/// Each step takes the database from one version to the next.
///
/// Object keys are blobs, so that their order is that of their UTF-8 bytes, which is S3's.
const STEPS: [&str; 2] = [
    "
    CREATE TABLE records (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        created INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        status TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (kind, key)
    );
    CREATE INDEX records_ignoring_case ON records (kind, key COLLATE NOCASE);
    CREATE INDEX records_created ON records (kind, created, key);
    CREATE INDEX records_modified ON records (kind, modified, key);
    CREATE INDEX records_status ON records (kind, status, key);

    CREATE TABLE buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;

    CREATE TABLE objects (
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        headers TEXT NOT NULL,
        segments TEXT NOT NULL,
        UNIQUE (bucket, key)
    );

    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,
        initiated INTEGER NOT NULL,
        headers TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX uploads_by_key ON uploads (bucket, key, id);

    CREATE TABLE parts (
        upload TEXT NOT NULL,
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        checksums TEXT NOT NULL,
        segments TEXT NOT NULL,
        PRIMARY KEY (upload, number)
    ) WITHOUT ROWID;
",
    // Nothing but a new number: versions before would take what has a name and lies in `tmp/` still
    // for what a crash left, and remove it.
    "",
];

/// Every table, for a reset.
pub(crate) const TABLES: [&str; 5] = ["records", "buckets", "objects", "uploads", "parts"];

/// Opens the connection that writes, and brings the tables up to date.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, Error> {
    let mut connection = open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Synced => "FULL",
        Durability::Ephemeral => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    check_version(&connection, path)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

/// Opens a connection that changes nothing, not even to tidy up after a crash. The directory must be
/// locked, so that nobody else writes meanwhile.
pub(crate) fn open_inspector(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = match immutable(path) {
        Some(uri) => Connection::open_with_flags(uri, flags)?,
        None => Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
    };
    check_version(&connection, path)?;
    Ok(connection)
}

/// The database as one that nobody writes, which needs no files beside it and so can be read where
/// nothing can be written, too. Not if there is a log beside it, which would be passed over.
///
/// <https://www.sqlite.org/uri.html#uriimmutable>
fn immutable(path: &Path) -> Option<String> {
    let log = path.with_file_name(format!("{}-wal", path.file_name()?.to_str()?));
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let name = path.to_str().filter(|_| !has_log)?;
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{name}?immutable=1"))
}

/// Refuses tables that a later version has changed.
fn check_version(connection: &Connection, path: &Path) -> Result<(), Error> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = STEPS.len() as u32;
    if found > known {
        return Err(Error::NewerTables { path: path.to_owned(), found, known });
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let at: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (step, sql) in (1_u32..).zip(STEPS).skip(at as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}
