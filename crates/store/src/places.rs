//! Where blobs lie: on shelves named by the first two digits of their names, below `objects/` or
//! aside below `unreferenced/`, or in `tmp/` as long as no row names them, or is to name them on.

use std::path::{Path, PathBuf};

use crate::{
    Error,
    artifacts::{entries, is_dir},
    blobs::BlobId,
    layout::Layout,
};

/// The directories that hold blobs.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) objects: PathBuf,
    pub(crate) tmp: PathBuf,
    pub(crate) unreferenced: PathBuf,
}

impl Places {
    pub(crate) fn new(layout: &Layout) -> Self {
        let (objects, tmp) = (layout.objects(), layout.tmp());
        Self { objects, tmp, unreferenced: layout.unreferenced() }
    }

    /// The place of a blob that a row names.
    pub(crate) fn of(&self, id: &BlobId) -> PathBuf {
        self.shelf_of(id).join(id.as_str())
    }

    /// The directory of that place.
    pub(crate) fn shelf_of(&self, id: &BlobId) -> PathBuf {
        shelf(&self.objects, id)
    }

    /// The place of a blob that no row names yet, or that is on its way out.
    pub(crate) fn being_written(&self, id: &BlobId) -> PathBuf {
        self.tmp.join(id.as_str())
    }

    /// The directory of a blob that the database does not know.
    pub(crate) fn aside(&self, id: &BlobId) -> PathBuf {
        shelf(&self.unreferenced, id)
    }

    /// Where a blob that a row names is; its own place if it is nowhere.
    pub(crate) fn find(&self, id: &BlobId) -> PathBuf {
        let own = self.of(id);
        let others = [self.being_written(id), self.aside(id).join(id.as_str())];
        if own.exists() {
            return own;
        }
        others.into_iter().find(|place| place.exists()).unwrap_or(own)
    }
}

fn shelf(dir: &Path, id: &BlobId) -> PathBuf {
    dir.join(id.as_str().get(..2).unwrap_or_default())
}

/// Every file on a shelf below a directory; none if there is no such directory. What else lies there
/// is not the store's, such as what file managers leave behind.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let shelves = if dir.exists() { entries(dir)? } else { Vec::new() };
    for shelf in shelves.into_iter().filter(|shelf| is_dir(shelf)) {
        files.extend(entries(&shelf)?.into_iter().filter(|file| !is_dir(file)));
    }
    Ok(files)
}

/// The blob that a file is.
pub(crate) fn blob_of(file: &Path) -> BlobId {
    BlobId::named(file.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
