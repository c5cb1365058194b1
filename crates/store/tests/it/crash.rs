//! Crashes: what was acknowledged is there, what was not leaves nothing, when the process is
//! killed at any moment.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use store::{Error, Options, Store, Target};

use crate::{Scratch, artifacts::tree, collect, files_below, get, put, run};

#[test]
fn leftovers_are_swept_and_objects_are_not() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "kept", b"kept").await;
        drop(store);
        let below = |path: &str| dir.path().join(path);
        fs::create_dir_all(below("tmp/half-unpacked/code")).expect("a directory");
        for file in ["tmp/half", "tmp/half-unpacked/code/x"] {
            fs::File::create(below(file)).expect("a leftover");
        }

        let store = Store::open(Options::ephemeral(dir.path())).expect("it opens");
        assert_eq!(fs::read_dir(below("tmp")).expect("it is listed").count(), 0);
        assert_eq!(files_below(&below("objects")), 1);
        assert_eq!(get(&store, "kept").await, b"kept");
    });
}

/// The only file on the shelves below a directory.
fn only_blob(dir: &Path) -> PathBuf {
    let mut blobs = tree(dir).into_iter().map(|(path, _)| dir.join(path));
    let blob = blobs.next().expect("there is a blob");
    assert_eq!(blobs.next(), None);
    blob
}

/// A crash after the commit of a row, before its blob moved.
#[test]
fn a_blob_that_has_a_name_gets_its_place() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "kept", b"kept").await;
        let place = only_blob(&dir.path().join("objects"));
        let before = dir.path().join("tmp").join(place.file_name().expect("a name"));
        fs::rename(&place, &before).expect("it is moved");
        assert_eq!(get(&store, "kept").await, b"kept", "it is read where it is");
        drop(store);
        let report = store::check(dir.path()).expect("it is checked");
        assert_eq!((report.damage, report.orphans), (vec![], vec![]));
        let store = Store::open(Options::ephemeral(dir.path())).expect("it opens");
        assert_eq!(get(&store, "kept").await, b"kept");
        assert!(place.exists() && !before.exists());
    });
}

/// A crash after the commit of a removal, before the blob went: it was on its way out already.
#[test]
fn what_is_read_to_its_end_goes_then_or_at_the_next_start() {
    run(async {
        for is_killed in [false, true] {
            let Scratch { store, dir } = Scratch::with_bucket().await;
            put(&store, "gone", b"gone").await;
            let place = only_blob(&dir.path().join("objects"));
            let held =
                store.objects().get(&Target::new("bucket", "gone")).await.expect("it is held");
            store.objects().delete("bucket", vec!["gone".to_owned()]).await.expect("it goes");
            let on_its_way = dir.path().join("tmp").join(place.file_name().expect("a name"));
            assert!(on_its_way.exists() && !place.exists());
            if is_killed {
                // Nobody lets go of it.
                std::mem::forget(held);
                drop(store);
                let orphans = store::check(dir.path()).expect("it is checked").orphans;
                assert!(
                    orphans.iter().any(|one| one.problem.contains("the next start removes it"))
                );
            } else {
                assert_eq!(collect(held.read(0..4)).await, b"gone");
                drop(store);
            }
            drop(Store::open(Options::ephemeral(dir.path())).expect("it opens"));
            assert!(!on_its_way.exists() && !dir.path().join("unreferenced").exists());
        }
    });
}

#[test]
fn an_older_database_loses_no_newer_objects() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "old", b"old").await;
        drop(store);
        let below = |path: &str| dir.path().join(path);
        let (database, older, newer) = (below("meta.sqlite"), below("older"), below("newer"));
        fs::copy(&database, &older).expect("it is copied");
        let open = || Store::open(Options::ephemeral(dir.path())).expect("it opens");
        let store = open();
        put(&store, "new", b"new").await;
        put(&store, "newer", b"newer").await;
        drop(store);

        fs::rename(&database, &newer).expect("it is moved");
        fs::rename(&older, &database).expect("it is restored");
        let to_be_moved = store::check(dir.path()).expect("it is checked").orphans;
        assert_eq!(to_be_moved.len(), 2, "{to_be_moved:?}");
        assert!(to_be_moved[0].problem.contains("the next start moves it to `unreferenced`"));
        // However often it starts.
        for _ in 0..2 {
            let store = open();
            assert_eq!(get(&store, "old").await, b"old");
            assert_eq!(files_below(&below("unreferenced")), 2);
        }
        let aside = store::check(dir.path()).expect("it is checked");
        assert!(aside.is_sound());
        assert!(aside.orphans[0].problem.contains("put back the `meta.sqlite`"), "{aside:?}");

        fs::rename(&newer, &database).expect("it is restored");
        let report = store::check(dir.path()).expect("it is checked");
        assert_eq!((report.damage, report.orphans), (vec![], vec![]), "what is aside is there");
        let store = open();
        assert_eq!(get(&store, "new").await, b"new");
        assert_eq!(get(&store, "newer").await, b"newer");
        assert_eq!(files_below(&below("unreferenced")), 0);
    });
}

#[test]
fn objects_without_their_database_are_not_taken_for_leftovers() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "kept", b"kept").await;
        drop(store);
        let database = dir.path().join("meta.sqlite");
        let aside = dir.path().join("aside");
        fs::rename(&database, &aside).expect("it is moved");
        for lost in ["missing", "empty"] {
            if lost == "empty" {
                fs::File::create(&database).expect("it is made");
            }
            let refused = Store::open(Options::ephemeral(dir.path())).expect_err("it is refused");
            assert!(matches!(refused, Error::LostDatabase { .. }), "{lost}: {refused}");
        }
        fs::rename(&aside, &database).expect("it is restored");
        let store = Store::open(Options::ephemeral(dir.path())).expect("it opens");
        assert_eq!(get(&store, "kept").await, b"kept");
    });
}

#[test]
fn what_is_not_the_stores_is_left_alone() {
    run(async {
        let Scratch { store, dir } = Scratch::with_bucket().await;
        put(&store, "kept", b"kept").await;
        drop(store);
        fs::create_dir_all(dir.path().join("objects/ab/lost")).expect("a directory");
        let stray = dir.path().join("objects/.DS_Store");
        fs::File::create(&stray).expect("a file");
        let store = Store::open(Options::ephemeral(dir.path())).expect("it opens");
        assert_eq!(get(&store, "kept").await, b"kept");
        drop(store);
        assert!(stray.exists());
        assert!(store::check(dir.path()).expect("it is checked").is_sound());
    });
}

#[test]
fn a_newer_or_foreign_layout_is_refused() {
    let cases = [("2\n", "layout 2 and this version knows up to 1"), ("hello\n", "reads `hello`")];
    for (content, expect) in cases {
        let dir = tempfile::TempDir::new().expect("a directory");
        let mut file = fs::File::create(dir.path().join("LAYOUT")).expect("a file");
        std::io::Write::write_all(&mut file, content.as_bytes()).expect("it is written");
        let error = Store::open(Options::ephemeral(dir.path())).expect_err("it is refused");
        assert!(error.to_string().contains(expect), "{error}");
        assert!(matches!(error, Error::NewerLayout { .. } | Error::NotALayout { .. }));
    }
}

/// Not a test of its own: [`acknowledged_objects_survive_a_kill`] runs it in a process that it
/// kills. It stores objects in the working directory for ever and prints each key it was told is
/// stored.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn store_until_killed() {
    run(async {
        let store = Store::open(Options::new("data")).expect("it opens");
        store.objects().create_bucket("bucket").await.expect("the bucket is made");
        for number in 0_u64.. {
            // Every key is replaced again and again, so that there is garbage to be removed too.
            let key = format!("k{}", number % 7);
            put(&store, &key, &content(number)).await;
            println!("stored {number}");
        }
    });
}

/// Content that tells its number, and whether it is whole.
fn content(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(1 + (number % 50) as usize * 1000)
}

#[test]
fn acknowledged_objects_survive_a_kill() {
    for kill_after in [1, 10, 40] {
        let dir = tempfile::TempDir::new().expect("a directory");
        let acknowledged = run_and_kill(dir.path(), kill_after);
        run(check_survivors(&dir.path().join("data"), acknowledged));
    }
}

/// Kills the storing process once it has told of `kill_after` objects; the last one told.
fn run_and_kill(dir: &Path, kill_after: u64) -> u64 {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program)
        .args(["--exact", "crash::store_until_killed", "--ignored", "--nocapture"])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut lines = output.lines().map_while(Result::ok);
    let number = |line: String| line.split_once("stored ")?.1.parse::<u64>().ok();
    let mut told = lines.by_ref().filter_map(number);
    let mut last = told.find(|&number| number >= kill_after).expect("it stores");
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    // What it still told before the end counts as well.
    last = told.last().unwrap_or(last);
    last
}

async fn check_survivors(data: &Path, acknowledged: u64) {
    let store = Store::open(Options::new(data)).expect("it opens after the kill");
    let first_of_round = acknowledged.saturating_sub(6);
    for number in first_of_round..=acknowledged {
        let target = Target::new("bucket", format!("k{}", number % 7));
        let object = store.objects().get(&target).await.expect("an acknowledged object");
        let bytes = collect(object.read(0..u64::MAX)).await;
        let found = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        assert!(found >= number, "an older object came back");
        assert!(bytes == content(found), "the object is not whole");
    }
    let rows = store.objects().list(store::ListObjects {
        bucket: "bucket".to_owned(),
        max_keys: 100,
        ..store::ListObjects::default()
    });
    let objects = rows.await.expect("the listing").objects.len();
    assert_eq!(files_below(&data.join("objects")), objects, "an orphan was left");
    assert_eq!(files_below(&data.join("tmp")), 0);
    assert!(!data.join("unreferenced").exists(), "what was left was not known");
}
