//! What a start does about blobs: gives those that have a name their place, removes what a crash left,
//! and keeps aside what the database does not know.

use std::{collections::HashSet, path::Path};

use crate::{
    Error,
    artifacts::{entries, is_dir, remove_tree},
    blobs::BlobId,
    durable::{self, Disk},
    places::{Places, blob_of, files},
};

/// Sweeps the directories of a store that nobody uses yet.
pub(crate) fn sweep(places: &Places, named: &HashSet<BlobId>, disk: &Disk) -> Result<(), Error> {
    for entry in entries(&places.tmp)? {
        let id = blob_of(&entry);
        if named.contains(&id) {
            give_place(places, (&entry, &id), disk)?;
        } else {
            remove_any(&entry)?;
        }
    }
    for file in files(&places.unreferenced)? {
        let id = blob_of(&file);
        if named.contains(&id) && !places.of(&id).exists() {
            give_place(places, (&file, &id), disk)?;
        }
    }
    let mut aside = 0_u64;
    for file in files(&places.objects)? {
        let id = blob_of(&file);
        if !named.contains(&id) {
            move_aside(places, (&file, &id), disk)?;
            aside += 1;
        }
    }
    if aside > 0 {
        tracing::warn!(
            objects = aside,
            directory = %places.unreferenced.display(),
            "`meta.sqlite` does not know some objects, as after a restore of an older one; they were \
             moved aside. Put the `meta.sqlite` that names them back and start again, or remove that \
             directory if nothing is missed"
        );
    }
    Ok(())
}

fn give_place(places: &Places, (file, id): (&Path, &BlobId), disk: &Disk) -> Result<(), Error> {
    disk.make_dir(&places.shelf_of(id))?;
    disk.rename(file, &places.of(id))
}

fn move_aside(places: &Places, (file, id): (&Path, &BlobId), disk: &Disk) -> Result<(), Error> {
    let shelf = places.aside(id);
    disk.make_dir(&places.unreferenced)?;
    disk.make_dir(&shelf)?;
    disk.rename(file, &shelf.join(id.as_str()))
}

fn remove_any(path: &Path) -> Result<(), Error> {
    if is_dir(path) { remove_tree(path) } else { durable::remove_file(path) }
}
