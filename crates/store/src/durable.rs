//! Changes of files and directories that survive a power cut, or that skip the wait in an ephemeral
//! store. Every change goes through [`Disk`], so that tests can let any of them fail.
//!
//! A new name is durable only once its directory is synced, and a renamed file is whole only if
//! it was synced under its old name first (<https://lwn.net/Articles/457667/>).

use std::{
    fmt::Debug,
    fs::{self, File},
    io::{self, Write},
    num::NonZero,
    ops::Range,
    path::Path,
    sync::Arc,
};

use crate::{Durability, Error};

/// What is about to be done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A file or directory is made.
    Make,
    /// Bytes are written.
    Write,
    /// A file, a directory or a file system is synced.
    Sync,
    /// A file or directory is renamed.
    Rename,
}

/// What a failing disk does; for tests. An error stands for that of the operating system, and of
/// bytes that were to be written, the first half is.
pub trait Faults: Debug + Send + Sync {
    /// Asked before each change.
    fn before(&self, change: Change, path: &Path) -> io::Result<()>;
}

/// The disk, as the store changes it.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(crate) durability: Durability,
    pub(crate) faults: Option<Arc<dyn Faults>>,
}

impl Disk {
    fn ask(&self, change: Change, path: &Path) -> io::Result<()> {
        self.faults.as_ref().map_or(Ok(()), |faults| faults.before(change, path))
    }

    /// Makes a new file to be written.
    pub(crate) fn make_file(&self, path: &Path) -> Result<File, Error> {
        self.ask(Change::Make, path)
            .and_then(|()| File::create_new(path))
            .map_err(Error::io("make", path))
    }

    /// Appends bytes to a file.
    pub(crate) fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let asked = self.ask(Change::Write, path);
        let bytes = if asked.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        file.write_all(bytes).and(asked).map_err(Error::io("write", path))
    }

    /// Lets the system begin to write these bytes of a file to the disk, so that the sync at its end
    /// finds little left to do: it would do all of it at a stretch, in which a kernel that does not
    /// preempt itself lets no other thread have the core. It is a hint, and nothing relies on it.
    pub(crate) fn begin_sync(&self, file: &File, bytes: Range<u64>) {
        let length = NonZero::new(bytes.end - bytes.start);
        if self.durability == Durability::Synced && length.is_some() {
            #[cfg(any(target_os = "linux", target_os = "freebsd"))]
            let _ = rustix::fs::fadvise(file, bytes.start, length, rustix::fs::Advice::DontNeed);
            #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
            let _ = file;
        }
    }

    /// Syncs a file's content.
    pub(crate) fn sync_file(&self, file: &File, path: &Path) -> Result<(), Error> {
        self.sync(path, || file.sync_data())
    }

    /// Syncs the names in a directory.
    pub(crate) fn sync_dir(&self, dir: &Path) -> Result<(), Error> {
        self.sync(dir, || File::open(dir)?.sync_all())
    }

    /// Syncs everything on the file system that holds `dir`: cheaper than a sync per file where
    /// one directory tree has many.
    pub(crate) fn sync_file_system(&self, dir: &Path) -> Result<(), Error> {
        self.sync(dir, || Ok(rustix::fs::syncfs(File::open(dir)?)?))
    }

    fn sync(&self, path: &Path, sync: impl FnOnce() -> io::Result<()>) -> Result<(), Error> {
        let synced = self.ask(Change::Sync, path).and_then(|()| match self.durability {
            Durability::Synced => sync(),
            Durability::Ephemeral => Ok(()),
        });
        synced.map_err(Error::io("sync", path))
    }

    /// Makes one directory unless it is there, durably.
    pub(crate) fn make_dir(&self, dir: &Path) -> Result<(), Error> {
        match self.ask(Change::Make, dir).and_then(|()| fs::create_dir(dir)) {
            Ok(()) => dir.parent().map_or(Ok(()), |parent| self.sync_dir(parent)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Error::io("make", dir)(error)),
        }
    }

    /// Renames a file or directory; the directory that it comes into is not synced yet.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.ask(Change::Rename, from)
            .and_then(|()| fs::rename(from, to))
            .map_err(Error::io("rename", from))
    }
}

/// Removes a file unless it is gone already.
pub(crate) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
