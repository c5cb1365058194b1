//! What an unpacked artifact holds: a line of JSON for each file, with its path, size and SHA-256,
//! so that damage can be told from what was there when it was unpacked.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tree;
use crate::{Error, cursor::to_hex, regular};

/// How closely an artifact is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Which files there are, and their sizes: a system call for each.
    Sizes,
    /// Every byte.
    Bytes,
}

/// The files of an artifact, by their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    files: BTreeMap<PathBuf, Entry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    size: u64,
    /// Empty where only sizes were looked at.
    sha256: String,
}

impl Manifest {
    /// What a directory holds.
    pub(super) fn of(dir: &Path, look: Look) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        collect(dir, (Path::new(""), look), &mut files)?;
        Ok(Self { files })
    }

    /// The manifest that was kept; none if it is missing or cannot be read.
    pub(crate) fn kept(place: &Path) -> Option<Self> {
        let text = fs::read_to_string(place).ok()?;
        let entry =
            |line| serde_json::from_str(line).map(|entry: Entry| (entry.path.clone(), entry));
        Some(Self { files: text.lines().map(entry).collect::<Result<_, _>>().ok()? })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for entry in self.files.values() {
            serde_json::to_writer(&mut text, entry)
                .expect("paths of artifacts are UTF-8: this is a bug");
            text.push(b'\n');
        }
        text
    }

    /// How a directory differs from its manifest; empty if it does not.
    pub(crate) fn differences(&self, dir: &Path, look: Look) -> Result<Vec<String>, Error> {
        let mut found = Self::of(dir, look)?.files;
        let mut differences = Vec::new();
        for (path, expected) in &self.files {
            let name = path.display();
            match found.remove(path) {
                Some(entry) if entry.is(expected, look) => {}
                Some(_) => differences.push(format!("file `{name}` is not what was unpacked")),
                None => differences.push(format!("file `{name}` is missing")),
            }
        }
        let more = |path: &PathBuf| format!("file `{}` was not unpacked", path.display());
        differences.extend(found.keys().map(more));
        Ok(differences)
    }
}

impl Entry {
    fn is(&self, expected: &Self, look: Look) -> bool {
        match look {
            Look::Sizes => self.size == expected.size,
            Look::Bytes => self == expected,
        }
    }
}

fn collect(
    dir: &Path,
    (below, look): (&Path, Look),
    files: &mut BTreeMap<PathBuf, Entry>,
) -> Result<(), Error> {
    for place in tree::entries(dir)? {
        let path = below.join(place.file_name().unwrap_or_default());
        if place.is_dir() {
            collect(&place, (&path, look), files)?;
        } else {
            let (size, sha256) = match look {
                Look::Sizes => {
                    (regular::size(&place).map_err(Error::io("read", &place))?, String::new())
                }
                Look::Bytes => hashed(&place)?,
            };
            files.insert(path.clone(), Entry { path, size, sha256 });
        }
    }
    Ok(())
}

fn hashed(place: &Path) -> Result<(u64, String), Error> {
    let hash = || {
        let mut hash = Hashing(Sha256::new());
        let size = io::copy(&mut regular::open(place)?, &mut hash)?;
        Ok((size, to_hex(&hash.0.finalize())))
    };
    hash().map_err(Error::io("read", place))
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
