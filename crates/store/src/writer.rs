//! The one thread that writes: jobs that wait together share a commit.
//!
//! A commit costs a disk sync whatever is in it, so the thread takes every job that is waiting,
//! runs each in a savepoint of its own, commits once, and answers them all. A job that fails or
//! panics takes back its own savepoint and nobody else's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{Error, Tx, blobs::Blobs, tx::Effects};

/// Jobs that may wait; callers beyond that wait to hand theirs in.
const QUEUE_MAX: usize = 1024;
/// Jobs that share a commit at most, so that the first of them is not kept waiting for long.
const BATCH_MAX: usize = 256;

/// The handle to the writing thread; dropping it lets the queue run dry and waits for that.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on its connection.
    pub(crate) fn start(connection: Connection, blobs: Arc<Blobs>) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, queue, &blobs))
            .map_err(Error::io("start the writing thread for", "meta.sqlite".as_ref()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs one job; answers once it is committed or undone.
    pub(crate) async fn write<R, E, F>(&self, work: F) -> Result<R, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), outcome: None, reply });
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        // The last handle can go inside a job, on the thread itself; it ends by itself then.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// How a commit ended, for all the jobs in it.
type Committed = Result<(), Arc<rusqlite::Error>>;

/// A job in two steps, because its caller must not hear of it before the commit.
trait Job: Send {
    /// Does the work; says whether to keep it.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: &Committed);
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

struct Write<F, R, E> {
    work: Option<F>,
    outcome: Option<Result<R, E>>,
    reply: oneshot::Sender<Result<R, E>>,
}

impl<F, R, E> Job for Write<F, R, E>
where
    F: FnOnce(&Tx<'_>) -> Result<R, E> + Send,
    R: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        self.outcome = self.work.take().map(|work| work(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: &Committed) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(why)) => Err(Error::NotCommitted(Arc::clone(why)).into()),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Err(Error::Panicked.into()),
        };
        // A caller that went away has no use for the answer; its write stands all the same.
        let _ = self.reply.send(answer);
    }
}

fn run(connection: &Connection, mut queue: mpsc::Receiver<Box<dyn Job>>, blobs: &Blobs) {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        let mut effects = Vec::new();
        let committed = commit_together((connection, blobs), &mut batch, &mut effects);
        blobs.settle(effects, committed.is_ok());
        for job in batch.drain(..) {
            job.answer(&committed);
        }
    }
}

fn commit_together(
    (connection, blobs): (&Connection, &Blobs),
    batch: &mut [Box<dyn Job>],
    effects: &mut Vec<Effects>,
) -> Committed {
    let done = run_batch((connection, blobs), batch, effects);
    if let Err(error) = &done {
        tracing::error!(%error, jobs = batch.len(), "a commit failed, and nothing of it was kept");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    done.map_err(Arc::new)
}

fn run_batch(
    (connection, blobs): (&Connection, &Blobs),
    batch: &mut [Box<dyn Job>],
    effects: &mut Vec<Effects>,
) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for job in batch {
        effects.extend(run_one(connection, job.as_mut())?);
        // SQLite gives up the whole transaction on a full disk, for example. Going on would put
        // the jobs that are left into transactions of their own.
        if connection.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                Some("the transaction was rolled back by the database".to_owned()),
            ));
        }
    }
    blobs.withdraw(effects);
    connection.execute_batch("COMMIT")
}

/// Runs one job in its savepoint; its effects on files, if it is to be kept.
fn run_one(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<Option<Effects>> {
    connection.execute_batch("SAVEPOINT job")?;
    let tx = Tx::new(connection);
    let keep = catch_unwind(AssertUnwindSafe(|| job.run(&tx))).unwrap_or(false);
    if keep {
        connection.execute_batch("RELEASE job")?;
        return Ok(Some(tx.into_effects()));
    }
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK TO job; RELEASE job")?;
    }
    Ok(None)
}
