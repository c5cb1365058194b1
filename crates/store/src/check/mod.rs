//! Whether a data directory is sound: every byte is read and compared with what was stored, and
//! every reference is followed. Nothing is changed.
//!
//! Damage is what was acknowledged and cannot be given back. An orphan is what nothing refers to:
//! a crash leaves some, which the next start removes, and a database older than its objects others,
//! which the next start moves aside.

mod artifacts;
mod objects;
mod records;

use std::{collections::HashSet, path::Path};

use rusqlite::Connection;
use serde::Serialize;

use crate::{Error, Tx, blobs::BlobId, error::chain, layout::Layout, places, schema};

/// What was found in a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of the layout.
    pub layout: u32,
    /// Records read.
    pub records: u64,
    /// Buckets.
    pub buckets: u64,
    /// Objects read whole.
    pub objects: u64,
    /// Parts of uploads that are not complete, read whole.
    pub parts: u64,
    /// Bytes of objects and parts.
    pub bytes: u64,
    /// Unpacked artifacts.
    pub artifacts: u64,
    /// What was acknowledged and cannot be given back.
    pub damage: Vec<Finding>,
    /// What nothing refers to.
    pub orphans: Vec<Finding>,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which record, object or file.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Report {
    /// Whether everything that was acknowledged is there.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    fn damaged(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.damage.push(Finding { place: place.into(), problem: problem.into() });
    }

    fn orphaned(&mut self, place: &Path, problem: &str) {
        let place = place.display().to_string();
        self.orphans.push(Finding { place, problem: problem.to_owned() });
    }
}

/// Checks the data directory `dir`, which no store may have open. The error is why it could not
/// be looked at; whatever is wrong in it is in the report.
pub fn check(dir: &Path) -> Result<Report, Error> {
    let layout = Layout::inspect(dir)?;
    let mut report = Report { layout: Layout::version(), ..Report::default() };
    let database = layout.database();
    let named = if database.exists() {
        match schema::open_inspector(&database) {
            Ok(connection) => check_rows(&connection, &layout, &mut report)?,
            Err(error @ Error::NewerTables { .. }) => return Err(error),
            Err(Error::Database(source)) if is_out_of_reach(&database, &source) => {
                return Err(Error::OutOfReach { path: database, source });
            }
            Err(error) => {
                report.damaged("meta.sqlite", chain(&error));
                None
            }
        }
    } else if places::files(&layout.objects())?.is_empty() {
        Some(HashSet::new())
    } else {
        report.damaged("meta.sqlite", "the metadata database is missing");
        None
    };
    // What the database cannot tell of is not known to be an orphan.
    if let Some(named) = named {
        objects::find_orphans(&layout, &named, &mut report)?;
    }
    Ok(report)
}

/// Whether the database can't be opened, which tells nothing of what it holds: after a crash there
/// is a log to be read beside it, and for that `SQLite` has to write.
fn is_out_of_reach(database: &Path, error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    let refused = [Code::CannotOpen, Code::ReadOnly, Code::PermissionDenied];
    let code = error.sqlite_error_code();
    database.is_file() && code.is_some_and(|code| refused.contains(&code))
}

/// Checks all that the database names; the blobs among it, if it could be read to its end.
fn check_rows(
    connection: &Connection,
    layout: &Layout,
    report: &mut Report,
) -> Result<Option<HashSet<BlobId>>, Error> {
    match read_rows(connection, layout, report) {
        Ok(named) => Ok(Some(named)),
        Err(Error::Database(error)) => {
            report.damaged("meta.sqlite", chain(&error));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn read_rows(
    connection: &Connection,
    layout: &Layout,
    report: &mut Report,
) -> Result<HashSet<BlobId>, Error> {
    check_database(connection, report)?;
    let snapshot = connection.unchecked_transaction()?;
    let tx = Tx::new(&snapshot);
    let artifacts = records::check(&tx, report)?;
    artifacts::check(layout, &artifacts, report)?;
    objects::check(&tx, layout, report)
}

/// `SQLite`'s own check of its pages and indexes.
fn check_database(connection: &Connection, report: &mut Report) -> Result<(), Error> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        match line?.as_str() {
            "ok" => {}
            line => report.damaged("meta.sqlite", line),
        }
    }
    Ok(())
}
