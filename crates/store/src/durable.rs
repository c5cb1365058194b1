//! Files and directories that survive a power cut, or that skip the wait in an ephemeral store.
//!
//! A new name is durable only once its directory is synced, and a renamed file is whole only if
//! it was synced under its old name first (<https://lwn.net/Articles/457667/>).

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::{Durability, Error};

/// Syncs a file's content.
pub(crate) fn sync_file(durability: Durability, file: &File, path: &Path) -> Result<(), Error> {
    match durability {
        Durability::Synced => file.sync_data().map_err(Error::io("sync", path)),
        Durability::Ephemeral => Ok(()),
    }
}

/// Syncs the names in a directory.
pub(crate) fn sync_dir(durability: Durability, dir: &Path) -> Result<(), Error> {
    match durability {
        Durability::Synced => {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", dir))
        }
        Durability::Ephemeral => Ok(()),
    }
}

/// Syncs everything on the file system that holds `dir`: cheaper than a sync per file where one
/// directory tree has many.
pub(crate) fn sync_file_system(durability: Durability, dir: &Path) -> Result<(), Error> {
    match durability {
        Durability::Synced => File::open(dir)
            .and_then(|dir| Ok(rustix::fs::syncfs(&dir)?))
            .map_err(Error::io("sync the file system of", dir)),
        Durability::Ephemeral => Ok(()),
    }
}

/// Makes one directory unless it is there, durably.
pub(crate) fn make_dir(durability: Durability, dir: &Path) -> Result<(), Error> {
    match fs::create_dir(dir) {
        Ok(()) => dir.parent().map_or(Ok(()), |parent| sync_dir(durability, parent)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::io("make", dir)(error)),
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
