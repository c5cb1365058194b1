//! Unpacking: gzip, then tar, then files, with every rule checked on the way.

use std::{
    collections::HashSet,
    fs::DirBuilder,
    io::{self, BufReader, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use super::{
    ArtifactError, Limits,
    files::{self, WriteError},
    path,
    tar_reader::{Entry, Kind, TarError, TarReader},
};
use crate::{Error, durable::Disk};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// What to do about an archive that is none.
const PACK: &str = "pack it with `tar czf model.tar.gz -C DIR .`";
const DIRECTORY_MODE: u32 = 0o755;
const BUFFER_BYTES: usize = 128 << 10;

/// Unpacks `packed` into the empty directory `dir`. `name` is what messages call the archive.
pub(super) fn unpack(
    mut packed: impl Read,
    dir: &Path,
    (name, limits): (&str, &Limits),
    disk: &Disk,
) -> Result<(), ArtifactError> {
    let start = read_start(&mut packed).map_err(Error::io("read", name.as_ref()))?;
    check_magic(&start, name)?;
    let packed = BufReader::with_capacity(BUFFER_BYTES, start.chain(packed));
    let unpacked = Bounded { stream: MultiGzDecoder::new(packed), left: limits.unpacked_bytes_max };
    let directories = HashSet::new();
    let mut unpacking = Unpacking { dir, name, limits, disk, directories, entries: 0 };
    unpacking.run(TarReader::new(unpacked))
}

fn read_start(packed: &mut impl Read) -> io::Result<io::Cursor<Vec<u8>>> {
    let mut start = Vec::new();
    packed.take(8).read_to_end(&mut start)?;
    Ok(io::Cursor::new(start))
}

fn check_magic(start: &io::Cursor<Vec<u8>>, name: &str) -> Result<(), ArtifactError> {
    let start = start.get_ref();
    if start.starts_with(&GZIP_MAGIC) {
        return Ok(());
    }
    let found = if start.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("it starts with `{}`", start.escape_ascii())
    };
    Err(refused(format!("`{name}` is not gzip: {found}; {PACK}")))
}

fn refused(text: String) -> ArtifactError {
    ArtifactError::Refused(text)
}

/// Stops a stream that unpacks to too much.
struct Bounded<R> {
    stream: R,
    left: u64,
}

/// Marks the error of a [`Bounded`] stream that is used up.
#[derive(Debug, thiserror::Error)]
#[error("the limit on unpacked bytes is passed")]
struct TooMuch;

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TooMuch))?;
        Ok(read)
    }
}

struct Unpacking<'a> {
    dir: &'a Path,
    name: &'a str,
    limits: &'a Limits,
    disk: &'a Disk,
    /// Directories made so far, relative to `dir`.
    directories: HashSet<PathBuf>,
    entries: usize,
}

impl Unpacking<'_> {
    fn run(&mut self, mut tar: TarReader<impl Read>) -> Result<(), ArtifactError> {
        while let Some(entry) = tar.next().map_err(|error| self.broken(error))? {
            self.entries += 1;
            if self.entries > self.limits.entries_max {
                let max = self.limits.entries_max;
                return Err(refused(format!(
                    "`{}` holds more than {max} entries, the most that an artifact may have; leave \
                     out what the model does not need",
                    self.name
                )));
            }
            self.place(&entry, &mut tar)?;
        }
        // What follows the archive is padding; reading it checks gzip's own checksum.
        io::copy(&mut tar.into_stream(), &mut io::sink())
            .map_err(|error| self.broken(error.into()))?;
        Ok(())
    }

    fn place(
        &mut self,
        entry: &Entry,
        tar: &mut TarReader<impl Read>,
    ) -> Result<(), ArtifactError> {
        if let Kind::Foreign(what) = entry.kind {
            return Err(self.forbidden(entry, &format!("it is {what}")));
        }
        let path =
            path::parse(&entry.path, self.limits).map_err(|rule| self.forbidden(entry, &rule))?;
        if entry.kind == Kind::Directory {
            return self.make_directories(entry, &path);
        }
        if path.as_os_str().is_empty() {
            return Err(self.forbidden(entry, "it is a file in place of the root directory"));
        }
        self.make_directories(entry, path.parent().unwrap_or(Path::new("")))?;
        self.make_file(entry, &path, tar)
    }

    fn make_directories(&mut self, entry: &Entry, path: &Path) -> Result<(), ArtifactError> {
        let mut missing: Vec<&Path> = path
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !self.directories.contains(*path))
            .collect();
        while let Some(path) = missing.pop() {
            let place = self.dir.join(path);
            match DirBuilder::new().mode(DIRECTORY_MODE).create(&place) {
                Ok(()) => self.directories.insert(path.to_owned()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let rule = format!("`{}` is a file already", path.display());
                    return Err(self.forbidden(entry, &rule));
                }
                Err(error) => return Err(Error::io("make", &place)(error).into()),
            };
        }
        Ok(())
    }

    fn make_file(
        &self,
        entry: &Entry,
        path: &Path,
        tar: &mut TarReader<impl Read>,
    ) -> Result<(), ArtifactError> {
        if self.directories.contains(path) {
            let rule = format!("`{}` is a directory already", path.display());
            return Err(self.forbidden(entry, &rule));
        }
        let place = self.dir.join(path);
        // As with `tar`, a later file of the same name replaces the earlier one.
        crate::durable::remove_file(&place)?;
        files::write(self.disk, &place, &mut tar.content()).map_err(|error| match error {
            WriteError::Content(error) => self.broken(error.into()),
            WriteError::Disk(error) => error.into(),
        })
    }

    fn forbidden(&self, entry: &Entry, rule: &str) -> ArtifactError {
        let path = entry.path[..entry.path.len().min(200)].escape_ascii();
        refused(format!(
            "entry {} of `{}`, `{path}`, cannot be unpacked: {rule}",
            self.entries, self.name
        ))
    }

    /// An error of the stream: the limit, damage, or a fault of the disk.
    fn broken(&self, error: TarError) -> ArtifactError {
        let name = self.name;
        let error = match error {
            TarError::Damaged(what) => {
                return refused(format!("`{name}` is not a sound tar archive: {what}; {PACK}"));
            }
            TarError::Io(error) => error,
        };
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooMuch>) {
            let max = self.limits.unpacked_bytes_max;
            return refused(format!(
                "`{name}` unpacks to more than {max} bytes, the most that an artifact may have; \
                 leave out what the model does not need"
            ));
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                refused(format!("`{name}` is cut short; upload it again"))
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                refused(format!("`{name}` has damaged gzip data: {error}; upload it again"))
            }
            _ => Error::io("read", name.as_ref())(error).into(),
        }
    }
}
