//! What an unpacked artifact holds: a line of JSON for each file, with its path, size and SHA-256,
//! so that damage can be told from what was there when it was unpacked.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tree;
use crate::{Error, cursor::to_hex, regular};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    size: u64,
    sha256: String,
}

/// The manifest of a directory.
pub(super) fn of(dir: &Path) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    for entry in files(dir)?.into_values() {
        serde_json::to_writer(&mut text, &entry)
            .expect("paths of artifacts are UTF-8: this is a bug");
        text.push(b'\n');
    }
    Ok(text)
}

/// How a directory differs from its manifest; empty if it does not.
pub(crate) fn differences(dir: &Path, manifest: &str) -> Result<Vec<String>, Error> {
    let mut found = files(dir)?;
    let mut differences = Vec::new();
    for line in manifest.lines() {
        let Ok(expected) = serde_json::from_str::<Entry>(line) else {
            differences.push("its manifest cannot be read".to_owned());
            continue;
        };
        let name = expected.path.display().to_string();
        match found.remove(&expected.path) {
            Some(entry) if entry == expected => {}
            Some(_) => differences.push(format!("file `{name}` is not what was unpacked")),
            None => differences.push(format!("file `{name}` is missing")),
        }
    }
    let more = |path: &PathBuf| format!("file `{}` was not unpacked", path.display());
    differences.extend(found.keys().map(more));
    Ok(differences)
}

fn files(dir: &Path) -> Result<BTreeMap<PathBuf, Entry>, Error> {
    let mut files = BTreeMap::new();
    collect(dir, Path::new(""), &mut files)?;
    Ok(files)
}

fn collect(dir: &Path, below: &Path, files: &mut BTreeMap<PathBuf, Entry>) -> Result<(), Error> {
    for place in tree::entries(dir)? {
        let path = below.join(place.file_name().unwrap_or_default());
        if place.is_dir() {
            collect(&place, &path, files)?;
        } else {
            files.insert(path.clone(), entry(&place, path)?);
        }
    }
    Ok(())
}

fn entry(place: &Path, path: PathBuf) -> Result<Entry, Error> {
    let hash = || {
        let mut hash = Hashing(Sha256::new());
        let size = io::copy(&mut regular::open(place)?, &mut hash)?;
        Ok((size, to_hex(&hash.0.finalize())))
    };
    let (size, sha256) = hash().map_err(Error::io("read", place))?;
    Ok(Entry { path, size, sha256 })
}

/// A hash that takes what is written to it.
pub(crate) struct Hashing<D>(pub(crate) D);

impl<D: Digest> io::Write for Hashing<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
