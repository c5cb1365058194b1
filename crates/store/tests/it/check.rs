//! Every kind of damage is found, named and told from what a crash leaves behind.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use store::{Error, Options, Report, Source, Store};
use tempfile::TempDir;

use crate::{Scratch, put, run};

/// A data directory with two objects, one of them empty, and an artifact.
async fn filled() -> TempDir {
    let Scratch { store, dir } = Scratch::with_bucket().await;
    put(&store, "kept", b"bytes that are kept").await;
    put(&store, "empty", b"").await;
    put(&store, "model.tar.gz", &archive()).await;
    store
        .artifacts()
        .fetch(Source::Archive("s3://bucket/model.tar.gz"))
        .await
        .expect("it is fetched");
    drop(store);
    dir
}

pub(crate) fn archive() -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(packed);
    for name in ["model.json", "code/inference.py"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, &b"1234"[..]).expect("it is packed");
    }
    tar.into_inner().expect("a tar").finish().expect("a gzip")
}

fn checked(dir: &Path) -> Report {
    store::check(dir).expect("it can be checked")
}

fn blob(dir: &Path, size: u64) -> PathBuf {
    let shelves = fs::read_dir(dir.join("objects")).expect("the shelves");
    let blobs = shelves.flat_map(|shelf| fs::read_dir(shelf.expect("a shelf").path()).expect("it"));
    let mut blobs = blobs.map(|blob| blob.expect("a blob").path());
    blobs.find(|blob| fs::metadata(blob).expect("a file").len() == size).expect("the blob")
}

fn artifact(dir: &Path) -> PathBuf {
    let mut artifacts = fs::read_dir(dir.join("artifacts")).expect("the artifacts");
    artifacts.next().expect("an artifact").expect("it").path()
}

fn sql(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join("meta.sqlite")).expect("the database");
    connection.execute_batch(sql).expect("it is done");
}

#[test]
fn what_is_sound_is_counted() {
    run(async {
        let dir = filled().await;
        let report = checked(dir.path());
        assert!(report.is_sound(), "{report:?}");
        assert_eq!((report.layout, report.buckets, report.objects), (1, 1, 3));
        assert_eq!(report.artifacts, 1);
        assert_eq!(report.bytes, 19 + archive().len() as u64);
        // Nothing was deployed from the artifact.
        assert_eq!(report.orphans.len(), 1, "{report:?}");
    });
}

/// What is done to rows, and how it shows: place, problem.
const ROWS: [(&str, &str, &str); 9] = [
    (
        "UPDATE objects SET etag = 'x' WHERE size = 0",
        "object `bucket/empty`",
        "its bytes are not those of its entity tag",
    ),
    (
        "UPDATE objects SET size = 18 WHERE size = 19",
        "object `bucket/kept`",
        "it has 18 bytes and its segments have 19",
    ),
    (
        "UPDATE objects SET headers = '[' WHERE size = 19",
        "object `bucket/kept`",
        "its headers cannot be read",
    ),
    (
        "UPDATE objects SET segments = '{' WHERE size = 19",
        "object `bucket/kept`",
        "its segments cannot be read",
    ),
    ("DELETE FROM buckets", "object `bucket/kept`", "its bucket or upload is missing"),
    (
        "INSERT INTO parts VALUES ('u', 3, 0, 'e', 0, '{}', '[]')",
        "part 3 of upload `u`",
        "its bucket or upload is missing",
    ),
    (
        "INSERT INTO records VALUES ('endpoint', 'e', 0, 0, '', '{}')",
        "endpoint `e`",
        "it cannot be read: missing field",
    ),
    ("INSERT INTO records VALUES ('new', 'n', 0, 0, '', 'x')", "new `n`", "it cannot be read"),
    ("DROP TABLE parts", "meta.sqlite", "no such table: parts"),
];

type Harm = fn(&Path);

/// What is done to files, and how it shows: place, problem.
const FILES: [(Harm, &str, &str); 8] = [
    (flip_a_bit, "object `bucket/kept`", "are not those that were stored"),
    (cut_short, "object `bucket/kept`", "has 5 bytes instead of 19"),
    (lose_a_blob, "object `bucket/kept`", "could not read"),
    (change_an_artifact, "artifact `", "file `model.json` is not what was unpacked"),
    (put_a_pipe_for_a_blob, "object `bucket/kept`", "it is no regular file"),
    (put_a_pipe_into_an_artifact, "artifact `", "it is no regular file"),
    (spoil_the_database, "meta.sqlite", ""),
    (lose_the_database, "meta.sqlite", "the metadata database is missing"),
];

fn flip_a_bit(dir: &Path) {
    let mut bytes = fs::read(blob(dir, 19)).expect("bytes");
    bytes[7] ^= 1;
    overwrite(&blob(dir, 19), &bytes);
}

fn cut_short(dir: &Path) {
    overwrite(&blob(dir, 19), b"bytes");
}

fn lose_a_blob(dir: &Path) {
    fs::remove_file(blob(dir, 19)).expect("removed");
}

fn put_a_pipe_for_a_blob(dir: &Path) {
    put_a_pipe(&blob(dir, 19));
}

fn put_a_pipe_into_an_artifact(dir: &Path) {
    put_a_pipe(&changeable(dir).join("model.json"));
}

/// Who opens it to read waits until somebody writes, which nobody does.
fn put_a_pipe(place: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    fs::remove_file(place).expect("removed");
    mknodat(CWD, place, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
}

fn change_an_artifact(dir: &Path) {
    let file = changeable(dir).join("model.json");
    fs::remove_file(&file).expect("removed");
    overwrite(&file, b"5678");
}

/// The artifact, which is not to be written to.
fn changeable(dir: &Path) -> PathBuf {
    let writable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(artifact(dir), writable).expect("it may be changed");
    artifact(dir)
}

/// An artifact of objects as they are is checked like an unpacked one.
#[test]
fn files_of_a_prefix_are_checked_too() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "m/model.json", b"1234").await;
        let fetched = store.artifacts().fetch(Source::Prefix("s3://bucket/m/")).await;
        fetched.expect("it is fetched");
        drop(store);
        assert!(checked(dir.path()).is_sound());
        change_an_artifact(dir.path());
        expect_damage(dir.path(), "artifacts/", "file `model.json` is not what was unpacked");
    });
}

fn spoil_the_database(dir: &Path) {
    let path = dir.join("meta.sqlite");
    let mut bytes = fs::read(&path).expect("bytes");
    bytes[4096..].fill(0x5a);
    overwrite(&path, &bytes);
}

fn lose_the_database(dir: &Path) {
    fs::remove_file(dir.join("meta.sqlite")).expect("removed");
}

pub(crate) fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file = fs::File::create(path).expect("a file");
    file.write_all(bytes).expect("it is written");
}

#[test]
fn damage_is_found_and_named() {
    run(async {
        for (statement, place, problem) in ROWS {
            let dir = filled().await;
            sql(dir.path(), statement);
            expect_damage(dir.path(), place, problem);
        }
        for (harm, place, problem) in FILES {
            let dir = filled().await;
            harm(dir.path());
            expect_damage(dir.path(), place, problem);
        }
    });
}

fn expect_damage(dir: &Path, place: &str, problem: &str) {
    let report = checked(dir);
    let mut damage = report.damage.iter();
    let found = damage.any(|one| one.place.contains(place) && one.problem.contains(problem));
    assert!(found, "{place}: {problem}: {:?}", report.damage);
    assert!(!report.is_sound());
}

/// The bodies of REST API records that can be read, by their kind and key.
const READABLE: [(&str, &str, &str); 3] = [
    ("rest-api-model", "a/m", r#"{"name": "m", "contentType": "application/json"}"#),
    ("rest-api-stage", "a/s", r#"{"stageName": "s", "deploymentId": "d"}"#),
    ("rest-api-deployment", "a/d", r#"{"id": "d"}"#),
];

#[test]
fn records_of_every_kind_are_read_as_what_they_are() {
    run(async {
        let dir = filled().await;
        for kind in resources::KINDS {
            let name = kind.name;
            insert(dir.path(), name, "broken", "{}");
            let place = format!("{name} `broken`");
            expect_damage(dir.path(), &place, "it cannot be read: missing field");
        }
    });
}

#[test]
fn what_records_of_rest_apis_refer_to_must_be_there() {
    run(async {
        let dir = filled().await;
        for (kind, key, definition) in READABLE {
            let body = format!(
                r#"{{"key": "{key}", "created": 0, "modified": 0, "definition": {definition}}}"#
            );
            insert(dir.path(), kind, key, &body);
            let place = format!("{kind} `{key}`");
            expect_damage(dir.path(), &place, "its rest-api `a` is missing");
            insert(dir.path(), kind, "a/x", &body);
            expect_damage(dir.path(), &format!("{kind} `a/x`"), &format!("that it is `{key}`"));
        }
        insert(
            dir.path(),
            "rest-api",
            "a",
            r#"{"key": "a", "created": 0, "modified": 0,
            "definition": {"name": "n"}}"#,
        );
        sql(dir.path(), "DELETE FROM records WHERE key = 'a/x'");
        let snapshot = "its rest-api-snapshot `a/d` is missing";
        expect_damage(dir.path(), "rest-api-deployment `a/d`", snapshot);
        sql(dir.path(), "DELETE FROM records WHERE kind = 'rest-api-deployment'");
        let deployment = "its rest-api-deployment `a/d` is missing";
        expect_damage(dir.path(), "rest-api-stage `a/s`", deployment);
        sql(dir.path(), "DELETE FROM records WHERE kind = 'rest-api-stage'");
        let report = checked(dir.path());
        assert!(report.is_sound(), "{report:?}");
    });
}

fn insert(dir: &Path, kind: &str, key: &str, body: &str) {
    sql(dir, &format!("INSERT INTO records VALUES ('{kind}', '{key}', 0, 0, '', '{body}')"));
}

#[test]
fn what_a_crash_leaves_is_no_damage() {
    run(async {
        let dir = filled().await;
        let below = |path: &str| dir.path().join(path);
        fs::create_dir_all(below("objects/ab")).expect("a directory");
        for file in ["tmp/half", "objects/ab/abcd"] {
            overwrite(&below(file), b"left");
        }
        let report = checked(dir.path());
        assert!(report.is_sound());
        assert_eq!(report.orphans.len(), 3, "{:?}", report.orphans);
        assert!(below("tmp/half").exists(), "a check changes nothing");
    });
}

#[test]
fn a_directory_in_use_or_of_something_else_is_refused() {
    run(async {
        let Scratch { store: _store, dir } = Scratch::with_bucket().await;
        assert!(matches!(store::check(dir.path()), Err(Error::InUse { .. })));
        let empty = TempDir::new().expect("a directory");
        assert!(matches!(store::check(empty.path()), Err(Error::NoData { .. })));
        assert_eq!(fs::read_dir(empty.path()).expect("it").count(), 0, "a check makes nothing");
    });
}

/// Read as one that nobody writes, a database needs no files beside it, so that what is on a file
/// system without room for them, or a writable place, can be checked.
#[test]
fn a_check_makes_no_files_beside_the_database() {
    run(async {
        let dir = filled().await;
        let files = |dir: &Path| {
            let entries = fs::read_dir(dir).expect("the directory");
            let names = entries.map(|entry| entry.expect("an entry").file_name());
            names.collect::<BTreeSet<_>>()
        };
        for log in ["meta.sqlite-wal", "meta.sqlite-shm"] {
            drop(fs::remove_file(dir.path().join(log)));
        }
        let before = files(dir.path());
        let odd = dir.path().with_file_name("a%20?b#c");
        fs::rename(dir.path(), &odd).expect("it is renamed");
        let report = checked(&odd);
        let after = files(&odd);
        fs::remove_dir_all(&odd).expect("it is removed");
        assert!(report.is_sound(), "{:?}", report.damage);
        assert_eq!((report.objects, after), (3, before));
    });
}

#[test]
fn what_the_log_beside_the_database_tells_counts() {
    run(async {
        let dir = filled().await;
        let connection = Connection::open(dir.path().join("meta.sqlite")).expect("the database");
        let change = "PRAGMA wal_autocheckpoint = 0; DELETE FROM objects WHERE key = x'6b657074'";
        connection.execute_batch(change).expect("it is done");
        assert_eq!(checked(dir.path()).objects, 2);
    });
}

#[test]
fn newer_tables_are_refused() {
    run(async {
        let dir = filled().await;
        sql(dir.path(), "PRAGMA user_version = 1000");
        for error in [
            store::check(dir.path()).expect_err("it is refused"),
            Store::open(Options::ephemeral(dir.path())).expect_err("it is refused"),
        ] {
            assert!(matches!(error, Error::NewerTables { found: 1000, .. }), "{error}");
            assert!(error.to_string().contains("run a version that is at least as new"), "{error}");
        }
    });
}
