//! The store itself: opening, transactions, reset.

use std::{fs, path::Path, sync::Arc};

use resources::Clock;

use crate::{
    Artifacts, Error, Objects, Options, Tx,
    artifacts::Unpacker,
    blobs::Blobs,
    durable::Disk,
    layout::Layout,
    objects,
    places::{self, Places},
    readers::Readers,
    schema, sweep,
    writer::Writer,
};

/// Everything durable. Clones share one store; the last one to go closes it.
#[derive(Clone, Debug)]
pub struct Store {
    parts: Arc<Parts>,
}

// Fields are dropped in this order: the writer finishes its queue before the directory's lock goes.
#[derive(Debug)]
struct Parts {
    writer: Writer,
    readers: Readers,
    blobs: Arc<Blobs>,
    unpacker: Arc<Unpacker>,
    clock: Arc<Clock>,
    _layout: Layout,
}

impl Store {
    /// Opens the store in a directory, which no other process may have open, and removes what a
    /// crash may have left there.
    pub fn open(options: Options) -> Result<Self, Error> {
        let Options { dir, durability, clock, limits, faults } = options;
        let disk = Disk { durability, faults };
        let layout = Layout::open(&dir, &disk)?;
        refuse_lost_database(&layout, &dir)?;
        let connection = schema::open_writer(&layout.database(), durability)?;
        let places = Places::new(&layout);
        sweep::sweep(&places, &objects::referenced(&Tx::new(&connection))?, &disk)?;
        let blobs = Arc::new(Blobs::new(places, disk.clone()));
        let readers = Readers::open(&layout.database())?;
        let unpacker = Arc::new(Unpacker::new(&layout, disk, limits));
        let writer = Writer::start(connection, Arc::clone(&blobs))?;
        let parts = Parts { writer, readers, blobs, unpacker, clock, _layout: layout };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Runs `work` in a transaction of its own; whatever it returns an error for is undone. The
    /// answer comes once the write is durable. Dropping the future takes nothing back.
    pub async fn write<R, E, F>(&self, work: F) -> Result<R, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.parts.writer.write(work).await
    }

    /// Runs `work` on a snapshot, which holds every write acknowledged before.
    pub async fn read<R, E, F>(&self, work: F) -> Result<R, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.parts.readers.read(work).await
    }

    /// Buckets, objects and uploads.
    pub fn objects(&self) -> Objects<'_> {
        Objects::new(self)
    }

    /// Unpacked model artifacts.
    pub fn artifacts(&self) -> Artifacts<'_> {
        Artifacts::new(self, &self.parts.unpacker)
    }

    /// Removes everything. Safe while others use the store: reads that have begun finish with what
    /// they saw, writes that have not committed find their bucket gone.
    pub async fn reset(&self) -> Result<(), Error> {
        self.write(objects::discard_all).await?;
        self.artifacts().retain(&[]).await?;
        Ok(())
    }

    pub(crate) fn blobs(&self) -> &Arc<Blobs> {
        &self.parts.blobs
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.parts.clock
    }
}

/// Objects without a database to name them, as half a restore leaves them, would all be taken for
/// objects of another database and be moved aside.
fn refuse_lost_database(layout: &Layout, dir: &Path) -> Result<(), Error> {
    let has_database = fs::metadata(layout.database()).is_ok_and(|file| file.len() > 0);
    if has_database || places::files(&layout.objects())?.is_empty() {
        return Ok(());
    }
    Err(Error::LostDatabase { dir: dir.to_owned() })
}
