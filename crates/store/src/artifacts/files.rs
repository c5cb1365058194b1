//! Files of an artifact that is being built: made read-only, through the disk that tests can let
//! fail. Which files there are is the callers'.

use std::{
    fs::{self, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::{Error, durable::Disk};

const FILE_MODE: u32 = 0o444;
const BUFFER_BYTES: usize = 128 << 10;

/// Why a file could not be written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// What was to be written could not be read.
    Content(io::Error),
    /// The disk failed.
    Disk(Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

/// Makes a new read-only file of all of `content`.
pub(super) fn write(disk: &Disk, place: &Path, content: &mut impl Read) -> Result<(), WriteError> {
    let mut file = disk.make_file(place)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(Error::io("protect", place))?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => disk.write(&mut file, place, &buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(WriteError::Content(error)),
        }
    }
}

/// Makes the directories that a file is to lie in.
pub(super) fn make_directories_above(place: &Path) -> Result<(), Error> {
    let above = place.parent().unwrap_or(place);
    fs::create_dir_all(above).map_err(Error::io("make", above))
}
