//! Artifacts: what is unpacked, and what is refused with which words.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use resources::ErrorKind;
use store::{ArtifactError, ArtifactId, Limits, Options, Source, Store};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::{Scratch, files_below, put, run};

const SOURCE: &str = "s3://bucket/m/model.tar.gz";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("it compresses");
    encoder.finish().expect("it compresses")
}

/// A tar entry as it stands in the archive, whatever its path.
fn raw(entry_type: EntryType, path: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type);
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    header.set_size(content.len() as u64);
    header.set_mode(0o7777);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(path: &str, content: &[u8]) -> Vec<u8> {
    raw(EntryType::Regular, path.as_bytes(), content)
}

/// A pax header with one record; its length counts its own digits.
fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (rest..rest + 9).find(|length| length.to_string().len() + rest == *length);
    let record = format!("{} {key}={value}\n", length.expect("some length fits"));
    raw(EntryType::XHeader, b"x", record.as_bytes())
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    gzip(&bytes)
}

/// With limits small enough to be passed.
async fn scratch() -> Scratch {
    let dir = TempDir::new().expect("a directory");
    let mut options = Options::ephemeral(dir.path());
    options.limits =
        Limits { unpacked_bytes_max: 100_000, entries_max: 20, path_bytes_max: 300, depth_max: 5 };
    let store = Store::open(options).expect("it opens");
    store.objects().create_bucket("bucket").await.expect("the bucket is made");
    Scratch { store, dir }
}

async fn fetch(store: &Store, object: &[u8]) -> Result<ArtifactId, ArtifactError> {
    put(store, "m/model.tar.gz", object).await;
    store.artifacts().fetch(Source::Archive(SOURCE)).await
}

/// Every file below a directory with its content, by path.
pub(crate) fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("it is listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(root).expect("it is below").to_owned();
                files.push((relative, fs::read(&path).expect("it is read")));
            }
        }
    }
    files.sort();
    files
}

/// Archives that unpack, and the files they give: `path=content`, joined by spaces.
fn good() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let long = format!("{}/f", "d".repeat(150));
    let mut gnu = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(1);
    gnu.append_data(&mut header, &long, &b"x"[..]).expect("it is appended");
    let gnu = gnu.into_inner().expect("it ends");
    let unended = gzip(&file("f", b"1"));
    let two_members = [gzip(&file("f", b"1")), gzip(&file("g", b"2"))].concat();
    vec![
        ("dots and slashes", archive(&[file("./a//b/./c", b"1")]), "a/b/c=1"),
        (
            "directories",
            archive(&[
                raw(EntryType::Directory, b"./", b""),
                raw(EntryType::Directory, b"d/", b""),
                file("d/f", b"1"),
            ]),
            "d/f=1",
        ),
        ("an old directory", archive(&[file("d/", b""), file("d/f", b"1")]), "d/f=1"),
        (
            "a directory twice",
            archive(&[file("d/f", b"1"), raw(EntryType::Directory, b"d", b"")]),
            "d/f=1",
        ),
        ("the later file wins", archive(&[file("f", b"1"), file("f", b"22")]), "f=22"),
        ("unicode", archive(&[file("é", b"1")]), "é=1"),
        (
            "pax",
            archive(&[
                pax("path", "pax/long"),
                pax("size", "0003"),
                raw(EntryType::Regular, b"short", b"abc"),
            ]),
            "pax/long=abc",
        ),
        (
            "global pax",
            archive(&[
                raw(EntryType::XGlobalHeader, b"g", b"20 comment=whatever\n"),
                file("f", b"1"),
            ]),
            "f=1",
        ),
        ("no end", unended, "f=1"),
        ("two members", two_members, "f=1 g=2"),
        ("empty", archive(&[]), ""),
        ("a long name", gzip(&gnu), ""),
    ]
}

#[test]
fn good_archives() {
    run(async {
        let Scratch { store, dir: _dir } = scratch().await;
        for (what, object, expect) in good() {
            let id = fetch(&store, &object).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let files = tree(&store.artifacts().path(&id));
            if what == "a long name" {
                assert_eq!(files[0].0.as_os_str().len(), 152);
                continue;
            }
            let shown: Vec<_> = files
                .iter()
                .map(|(path, content)| format!("{}={}", path.display(), content.escape_ascii()))
                .collect();
            assert_eq!(shown.join(" "), expect, "{what}");
        }
    });
}

/// Archives that are refused, and a part of the reason.
fn bad() -> Vec<(Vec<u8>, &'static str)> {
    let sound = archive(&[file("f", &[7; 3000])]);
    let mut flipped = sound.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 0xff;
    let mut bad_sum = file("f", b"1");
    bad_sum[0] = b'g';
    let endless_name = raw(EntryType::GNULongName, b"l", &vec![b'n'; 70_000]);
    let mut huge = Header::new_ustar();
    huge.set_entry_type(EntryType::Regular);
    huge.as_mut_bytes()[0] = b'f';
    huge.set_size(u64::MAX);
    huge.set_cksum();
    let many: Vec<_> = (0..21).map(|number| file(&format!("f{number}"), b"")).collect();
    let link = |kind| archive(&[file("a", b"1"), raw(kind, b"l", b"")]);
    vec![
        (
            b"PK\x03\x04zip".to_vec(),
            "is not gzip: it starts with `PK\\x03\\x04zip`; pack it with `tar czf model.tar.gz -C DIR .`",
        ),
        (Vec::new(), "`model.tar.gz` is not gzip: it is empty"),
        (sound[..sound.len() / 2].to_vec(), "`model.tar.gz` is cut short"),
        (flipped, "damaged gzip data"),
        ([sound, b"something that follows".to_vec()].concat(), "damaged gzip data"),
        (gzip(b"not a tar"), "not a sound tar archive: it ends in the middle"),
        (gzip(&[b'x'; 1024]), "not a sound tar archive: a header's checksum does not match"),
        (gzip(&bad_sum), "a header's checksum does not match"),
        (gzip(&file("f", &[1; 2000])[..1024]), "is cut short"),
        (gzip(&endless_name), "a name in it is too long"),
        (gzip(huge.as_bytes()), "impossible size"),
        (archive(&[raw(EntryType::XHeader, b"x", b"99 path=f\n")]), "a pax header is malformed"),
        (archive(&[pax("path", "a\0b"), file("f", b"")]), "a zero byte"),
        (archive(&[pax("path", &"p".repeat(301)), file("f", b"")]), "longer than 300 bytes"),
        (archive(&[pax("GNU.sparse.major", "1"), file("f", b"")]), "a sparse file"),
        (
            link(EntryType::Symlink),
            "entry 2 of `model.tar.gz`, `l`, cannot be unpacked: it is a symbolic link",
        ),
        (link(EntryType::Link), "it is a hard link"),
        (link(EntryType::Char), "it is a device"),
        (link(EntryType::Block), "it is a device"),
        (link(EntryType::Fifo), "it is a named pipe"),
        (link(EntryType::GNUSparse), "a sparse file"),
        (link(EntryType::new(b'Z')), "it is of an unknown type"),
        (
            archive(&[file("/etc/passwd", b"x")]),
            "entry 1 of `model.tar.gz`, `/etc/passwd`, cannot be unpacked: its path is absolute",
        ),
        (archive(&[file("../x", b"x")]), "its path holds `..`"),
        (archive(&[file("a/../../x", b"x")]), "its path holds `..`"),
        (archive(&[file("", b"x")]), "its name is empty"),
        (archive(&[file("./", b""), file(".", b"x")]), "in place of the root"),
        (
            archive(&[raw(EntryType::Regular, b"\xff", b"x")]),
            "`\\xff`, cannot be unpacked: its name is not UTF-8",
        ),
        (archive(&[file("a", b"1"), file("a/b", b"2")]), "`a` is a file already"),
        (
            archive(&[file("a", b"1"), raw(EntryType::Directory, b"a/", b"")]),
            "`a` is a file already",
        ),
        (archive(&[file("a/b", b"1"), file("a", b"2")]), "`a` is a directory already"),
        (archive(&[file("1/2/3/4/5/6", b"x")]), "deeper than 5"),
        (archive(&many), "more than 20 entries"),
        (archive(&[file("f", &[0; 100_001])]), "unpacks to more than 100000 bytes"),
        (gzip(&vec![0; 200_000]), "unpacks to more than 100000 bytes"),
    ]
}

#[test]
fn bad_archives_are_refused_and_leave_nothing() {
    run(async {
        let Scratch { store, dir } = scratch().await;
        for (object, expect) in bad() {
            let error = fetch(&store, &object).await.expect_err(expect);
            assert!(matches!(error, ArtifactError::Refused(_)), "{error:?}");
            assert!(error.to_string().contains(expect), "`{error}` should say `{expect}`");
        }
        for place in ["tmp", "artifacts"] {
            let left = fs::read_dir(dir.path().join(place)).expect("it is listed").count();
            assert_eq!(left, 0, "{place}");
        }
    });
}

/// A sound archive with some of its bytes changed, or cut off.
fn damaged_archives() -> impl Strategy<Value = Vec<u8>> {
    let sound = [
        pax("path", "dir/pax"),
        file("short", &[1; 600]),
        raw(EntryType::GNULongName, b"l", b"dir/long"),
        file("short", b"2"),
        raw(EntryType::Directory, b"dir", b""),
    ];
    let sound = sound.concat();
    let length = sound.len();
    // Headers are what matters: most changes fall on their first bytes, size and type.
    let place =
        prop_oneof![0..length, (0..length / 512, 0_usize..160).prop_map(|(b, at)| b * 512 + at)];
    let changes = proptest::collection::vec((place, any::<u8>()), 0..6);
    (changes, 0..=length, any::<bool>()).prop_map(move |(changes, cut, mend)| {
        let mut bytes = sound.clone();
        for (place, byte) in changes {
            bytes[place] = byte;
        }
        if mend {
            mend_checksums(&mut bytes);
        }
        bytes.truncate(if cut % 4 == 0 { cut } else { bytes.len() });
        bytes
    })
}

/// Makes changed headers pass for sound ones.
fn mend_checksums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if block.iter().any(|&byte| byte != 0) {
            let mut header = Header::new_old();
            header.as_mut_bytes().copy_from_slice(block);
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_archives_are_unpacked_inside_or_refused(
        archives in proptest::collection::vec(damaged_archives(), 10)
    ) {
        run(async {
            let Scratch { store, dir } = scratch().await;
            for archive in archives {
                match fetch(&store, &gzip(&archive)).await {
                    Ok(_) | Err(ArtifactError::Refused(_)) => {}
                    Err(error) => prop_assert!(false, "{error:?}"),
                }
                let tmp = fs::read_dir(dir.path().join("tmp")).expect("it is listed").count();
                prop_assert_eq!(tmp, 0);
            }
            let parts = fs::read_dir(dir.path()).expect("it is listed");
            let known = ["LAYOUT", "artifacts", "manifests", "meta.sqlite", "meta.sqlite-shm", "meta.sqlite-wal", "objects", "tmp"];
            for part in parts {
                let name = part.expect("an entry").file_name();
                prop_assert!(known.iter().any(|known| name == *known), "{name:?} came from an archive");
            }
            Ok(())
        })?;
    }
}

#[test]
fn sources_that_name_nothing() {
    let cases = [
        (
            "s3://bucket/none.tar.gz",
            ErrorKind::NotFound,
            "there is no object at `s3://bucket/none.tar.gz`",
        ),
        ("s3://none/m", ErrorKind::NotFound, "there is no bucket `none`"),
        ("s3://bucket/dir/", ErrorKind::Invalid, "`s3://bucket/dir/` does not name an object"),
        ("s3://bucket", ErrorKind::Invalid, "does not name an object"),
        ("s3:///k", ErrorKind::Invalid, "does not name an object"),
        ("https://b/k", ErrorKind::Invalid, "give the `.tar.gz` as `s3://bucket/key`"),
    ];
    run(async {
        let Scratch { store, dir: _dir } = scratch().await;
        for (source, kind, expect) in cases {
            let error = store.artifacts().fetch(Source::Archive(source)).await.expect_err(source);
            let error = resources::Error::from(error);
            assert_eq!(error.kind(), kind);
            assert!(error.message().contains(expect), "{error}");
        }
    });
}

#[test]
fn an_artifact_is_unpacked_once_and_is_read_only() {
    run(async {
        let Scratch { store, dir } = scratch().await;
        put(&store, "m/model.tar.gz", &archive(&[file("d/f", b"1")])).await;
        let fetches = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.artifacts().fetch(Source::Archive(SOURCE)).await })
        });
        let mut ids = Vec::new();
        for fetch in futures::future::join_all(fetches).await {
            ids.push(fetch.expect("the task ends").expect("it is fetched"));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(fs::read_dir(dir.path().join("artifacts")).expect("a listing").count(), 1);

        let root = store.artifacts().path(&ids[0]);
        for (path, mode) in [("", 0o555), ("d", 0o555), ("d/f", 0o444)] {
            let metadata = fs::metadata(root.join(path)).expect("it is there");
            assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{path}");
        }
        let replaced = fetch(&store, &archive(&[file("d/f", b"2")])).await.expect("it is fetched");
        assert_ne!(replaced, ids[0], "another object is another artifact");
    });
}

/// A caller who stops waiting does not stop the unpacking; what comes of it goes like any other.
#[test]
fn what_was_fetched_for_nobody_goes() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        let files: Vec<_> = (0..200).map(|n| file(&format!("f{n}"), &[7; 4096])).collect();
        put(&store, "m/model.tar.gz", &archive(&files)).await;
        for waited_ms in [0, 1, 5] {
            let fetch = store.artifacts().fetch(Source::Archive(SOURCE));
            let _ = tokio::time::timeout(Duration::from_millis(waited_ms), fetch).await;
            while !store.artifacts().retain(&[]).await.expect("it retains") {
                tokio::task::yield_now().await;
            }
            for place in ["artifacts", "tmp"] {
                let left = fs::read_dir(dir.path().join(place)).expect("a listing").count();
                assert_eq!(left, 0, "{place} after {waited_ms} ms");
            }
        }
    });
}

#[test]
fn what_is_not_retained_goes() {
    run(async {
        let Scratch { store, dir } = scratch().await;
        let first = fetch(&store, &archive(&[file("d/f", b"1")])).await.expect("it is fetched");
        let second = fetch(&store, &archive(&[file("d/f", b"2")])).await.expect("it is fetched");
        let artifacts = store.artifacts();
        artifacts.retain(std::slice::from_ref(&second)).await.expect("it retains");
        assert!(!artifacts.path(&first).exists());
        assert_eq!(files_below(&artifacts.path(&second)), 1);
        store.reset().await.expect("it resets");
        assert!(!artifacts.path(&second).exists());
        assert_eq!(fs::read_dir(dir.path().join("tmp")).expect("a listing").count(), 0);
    });
}
