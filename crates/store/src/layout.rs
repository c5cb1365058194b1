//! The data directory: its paths, its version, and the lock that keeps a second process out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{Error, durable::Disk};

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
    pub(crate) fn open(dir: &Path, disk: &Disk) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::io("make", dir))?;
        let lock = lock_version(dir, disk)?;
        let layout = Self { dir: dir.to_owned(), _lock: lock };
        for part in [layout.objects(), layout.artifacts(), layout.manifests(), layout.tmp()] {
            disk.make_dir(&part)?;
        }
        Ok(layout)
    }

    /// Takes `dir` as it is, and changes nothing in it; one that never was a data directory is
    /// refused.
    pub(crate) fn inspect(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("LAYOUT");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NoData { dir: dir.to_owned() });
            }
            Err(error) => return Err(Error::io("open", &path)(error)),
        };
        lock(&file, dir)?;
        check_version(dir, &read(&mut file, &path)?)?;
        Ok(Self { dir: dir.to_owned(), _lock: file })
    }

    /// The version of the layout.
    pub(crate) const fn version() -> u32 {
        VERSION
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

    /// What each unpacked artifact holds.
    pub(crate) fn manifests(&self) -> PathBuf {
        self.dir.join("manifests")
    }

    /// Bytes of objects that the database does not know.
    pub(crate) fn unreferenced(&self) -> PathBuf {
        self.dir.join("unreferenced")
    }

    /// Work in progress.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }
}

/// Locks `LAYOUT` and checks or writes the version in it. An empty file is one whose writer died
/// before it wrote anything else either.
fn lock_version(dir: &Path, disk: &Disk) -> Result<File, Error> {
    let path = dir.join("LAYOUT");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(Error::io("open", &path))?;
    lock(&file, dir)?;
    let text = read(&mut file, &path)?;
    if text.is_empty() {
        disk.write(&mut file, &path, format!("{VERSION}\n").as_bytes())?;
        disk.sync_file(&file, &path)?;
        disk.sync_dir(dir)?;
    } else {
        check_version(dir, &text)?;
    }
    Ok(file)
}

fn lock(file: &File, dir: &Path) -> Result<(), Error> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", &dir.join("LAYOUT"))(error)),
    }
}

fn read(file: &mut File, path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(Error::io("read", path))?;
    Ok(text)
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
