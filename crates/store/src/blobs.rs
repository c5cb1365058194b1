//! Files of bytes, named by id: written whole, never changed, removed when no row names them.
//!
//! A blob becomes a file in `tmp/`, is synced, and is renamed into `objects/` before the row that
//! names it is committed. A blob that readers hold is removed when the last of them lets go.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    thread,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Error,
    artifacts::{entries, is_dir},
    durable::{self, Disk},
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
    objects: PathBuf,
    tmp: PathBuf,
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
    pub(crate) fn new(objects: PathBuf, tmp: PathBuf, disk: Disk) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let turns = Arc::new(Semaphore::new(cores));
        Self { objects, tmp, disk, turns, gate: RwLock::new(()), pins: Mutex::default() }
    }

    /// Waits for a turn to hash and write a block; it lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Closed)
    }

    /// Empties `tmp/` and removes every blob that is not in `referenced`.
    pub(crate) fn sweep(&self, referenced: &HashSet<BlobId>) -> Result<(), Error> {
        for entry in entries(&self.tmp)? {
            remove_any(&entry)?;
        }
        for blob in files(&self.objects)? {
            let name = blob.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !referenced.contains(&BlobId::named(name.to_owned())) {
                durable::remove_file(&blob)?;
            }
        }
        Ok(())
    }

    /// Starts a blob.
    pub(crate) fn create(self: &Arc<Self>) -> Result<BlobWriter, Error> {
        let id = BlobId::random();
        let path = self.tmp.join(id.as_str());
        let file = self.disk.make_file(&path)?;
        let blob = PendingBlob { blobs: Arc::clone(self), id: Some(id), path };
        Ok(BlobWriter { file, blob, written: 0, begun: 0 })
    }

    /// Opens a blob that the caller has pinned.
    pub(crate) fn open(&self, id: &BlobId) -> Result<File, Error> {
        let path = self.path(id);
        File::open(&path).map_err(Error::io("open", &path))
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

    /// Does what committed jobs asked for, or leaves everything to the next sweep where the
    /// commit failed: it may have reached the disk all the same.
    pub(crate) fn settle(&self, effects: Vec<Effects>, committed: bool) {
        for effects in effects {
            effects.adopted.into_iter().for_each(PendingBlob::keep);
            if committed {
                self.discard(effects.garbage);
            }
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

    /// A blob that stays behind costs disk space until the next sweep, and nothing else.
    fn remove(&self, blob: &BlobId) {
        if let Err(error) = durable::remove_file(&self.path(blob)) {
            tracing::warn!(%error, blob = blob.as_str(), "a blob was left behind");
        }
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        place(&self.objects, id)
    }

    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a blob is below `objects`: on a shelf named by its first two digits.
pub(crate) fn place(objects: &Path, id: &BlobId) -> PathBuf {
    let shelf = id.as_str().get(..2).unwrap_or_default();
    objects.join(shelf).join(id.as_str())
}

/// Every file on a shelf below `objects`. What else lies there is not the store's, such as what file
/// managers leave behind.
pub(crate) fn files(objects: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for shelf in entries(objects)?.into_iter().filter(|shelf| is_dir(shelf)) {
        files.extend(entries(&shelf)?.into_iter().filter(|file| !is_dir(file)));
    }
    Ok(files)
}

fn remove_any(path: &Path) -> Result<(), Error> {
    if path.is_dir() && !path.is_symlink() {
        crate::artifacts::remove_tree(path)
    } else {
        durable::remove_file(path)
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

    /// Syncs the bytes and gives them their place.
    pub(crate) fn finish(self) -> Result<PendingBlob, Error> {
        let Self { file, mut blob, .. } = self;
        let blobs = Arc::clone(&blob.blobs);
        blobs.disk.sync_file(&file, &blob.path)?;
        let id = blob.id();
        let place = blobs.path(id);
        let shelf = place.parent().unwrap_or(&blobs.objects);
        blobs.disk.make_dir(shelf)?;
        blobs.disk.rename(&blob.path, &place)?;
        blob.path.clone_from(&place);
        blobs.disk.sync_dir(shelf)?;
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

    fn keep(mut self) {
        self.id = None;
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
