//! Files of bytes, named by id: written whole, never changed, removed when no row names them.
//!
//! A blob becomes a file in `tmp/` and is synced; once a committed row names it, it moves into
//! `objects/`. Before a commit takes its name away, it moves back. So whatever moment a crash strikes
//! at, what it leaves lies in `tmp/`, where the rows tell what is to stay; and a blob in `objects/`
//! that has no name is nothing that this database has ever heard of. Such blobs come of a database
//! older than they are, and are kept aside.
//!
//! A blob that readers hold is removed when the last of them lets go.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io,
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    thread,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Error,
    durable::{self, Disk},
    error::chain,
    places::Places,
    tx::Effects,
};

/// A blob's name: 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BlobId(String);

impl BlobId {
    fn random() -> Self {
        Self(random_id())
    }

    /// The id that a file's name is.
    pub(crate) fn named(name: String) -> Self {
        Self(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new name that nothing else has: 32 random hex digits.
pub(crate) fn random_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Some bytes of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) blob: BlobId,
    pub(crate) size: u64,
    /// The MD5 of the bytes in hex; none in rows from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) md5: Option<String>,
}

/// All blobs of a store.
#[derive(Debug)]
pub(crate) struct Blobs {
    places: Places,
    disk: Disk,
    /// How many blocks are hashed and written at a time: one for each core. More would be no faster,
    /// and would take from everything else.
    turns: Arc<Semaphore>,
    /// Held for reading from before a row is looked up until its blobs are pinned, and for writing
    /// while blobs are removed: whoever has seen a row finds its blobs.
    gate: RwLock<()>,
    pins: Mutex<Pins>,
}

#[derive(Debug, Default)]
struct Pins {
    held: HashMap<BlobId, usize>,
    doomed: HashSet<BlobId>,
}

impl Blobs {
    pub(crate) fn new(places: Places, disk: Disk) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            places,
            disk,
            turns: Arc::new(Semaphore::new(cores)),
            gate: RwLock::new(()),
            pins: Mutex::default(),
        }
    }

    /// Waits for a turn to hash and write a block; it lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Closed)
    }

    /// Starts a blob.
    pub(crate) fn create(self: &Arc<Self>) -> Result<BlobWriter, Error> {
        let id = BlobId::random();
        let path = self.places.being_written(&id);
        let file = self.disk.make_file(&path)?;
        let blob = PendingBlob { blobs: Arc::clone(self), id: Some(id), path };
        Ok(BlobWriter { file, blob, written: 0, begun: 0 })
    }

    /// Opens a blob that the caller has pinned.
    pub(crate) fn open(&self, id: &BlobId) -> Result<File, Error> {
        let (path, before) = (self.places.of(id), self.places.being_written(id));
        // A row can be read while its blob moves, one way or the other.
        let or_at = |path: PathBuf| {
            move |error: io::Error| match error.kind() {
                io::ErrorKind::NotFound => File::open(path),
                _ => Err(error),
            }
        };
        let opened = File::open(&path).or_else(or_at(before)).or_else(or_at(path.clone()));
        opened.map_err(Error::io("open", &path))
    }

    /// Keeps blobs from being removed between the look-up of a row and [`Blobs::pin`].
    pub(crate) fn gate(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps these blobs until the pin is dropped. The caller holds the gate.
    pub(crate) fn pin(self: &Arc<Self>, segments: &[Segment]) -> Pin {
        let mut pins = self.pins();
        for segment in segments {
            *pins.held.entry(segment.blob.clone()).or_default() += 1;
        }
        let blobs = segments.iter().map(|segment| segment.blob.clone()).collect();
        Pin { blobs: Arc::clone(self), pinned: blobs }
    }

    /// Moves blobs that are about to lose their names. One that stays where it is costs no more than
    /// that a crash in the next moment has it kept aside.
    pub(crate) fn withdraw(&self, effects: &[Effects]) {
        for id in effects.iter().flat_map(|effects| &effects.garbage) {
            let moved = self.disk.rename(&self.places.of(id), &self.places.being_written(id));
            if let Err(error) = moved {
                tracing::debug!(error = chain(&error), "a blob stays in `objects/` until it goes");
            }
        }
    }

    /// Does what committed jobs asked for, or leaves everything to the next start where the
    /// commit failed: it may have reached the disk all the same.
    pub(crate) fn settle(&self, effects: Vec<Effects>, committed: bool) {
        for effects in effects {
            for blob in effects.adopted {
                let id = blob.keep();
                if committed {
                    self.place(&id);
                }
            }
            if committed {
                self.discard(effects.garbage);
            }
        }
    }

    /// Moves a blob that has a name now. One that stays behind is read where it is, and moves at
    /// the next start.
    fn place(&self, id: &BlobId) {
        let moved = self.disk.rename(&self.places.being_written(id), &self.places.of(id));
        if let Err(error) = moved {
            tracing::warn!(error = chain(&error), "a blob stays in `tmp/` until the next start");
        }
    }

    fn discard(&self, garbage: Vec<BlobId>) {
        if garbage.is_empty() {
            return;
        }
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut pins = self.pins();
        for blob in garbage {
            if pins.held.contains_key(&blob) {
                pins.doomed.insert(blob);
            } else {
                self.remove(&blob);
            }
        }
    }

    fn unpin(&self, pinned: &[BlobId]) {
        let mut pins = self.pins();
        for blob in pinned {
            let Some(count) = pins.held.get_mut(blob) else { continue };
            *count -= 1;
            if *count == 0 {
                pins.held.remove(blob);
                if pins.doomed.remove(blob) {
                    self.remove(blob);
                }
            }
        }
    }

    /// A blob that stays behind costs disk space until the next start, and nothing else.
    fn remove(&self, blob: &BlobId) {
        let removed = durable::remove_file(&self.places.of(blob))
            .and_then(|()| durable::remove_file(&self.places.being_written(blob)));
        if let Err(error) = removed {
            tracing::warn!(%error, blob = blob.as_str(), "a blob was left behind");
        }
    }

    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blob being written. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    file: File,
    blob: PendingBlob,
    /// How many bytes were appended.
    written: u64,
    /// How many of them the system was told to begin with.
    begun: u64,
}

impl BlobWriter {
    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.blob.blobs.disk.write(&mut self.file, &self.blob.path, bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Lets the system begin with what was appended since the last time.
    pub(crate) fn begin_sync(&mut self) {
        self.blob.blobs.disk.begin_sync(&self.file, self.begun..self.written);
        self.begun = self.written;
    }

    /// Syncs the bytes, and makes the shelf that they will lie on.
    pub(crate) fn finish(self) -> Result<PendingBlob, Error> {
        let Self { file, blob, .. } = self;
        let Blobs { disk, places, .. } = &*blob.blobs;
        disk.sync_file(&file, &blob.path)?;
        disk.make_dir(&places.shelf_of(blob.id()))?;
        disk.sync_dir(&places.tmp)?;
        Ok(blob)
    }
}

/// A blob that no committed row names yet. Dropped, its file goes.
#[derive(Debug)]
pub(crate) struct PendingBlob {
    blobs: Arc<Blobs>,
    id: Option<BlobId>,
    path: PathBuf,
}

impl PendingBlob {
    pub(crate) fn id(&self) -> &BlobId {
        self.id.as_ref().expect("only `keep` takes the id: this is a bug")
    }

    fn keep(mut self) -> BlobId {
        self.id.take().expect("only `keep` takes the id: this is a bug")
    }
}

impl Drop for PendingBlob {
    fn drop(&mut self) {
        if self.id.is_some()
            && let Err(error) = durable::remove_file(&self.path)
        {
            tracing::warn!(%error, "an unused blob was left behind");
        }
    }
}

/// Keeps blobs from being removed for as long as it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    blobs: Arc<Blobs>,
    pinned: Vec<BlobId>,
}

impl Pin {
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.blobs.unpin(&self.pinned);
    }
}
