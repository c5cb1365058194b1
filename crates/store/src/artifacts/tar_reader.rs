//! Reading tar streams from strangers: entries one after the other, in bounded memory.
//!
//! The `tar` crate parses the header blocks; the stream is walked here, because the crate would
//! read a long name of any length into memory. Formats: ustar, GNU (long names), and pax (path and
//! size). <https://www.gnu.org/software/tar/manual/html_node/Standard.html>,
//! <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html>

use std::{
    borrow::Cow,
    io::{self, Read},
};

use tar::{EntryType, Header};

const BLOCK: usize = 512;
/// Bytes that the headers which extend an entry may have: a few paths.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;

/// What is wrong with a stream.
#[derive(Debug)]
pub(super) enum TarError {
    /// The stream is not a tar, or breaks off; what is wrong, as a clause about the archive.
    Damaged(String),
    /// Reading failed.
    Io(io::Error),
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// Something that an artifact may not hold; what it is, with its article.
    Foreign(&'static str),
}

/// One entry. Its bytes come next from [`TarReader::content`].
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
}

/// Walks a tar stream.
#[derive(Debug)]
pub(super) struct TarReader<R> {
    stream: R,
    /// Bytes of the current entry still to come.
    content_left: u64,
    /// Bytes that pad it to whole blocks.
    padding: u64,
}

/// What extension headers say about the entry after them.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, content_left: 0, padding: 0 }
    }

    /// The next entry, passing over what is left of the one before; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, TarError> {
        let mut extension = Extension::default();
        loop {
            self.pass_over_content()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size().map_err(|_| damaged("a header has no size"))?;
            match header.entry_type() {
                EntryType::XGlobalHeader => self.begin(size)?,
                EntryType::XHeader => {
                    let records = self.extension_bytes(size)?;
                    extension.read_pax(&records)?;
                }
                EntryType::GNULongName => {
                    let mut name = self.extension_bytes(size)?;
                    name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
                    extension.path = Some(name);
                }
                // The target of a link, which is refused when the link comes.
                EntryType::GNULongLink => {
                    self.extension_bytes(size)?;
                }
                _ => return self.entry(&header, size, extension).map(Some),
            }
        }
    }

    /// The bytes of the current entry.
    pub(super) fn content(&mut self) -> Content<'_, R> {
        Content { tar: self }
    }

    /// The stream, after the end of the archive.
    pub(super) fn into_stream(self) -> R {
        self.stream
    }

    fn entry(
        &mut self,
        header: &Header,
        size: u64,
        extension: Extension,
    ) -> Result<Entry, TarError> {
        let path = extension.path.map_or_else(|| header.path_bytes(), Cow::Owned).into_owned();
        let kind = kind(header.entry_type(), extension.sparse, &path);
        let size = extension.size.unwrap_or(size);
        self.begin(if kind == Kind::File { size } else { 0 })?;
        Ok(Entry { path, kind })
    }

    fn begin(&mut self, size: u64) -> Result<(), TarError> {
        self.content_left = size;
        let blocks = size.checked_next_multiple_of(BLOCK as u64);
        self.padding = blocks.ok_or_else(|| damaged("a header has an impossible size"))? - size;
        Ok(())
    }

    fn extension_bytes(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > EXTENSION_BYTES_MAX {
            return Err(damaged("a name in it is too long"));
        }
        self.begin(size)?;
        let mut bytes = Vec::with_capacity(size as usize);
        self.content().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn pass_over_content(&mut self) -> Result<(), TarError> {
        let rest = self.content_left + self.padding;
        let passed = io::copy(&mut (&mut self.stream).take(rest), &mut io::sink())?;
        if passed < rest {
            return Err(cut_short());
        }
        self.content_left = 0;
        self.padding = 0;
        Ok(())
    }

    /// The next header; none at the block of zeros that ends an archive, or at the end of the
    /// stream, since some packers leave those blocks out.
    fn header(&mut self) -> Result<Option<Header>, TarError> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        match read_up_to(&mut self.stream, block)? {
            0 => return Ok(None),
            BLOCK => {}
            _ => return Err(cut_short()),
        }
        if block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if header.cksum().ok() != Some(checksum(header.as_bytes())) {
            return Err(damaged("a header's checksum does not match"));
        }
        Ok(Some(header))
    }
}

impl Extension {
    /// Reads pax records: `LENGTH KEY=VALUE\n`, where LENGTH counts all of the record.
    fn read_pax(&mut self, mut records: &[u8]) -> Result<(), TarError> {
        while !records.is_empty() {
            let (key, value, rest) =
                pax_record(records).ok_or_else(|| damaged("a pax header is malformed"))?;
            records = rest;
            match key {
                b"path" => self.path = Some(value.to_owned()),
                b"size" => self.size = Some(pax_size(value)?),
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

fn pax_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|&byte| byte == b' ')?;
    let length: usize = str::from_utf8(&records[..space]).ok()?.parse().ok()?;
    let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &records[length..]))
}

fn pax_size(value: &[u8]) -> Result<u64, TarError> {
    let size = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    size.ok_or_else(|| damaged("a pax header has no size"))
}

fn kind(entry_type: EntryType, sparse: bool, path: &[u8]) -> Kind {
    match entry_type {
        EntryType::Regular | EntryType::Continuous if sparse => {
            Kind::Foreign("a sparse file; pack it without `--sparse`")
        }
        // Before ustar, a directory was a file whose name ends in a slash.
        EntryType::Regular if path.ends_with(b"/") => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::GNUSparse => Kind::Foreign("a sparse file; pack it without `--sparse`"),
        EntryType::Symlink => Kind::Foreign("a symbolic link; pack with `--dereference`"),
        EntryType::Link => Kind::Foreign("a hard link; pack with `--hard-dereference`"),
        EntryType::Char | EntryType::Block => Kind::Foreign("a device"),
        EntryType::Fifo => Kind::Foreign("a named pipe"),
        _ => Kind::Foreign("of an unknown type"),
    }
}

/// The sum of a header's bytes, its checksum field counted as spaces.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().copied().map(u32::from).sum::<u32>();
    sum(&header[..148]) + 8 * u32::from(b' ') + sum(&header[156..])
}

fn read_up_to(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn damaged(what: &str) -> TarError {
    TarError::Damaged(what.to_owned())
}

fn cut_short() -> TarError {
    damaged("it ends in the middle of an entry")
}

/// The bytes of the current entry; an archive that ends within them is an error.
#[derive(Debug)]
pub(super) struct Content<'a, R> {
    tar: &'a mut TarReader<R>,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.tar.content_left.min(buffer.len() as u64) as usize;
        let read = self.tar.stream.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.tar.content_left -= read as u64;
        Ok(read)
    }
}
