//! The data directory: its paths, its version, and the lock that keeps a second process out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use crate::{Durability, Error, durable};

/// The layout that this version writes.
const VERSION: u32 = 1;

/// An open data directory. The lock goes when it is dropped, or with the process.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
    _lock: File,
}

impl Layout {
    /// Makes or takes over `dir`.
    pub(crate) fn open(dir: &Path, durability: Durability) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::io("make", dir))?;
        let lock = lock_version(dir, durability)?;
        let layout = Self { dir: dir.to_owned(), _lock: lock };
        for part in [layout.objects(), layout.artifacts(), layout.tmp()] {
            durable::make_dir(durability, &part)?;
        }
        Ok(layout)
    }

    /// The metadata database.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("meta.sqlite")
    }

    /// Bytes of objects.
    pub(crate) fn objects(&self) -> PathBuf {
        self.dir.join("objects")
    }

    /// Unpacked artifacts.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.dir.join("artifacts")
    }

    /// Work in progress.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }
}

/// Locks `LAYOUT` and checks or writes the version in it. An empty file is one whose writer died
/// before it wrote anything else either.
fn lock_version(dir: &Path, durability: Durability) -> Result<File, Error> {
    let path = dir.join("LAYOUT");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(Error::io("read", &path))?;
    if text.is_empty() {
        file.write_all(format!("{VERSION}\n").as_bytes()).map_err(Error::io("write", &path))?;
        durable::sync_file(durability, &file, &path)?;
        durable::sync_dir(durability, dir)?;
    } else {
        check_version(dir, &text)?;
    }
    Ok(file)
}

fn check_version(dir: &Path, text: &str) -> Result<(), Error> {
    match text.trim().parse::<u32>() {
        Ok(found) if found > VERSION => {
            Err(Error::NewerLayout { dir: dir.to_owned(), found, known: VERSION })
        }
        Ok(_) => Ok(()),
        Err(_) => Err(Error::NotALayout {
            dir: dir.to_owned(),
            found: text.trim().chars().take(40).collect(),
        }),
    }
}
