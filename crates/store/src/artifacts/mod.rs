//! Model artifacts: a `model.tar.gz` object, unpacked once into a read-only directory, or objects
//! laid out there as they are.
//!
//! A directory under `artifacts/` is always whole: it is built in `tmp/` and renamed. Its id is
//! derived from the objects' blobs, so that the same objects unpack once, whoever asks, and a
//! replaced object is a new artifact.

mod error;
mod files;
mod lay_out;
mod limits;
mod locations;
pub(crate) mod manifest;
mod mend;
mod path;
mod source;
mod tar_reader;
mod tree;
mod unpack;

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::{JoinError, spawn_blocking};

pub use error::ArtifactError;
use lay_out::Plan;
pub use limits::Limits;
pub use manifest::Look;
use manifest::Manifest;
use mend::Condition;
pub use source::{Etags, Source};
pub(crate) use tree::{entries, is_dir, remove_tree};

use crate::{
    Error, Object, ObjectError, Store, Target,
    blobs::random_id,
    cursor::to_hex,
    durable::{self, Disk},
    layout::Layout,
};

/// The name of an unpacked artifact: 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArtifactId(pub String);

/// The unpacked artifacts of a store.
#[derive(Clone, Copy, Debug)]
pub struct Artifacts<'a> {
    store: &'a Store,
    unpacker: &'a Arc<Unpacker>,
}

impl<'a> Artifacts<'a> {
    pub(crate) fn new(store: &'a Store, unpacker: &'a Arc<Unpacker>) -> Self {
        Self { store, unpacker }
    }

    /// Makes the artifact of a source, unless it is there already.
    ///
    /// Until the id is in a record, only the caller knows that the artifact is wanted: whoever
    /// calls [`Artifacts::retain`] must not do so between a fetch and that record.
    pub async fn fetch(self, source: Source<'_>) -> Result<ArtifactId, ArtifactError> {
        self.fetch_if(source, Etags::default()).await
    }

    /// The same, if the objects named have these entity tags.
    pub async fn fetch_if(
        self,
        source: Source<'_>,
        etags: Etags<'_>,
    ) -> Result<ArtifactId, ArtifactError> {
        let content = self.content(source, etags).await?;
        content.check(&self.unpacker.limits)?;
        self.make(content).await
    }

    async fn content(self, source: Source<'_>, etags: Etags<'_>) -> Result<Content, ArtifactError> {
        let target = source.parse()?;
        let limits = self.unpacker.limits;
        Ok(match source {
            Source::Archive(_) => {
                let name = file_name(&target.key).to_owned();
                let object = Box::new(self.object(&target, etags.object).await?);
                Content::Archive { object, name }
            }
            Source::File(_) => {
                Content::Files(Plan::file(&target, self.object(&target, etags.object).await?)?)
            }
            Source::Prefix(_) => {
                let objects = source::under(self.store, &target, limits.entries_max).await?;
                Content::Files(Plan::prefix(&target, objects, &limits)?)
            }
            Source::Listed { manifest, .. } => {
                let objects = self.listed(manifest, etags.manifest, &target).await?;
                Content::Files(Plan::prefix(&target, objects, &limits)?)
            }
        })
    }

    /// Takes hold of the objects below `prefix` that a manifest lists.
    async fn listed(
        self,
        manifest: &str,
        etag: Option<&str>,
        prefix: &Target,
    ) -> Result<Vec<Object>, ArtifactError> {
        let list = self.object(&Source::File(manifest).parse()?, etag).await?;
        let (name, below) = (manifest.to_owned(), prefix.clone());
        let entries_max = self.unpacker.limits.entries_max;
        let keys = spawn_blocking(move || locations::keys(list, &name, (&below, entries_max)));
        let keys = keys.await.map_err(|error| broken_off(&error))??;
        source::these(self.store, &prefix.bucket, keys, manifest).await
    }

    /// Takes hold of an object, which must have that entity tag, if any.
    async fn object(self, target: &Target, etag: Option<&str>) -> Result<Object, ArtifactError> {
        let source = || format!("s3://{}/{}", target.bucket, target.key);
        let object = self.store.objects().get(target).await.map_err(|error| match error {
            ObjectError::Store(error) => error.into(),
            ObjectError::NoSuchBucket(bucket) => error::missing_bucket(&bucket, &source()),
            _ => error::missing(&source()),
        })?;
        match etag.map(|etag| etag.trim_matches('"')) {
            Some(etag) if etag != object.info().etag => {
                Err(error::other_etag(&source(), (etag, &object.info().etag)))
            }
            _ => Ok(object),
        }
    }

    async fn make(self, content: Content) -> Result<ArtifactId, ArtifactError> {
        let id = content.id();
        let turn = self.unpacker.turn(&id).lock_owned().await;
        let (unpacker, unpacking) = (Arc::clone(self.unpacker), id.clone());
        let unpacked = spawn_blocking(move || {
            // A caller who stops waiting does not stop the work: the turn ends with it.
            let _turn = turn;
            unpacker.unpack(&unpacking, content)
        });
        unpacked.await.map_err(|error| broken_off(&error))??;
        Ok(id)
    }

    /// Where an artifact is. The directory exists if [`Artifacts::fetch`] gave out the id and
    /// [`Artifacts::retain`] has not removed it.
    pub fn path(self, id: &ArtifactId) -> PathBuf {
        self.unpacker.path(id)
    }

    /// Removes every artifact that is not in `ids`. What is being fetched stays; false if there
    /// was any such, so that it may have to be removed later.
    pub async fn retain(self, ids: &[ArtifactId]) -> Result<bool, Error> {
        let ids = ids.iter().cloned().collect();
        let unpacker = Arc::clone(self.unpacker);
        spawn_blocking(move || unpacker.retain(&ids)).await.map_err(|_| Error::Closed)?
    }
}

/// What an artifact is made of.
#[derive(Debug)]
enum Content {
    Archive {
        object: Box<Object>,
        /// What messages call it.
        name: String,
    },
    Files(Plan),
}

impl Content {
    fn id(&self) -> ArtifactId {
        match self {
            Self::Archive { object, .. } => id_of(object),
            Self::Files(plan) => plan.id(),
        }
    }

    /// What can be said before a byte is read.
    fn check(&self, limits: &Limits) -> Result<(), ArtifactError> {
        match self {
            Self::Archive { .. } => Ok(()),
            Self::Files(plan) => plan.check_size(limits),
        }
    }

    /// Fills the empty directory `dir`.
    fn fill(self, dir: &Path, limits: &Limits, disk: &Disk) -> Result<(), ArtifactError> {
        match self {
            Self::Archive { object, name } => {
                unpack::unpack(object.into_reader(), dir, (&name, limits), disk)
            }
            Self::Files(plan) => plan.lay_out(dir, disk),
        }
    }
}

fn broken_off(error: &JoinError) -> Error {
    if error.is_panic() { Error::Panicked } else { Error::Closed }
}

fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn id_of(object: &Object) -> ArtifactId {
    let mut hash = Sha256::new();
    for segment in object.segments() {
        hash.update(segment.blob.as_str());
    }
    ArtifactId(to_hex(&hash.finalize()[..16]))
}

/// Unpacks and removes artifacts on threads that may wait.
#[derive(Debug)]
pub(crate) struct Unpacker {
    artifacts: PathBuf,
    manifests: PathBuf,
    tmp: PathBuf,
    disk: Disk,
    limits: Limits,
    /// One turn per artifact being fetched; whoever comes second finds it done.
    turns: Mutex<HashMap<ArtifactId, Weak<Turn>>>,
}

type Turn = tokio::sync::Mutex<()>;

impl Unpacker {
    pub(crate) fn new(layout: &Layout, disk: Disk, limits: Limits) -> Self {
        Self {
            artifacts: layout.artifacts(),
            manifests: layout.manifests(),
            tmp: layout.tmp(),
            disk,
            limits,
            turns: Mutex::default(),
        }
    }

    fn path(&self, id: &ArtifactId) -> PathBuf {
        self.artifacts.join(&id.0)
    }

    fn turn(&self, id: &ArtifactId) -> Arc<Turn> {
        let mut turns = self.turns();
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(id).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Turn::default());
        turns.insert(id.clone(), Arc::downgrade(&turn));
        turn
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<ArtifactId, Weak<Turn>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an artifact unless it is there.
    fn unpack(&self, id: &ArtifactId, content: Content) -> Result<(), ArtifactError> {
        match self.condition(id, Look::Sizes) {
            Condition::Sound => Ok(()),
            damaged => self.make(id, content, &damaged),
        }
    }

    /// Fills a new directory and hands it on; what fails leaves nothing.
    fn build(
        &self,
        content: Content,
        publish: impl FnOnce(&Path) -> Result<(), ArtifactError>,
    ) -> Result<(), ArtifactError> {
        let building = self.tmp.join(random_id());
        fs::create_dir(&building).map_err(Error::io("make", &building))?;
        let filled = content.fill(&building, &self.limits, &self.disk);
        let built = filled.and_then(|()| publish(&building));
        if built.is_err() {
            discard(&building);
        }
        built
    }

    /// Gives what was built its place, and takes away what was there. Its manifest comes first: an
    /// artifact that is there has one, and one without an artifact tells what there was.
    fn publish(&self, building: &Path, manifest: &Manifest, place: &Path) -> Result<(), Error> {
        tree::forbid_writing(building)?;
        let of_place = self.manifests.join(place.file_name().unwrap_or_default());
        self.write_manifest(manifest, &of_place)?;
        self.disk.sync_file_system(building)?;
        let before = if place.exists() { Some(self.move_aside(place)?) } else { None };
        self.disk.rename(building, place)?;
        tree::set_mode(place, tree::DIRECTORY_MODE)?;
        self.disk.sync_dir(&self.artifacts)?;
        if let Some(before) = before {
            discard(&before);
        }
        Ok(())
    }

    /// Moves an artifact where it is no longer one, so that what `artifacts/` shows is whole at
    /// every moment.
    fn move_aside(&self, artifact: &Path) -> Result<PathBuf, Error> {
        let going = self.tmp.join(random_id());
        tree::set_mode(artifact, tree::BUILDING_MODE)?;
        self.disk.rename(artifact, &going)?;
        Ok(going)
    }

    fn write_manifest(&self, manifest: &Manifest, place: &Path) -> Result<(), Error> {
        let being_written = self.tmp.join(random_id());
        let written = self.write_file(&being_written, place, &manifest.to_bytes());
        if written.is_err() {
            durable::remove_file(&being_written)?;
        }
        written
    }

    fn write_file(&self, being_written: &Path, place: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.disk.make_file(being_written)?;
        self.disk.write(&mut file, being_written, bytes)?;
        self.disk.sync_file(&file, being_written)?;
        self.disk.rename(being_written, place)?;
        self.disk.sync_dir(&self.manifests)
    }

    fn retain(&self, ids: &HashSet<ArtifactId>) -> Result<bool, Error> {
        // Asked first: what is published from here on was being fetched now.
        let idle = self.turns().values().all(|turn| turn.strong_count() == 0);
        for entry in tree::entries(&self.artifacts)? {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let id = ArtifactId(name.to_owned());
            if ids.contains(&id) || self.is_fetched(&id) {
                continue;
            }
            discard(&self.move_aside(&entry)?);
            durable::remove_file(&self.manifests.join(name))?;
        }
        Ok(idle)
    }

    /// Whether somebody fetches the artifact now.
    fn is_fetched(&self, id: &ArtifactId) -> bool {
        self.turns().get(id).is_some_and(|turn| turn.strong_count() > 0)
    }
}

/// A tree that stays behind in `tmp/` is removed when the store opens again.
fn discard(tree: &Path) {
    if let Err(error) = remove_tree(tree) {
        tracing::warn!(%error, "part of an artifact was left behind");
    }
}
