//! Directory trees: made read-only, and removed although they are.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{Error, durable};

/// An artifact's directories can be read by whoever runs the model, and changed by nobody.
pub(super) const DIRECTORY_MODE: u32 = 0o555;
/// A directory that is being built, or on its way out.
pub(super) const BUILDING_MODE: u32 = 0o755;

/// Takes the right to write from every directory below `dir`. It keeps its own: a directory that
/// cannot be written cannot be moved either.
pub(super) fn forbid_writing(dir: &Path) -> Result<(), Error> {
    for entry in entries(dir)? {
        if is_dir(&entry) {
            forbid_writing(&entry)?;
            set_mode(&entry, DIRECTORY_MODE)?;
        }
    }
    Ok(())
}

/// Removes a directory with everything in it.
pub(crate) fn remove_tree(dir: &Path) -> Result<(), Error> {
    set_mode(dir, BUILDING_MODE)?;
    for entry in entries(dir)? {
        if is_dir(&entry) {
            remove_tree(&entry)?;
        } else {
            durable::remove_file(&entry)?;
        }
    }
    fs::remove_dir(dir).map_err(Error::io("remove", dir))
}

/// What a directory holds.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>();
    read().map_err(Error::io("list", dir))
}

/// Whether it is a directory itself, not a link to one.
pub(crate) fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::io("protect", path))
}
