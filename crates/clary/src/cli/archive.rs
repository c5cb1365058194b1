//! Packs what a user has into what SageMaker takes: a `model.tar.gz`. Whether the model in it is
//! any good is left to the server, which opens it.

use std::{
    fs::{self, File},
    io::{self, Read, Seek as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::client::Upload;

/// The name that AWS's XGBoost image looks for.
const MODEL_FILE_NAME: &str = "xgboost-model";
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";

/// A `model.tar.gz` in a file: the user's, or one without a name that goes with us.
#[derive(Debug)]
pub(crate) struct Archive {
    file: File,
    length: u64,
    sha256: [u8; 32],
}

impl Archive {
    /// Packs a model file or a folder; takes a `.tar.gz` as it is. The same content always gives
    /// the same bytes.
    pub(crate) fn pack(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let metadata = fs::metadata(path).with_context(|| {
            format!("`{shown}` can't be read; give a model file, a folder or a model.tar.gz")
        })?;
        if metadata.is_dir() { pack_folder(path) } else { pack_file(path) }
    }

    /// Packs a model file of XGBoost's that is already in memory.
    pub(crate) fn of_model(model: &[u8]) -> anyhow::Result<Self> {
        Self::of_files([(MODEL_FILE_NAME, model)])
    }

    /// Packs files that are already in memory, by their names.
    pub(crate) fn of_files<const N: usize>(files: [(&str, &[u8]); N]) -> anyhow::Result<Self> {
        pack_entries(files.map(|(name, bytes)| (PathBuf::from(name), Content::Bytes(bytes))))
    }

    /// Reads the file once, for what is to be known of it.
    fn of_file(mut file: File) -> anyhow::Result<Self> {
        file.rewind()?;
        let mut digest = Digester(Sha256::new());
        let length = io::copy(&mut file, &mut digest)?;
        Ok(Self { file, length, sha256: digest.0.finalize().into() })
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// SHA-256 in lower-case hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        hex(&self.sha256)
    }

    /// What is sent to a server.
    pub(crate) fn into_upload(mut self) -> anyhow::Result<Upload> {
        self.file.rewind()?;
        Ok(Upload { file: self.file, sha256: self.sha256 })
    }
}

struct Digester(Sha256);

impl io::Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

enum Content<'a> {
    Bytes(&'a [u8]),
    File(PathBuf),
}

fn pack_file(path: &Path) -> anyhow::Result<Archive> {
    let shown = path.display();
    let unreadable = || format!("`{shown}` can't be read");
    let mut file = File::open(path).with_context(unreadable)?;
    let mut start = Vec::new();
    file.by_ref().take(ZIP.len() as u64).read_to_end(&mut start).with_context(unreadable)?;
    ensure!(!start.is_empty(), "`{shown}` is empty; give a model file that was written to its end");
    if start.starts_with(GZIP) {
        check_archive(&mut file)
            .with_context(|| format!("`{shown}` is not a usable model archive"))?;
        return Archive::of_file(file).with_context(unreadable);
    }
    let extension = path.extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("gz") || extension.eq_ignore_ascii_case("tgz") {
        bail!("`{shown}` is not compressed with gzip; make it with `tar -czf`, or give the folder");
    }
    if start.starts_with(ZIP) {
        bail!("`{shown}` is a zip archive; unpack it and give the folder, or make a .tar.gz");
    }
    pack_entries([(PathBuf::from(MODEL_FILE_NAME), Content::File(path.to_owned()))])
}

/// Reads the archive to its end: what is cut off is found here and not after an upload.
fn check_archive(file: &mut File) -> anyhow::Result<()> {
    file.rewind()?;
    let mut archive = tar::Archive::new(GzDecoder::new(io::BufReader::new(file)));
    let mut files = 0;
    for entry in archive.entries()? {
        let mut entry = entry.context("it is gzip, but there is no tar in it, or only a part")?;
        if matches!(entry.header().entry_type(), EntryType::Symlink | EntryType::Link) {
            let name = entry.path()?.display().to_string();
            bail!("`{name}` in it is a link, which SageMaker refuses; pack the file itself");
        }
        files += usize::from(entry.header().entry_type().is_file());
        io::copy(&mut entry, &mut io::sink()).context("it is cut off; pack it again")?;
    }
    ensure!(files > 0, "there is no file in it");
    Ok(())
}

fn pack_folder(folder: &Path) -> anyhow::Result<Archive> {
    let mut files = Vec::new();
    collect(folder, Path::new(""), &mut files)?;
    ensure!(
        !files.is_empty(),
        "`{}` has no files in it; put the model there, or give the model file itself",
        folder.display()
    );
    files.sort();
    let entries = files.into_iter().map(|name| {
        let path = folder.join(&name);
        (name, Content::File(path))
    });
    pack_entries(entries)
}

/// All files below `folder/below`, by their paths relative to `folder`.
fn collect(folder: &Path, below: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let here = folder.join(below);
    let unreadable = || format!("`{}` can't be read", here.display());
    for entry in fs::read_dir(&here).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let (name, kind) = (below.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            collect(folder, &name, files)?;
        } else if kind.is_file() {
            files.push(name);
        } else {
            bail!(
                "`{}` is neither a file nor a folder, and SageMaker refuses links; put the file \
                 itself there",
                entry.path().display()
            );
        }
    }
    Ok(())
}

fn pack_entries<'a>(
    entries: impl IntoIterator<Item = (PathBuf, Content<'a>)>,
) -> anyhow::Result<Archive> {
    let packed = tempfile::tempfile().context("there is no room for a temporary file")?;
    let packed = io::BufWriter::new(packed);
    let mut builder = Builder::new(GzEncoder::new(packed, Compression::default()));
    for (name, content) in entries {
        match content {
            Content::Bytes(bytes) => append(&mut builder, &name, bytes.len() as u64, bytes)?,
            Content::File(path) => {
                let unreadable = || format!("`{}` can't be read", path.display());
                let file = File::open(&path).with_context(unreadable)?;
                let length = file.metadata().with_context(unreadable)?.len();
                append(&mut builder, &name, length, file)?;
            }
        }
    }
    let packed = builder.into_inner()?.finish()?;
    Archive::of_file(packed.into_inner().map_err(io::IntoInnerError::into_error)?)
}

/// Times, owners and modes stay out, so that the digest tells the content and nothing else.
fn append<W: io::Write>(
    builder: &mut Builder<W>,
    name: &Path,
    length: u64,
    content: impl Read,
) -> anyhow::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o644);
    header.set_entry_type(EntryType::Regular);
    builder
        .append_data(&mut header, name, content)
        .with_context(|| format!("`{}` can't be packed", name.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::TempDir;

    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            File::create(path).and_then(|mut file| file.write_all(bytes)).expect("a file");
        }
        folder
    }

    fn bytes(archive: Archive) -> Vec<u8> {
        let mut bytes = Vec::new();
        let length = archive.length();
        let mut file = archive.into_upload().expect("it rewinds").file;
        file.read_to_end(&mut bytes).expect("it can be read");
        assert_eq!(bytes.len() as u64, length);
        bytes
    }

    fn names(archive: Archive) -> Vec<String> {
        let bytes = bytes(archive);
        let mut tar = tar::Archive::new(GzDecoder::new(&*bytes));
        let entries = tar.entries().expect("a tar");
        entries
            .map(|entry| entry.and_then(|e| Ok(e.path()?.display().to_string())).expect("an entry"))
            .collect()
    }

    fn error(path: &Path) -> String {
        match Archive::pack(path) {
            Ok(_) => panic!("`{}` was packed", path.display()),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_bare_file_gets_the_name_that_the_image_wants() {
        let folder = folder(&[("my-model.json", b"{}")]);
        let archive = Archive::pack(&folder.path().join("my-model.json")).expect("packed");
        assert_eq!(archive.digest(), Archive::of_model(b"{}").expect("packed").digest());
        assert_eq!(archive.digest().len(), 64);
        assert_eq!(names(archive), ["xgboost-model"]);
    }

    #[test]
    fn a_folder_is_packed_in_order_and_the_same_each_time() {
        let files: [(&str, &[u8]); 3] =
            [("xgboost-model", b"m"), ("code/inference.py", b"pass"), ("code/a/b.txt", b"")];
        let (one, two) = (folder(&files), folder(&files));
        let archive = Archive::pack(one.path()).expect("packed");
        assert_eq!(archive.digest(), Archive::pack(two.path()).expect("packed").digest());
        assert_eq!(names(archive), ["code/a/b.txt", "code/inference.py", "xgboost-model"]);
    }

    #[test]
    fn an_archive_stays_as_it_is() {
        let packed = bytes(Archive::of_model(b"model").expect("packed"));
        let folder = folder(&[("model.tar.gz", &packed)]);
        let again = Archive::pack(&folder.path().join("model.tar.gz")).expect("taken");
        assert_eq!(bytes(again), packed);
    }

    #[test]
    fn what_cannot_work_is_named() {
        let packed = bytes(Archive::of_model(&vec![7; 50_000]).expect("packed"));
        let cut = &packed[..packed.len() / 2];
        let folder = folder(&[
            ("empty", b""),
            ("a.tar.gz", b"not gzip"),
            ("model.zip", b"PK\x03\x04rest"),
            ("cut.tar.gz", cut),
            ("hollow/sub/.keep", b""),
        ]);
        fs::remove_file(folder.path().join("hollow/sub/.keep")).expect("removed");
        for (name, words) in [
            ("missing", "`, give a model file"),
            ("empty", "is empty"),
            ("a.tar.gz", "not compressed with gzip"),
            ("model.zip", "is a zip archive"),
            ("cut.tar.gz", "not a usable model archive"),
            ("hollow", "has no files in it"),
        ] {
            let error = error(&folder.path().join(name));
            let words = words.trim_start_matches("`, ");
            assert!(error.contains(name) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn links_are_refused_before_the_server_does() {
        let folder = folder(&[("model", b"m")]);
        std::os::unix::fs::symlink("model", folder.path().join("link")).expect("a link");
        assert!(error(folder.path()).contains("SageMaker refuses links"));
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link", "/etc/passwd").expect("a link");
        let bytes = builder.into_inner().and_then(GzEncoder::finish).expect("an archive");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&bytes).expect("it is written");
        let message = check_archive(&mut file).expect_err("a link").to_string();
        assert!(message.contains("`link` in it is a link"), "{message}");
    }
}
