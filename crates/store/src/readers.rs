//! A few connections that read snapshots, on threads where waiting is allowed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use crate::{Error, Tx, schema};

/// Reads that run at the same time; more wait for their turn.
const READERS: usize = 4;

/// The reading connections.
#[derive(Debug)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    /// Opens the connections.
    pub(crate) fn open(database: &Path) -> Result<Self, Error> {
        let idle =
            (0..READERS).map(|_| schema::open_reader(database)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), turns: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs one job on a snapshot.
    pub(crate) async fn read<R, E, F>(&self, work: F) -> Result<R, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Closed)?;
        let idle = Arc::clone(&self.idle);
        let read = task::spawn_blocking(move || {
            let connection = lock(&idle).pop().expect("a turn comes with a reader: this is a bug");
            let outcome = catch_unwind(AssertUnwindSafe(|| snapshot(&connection, work)));
            lock(&idle).push(connection);
            drop(turn);
            outcome.unwrap_or_else(|_| Err(Error::Panicked.into()))
        });
        read.await.map_err(|_| Error::Closed)?
    }
}

fn snapshot<R, E: From<Error>>(
    connection: &Connection,
    work: impl FnOnce(&Tx<'_>) -> Result<R, E>,
) -> Result<R, E> {
    // Dropping the transaction ends it, after a panic too.
    let transaction = connection.unchecked_transaction().map_err(Error::from)?;
    work(&Tx::new(&transaction))
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
