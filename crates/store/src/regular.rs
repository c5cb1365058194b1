//! Reading files and nothing else: what stands in a file's place may be a pipe, for which a reader would
//! wait for ever.

use std::{fs::File, io, path::Path};

/// Opens a file for reading; what is none is an error.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: that of a pipe already waits.
    size(path)?;
    File::open(path)
}

/// The size of a file in bytes; what is none is an error.
pub(crate) fn size(path: &Path) -> io::Result<u64> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    Ok(metadata.len())
}
