//! Artifacts of objects as they are: which file each becomes, what is refused with which words,
//! and what stays when the objects change.

use std::fs;

use resources::ErrorKind;
use store::{ArtifactError, ArtifactId, Change, Etags, Limits, Options, Source, Store, Target};
use tempfile::TempDir;

use crate::{
    Scratch,
    artifacts::tree,
    faults::{EIO, ENOSPC, KINDS, open},
    files_below, put, run,
};

const PREFIX: Source<'_> = Source::Prefix("s3://bucket/m/");

/// With limits small enough to be passed.
async fn scratch() -> Scratch {
    let dir = TempDir::new().expect("a directory");
    let mut options = Options::ephemeral(dir.path());
    options.limits =
        Limits { unpacked_bytes_max: 1000, entries_max: 20, path_bytes_max: 300, depth_max: 5 };
    let store = Store::open(options).expect("it opens");
    store.objects().create_bucket("bucket").await.expect("the bucket is made");
    Scratch { store, dir }
}

/// A store with these objects, each of which holds its own key, and what comes of a source.
async fn fetch(
    keys: &[String],
    source: Source<'_>,
) -> (Scratch, Result<ArtifactId, ArtifactError>) {
    let scratch = scratch().await;
    for key in keys {
        let content = if key.ends_with('/') { "" } else { key };
        put(&scratch.store, key, content.as_bytes()).await;
    }
    let fetched = scratch.store.artifacts().fetch(source).await;
    (scratch, fetched)
}

fn keys(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The files of an artifact, each of which holds the key of its object.
fn shown(store: &Store, id: &ArtifactId) -> String {
    let files = tree(&store.artifacts().path(id));
    let shown = files
        .iter()
        .map(|(path, content)| format!("{}={}", path.display(), String::from_utf8_lossy(content)));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn objects_become_files() {
    let cases = [
        ("m/a n/b", PREFIX, "a=m/a"),
        ("m/a/b/c m/a/d", PREFIX, "a/b/c=m/a/b/c a/d=m/a/d"),
        ("m/Model m/model", PREFIX, "Model=m/Model model=m/model"),
        ("m/.hidden m/..a m/a..", PREFIX, "..a=m/..a .hidden=m/.hidden a..=m/a.."),
        ("m/%2e%2e m/a+b m/ü", PREFIX, "%2e%2e=m/%2e%2e a+b=m/a+b ü=m/ü"),
        ("m/ m/d/ m/d/f", PREFIX, "d/f=m/d/f"),
        ("mm/a m/a m", PREFIX, "a=m/a"),
        ("a b/c", Source::Prefix("s3://bucket/"), "a=a b/c=b/c"),
        ("m/x/model.json", Source::File("s3://bucket/m/x/model.json"), "model.json=m/x/model.json"),
    ];
    run(async {
        for (objects, source, expect) in cases {
            let (Scratch { store, dir: _dir }, fetched) = fetch(&keys(objects), source).await;
            let id = fetched.unwrap_or_else(|error| panic!("{objects}: {error}"));
            assert_eq!(shown(&store, &id), expect, "{objects}");
        }
    });
}

#[test]
fn what_is_no_file_is_refused_with_what_to_do() {
    let long = "n".repeat(256);
    let deep = "d/".repeat(5);
    let many: Vec<String> = (0..21).map(|n| format!("m/{n}")).collect();
    let cases = [
        (
            keys("m/a//b"),
            "object `s3://bucket/m/a//b` can't be a file of the model: a part of its name is empty; rename or remove it",
        ),
        (keys("m//a"), "a part of its name is empty"),
        (keys("m/../a"), "a part of its name is `..`"),
        (keys("m/a/./b"), "a part of its name is `.`"),
        (vec!["m/ ".to_owned()], "a part of its name is blank"),
        (vec!["m/a\0b".to_owned()], "its name holds a zero byte"),
        (vec![format!("m/{long}")], "a part of its name is longer than 255 bytes"),
        (
            vec![format!("m/{}", "a/".repeat(2) + &"b".repeat(250) + "/" + &"c".repeat(100))],
            "its path is longer than 300 bytes",
        ),
        (vec![format!("m/{deep}f")], "it lies deeper than 5 directories"),
        (
            keys("m/weights m/weights-2 m/weights/part"),
            "object `s3://bucket/m/weights/part` can't be a file of the model: `weights` is a file already",
        ),
        (many, "there are more than 20 objects under `s3://bucket/m/`"),
        (keys("n/a"), "there is no object under `s3://bucket/m/`; upload the model's files there"),
        (keys("m/ m/d/"), "there is no object under `s3://bucket/m/`"),
    ];
    run(async {
        for (objects, expect) in cases {
            let (Scratch { store: _store, dir }, fetched) = fetch(&objects, PREFIX).await;
            let error = fetched.expect_err(expect);
            assert!(error.to_string().contains(expect), "{objects:?}: {error}");
            for place in ["artifacts", "tmp", "manifests"] {
                assert_eq!(files_below(&dir.path().join(place)), 0, "{objects:?}: {place}");
            }
        }
    });
}

const LISTED: Source<'_> =
    Source::Listed { prefix: "s3://bucket/m/", manifest: "s3://bucket/list" };

/// A store with objects `m/a`, `m/d/b` and `n`, each of which holds its own key, and with a manifest
/// of that text.
async fn listing(manifest: &[u8]) -> Scratch {
    let scratch = scratch().await;
    for key in keys("m/a m/d/b m/w m/w/x n") {
        put(&scratch.store, &key, key.as_bytes()).await;
    }
    put(&scratch.store, "list", manifest).await;
    scratch
}

#[test]
fn what_a_manifest_lists_becomes_files() {
    let cases = [
        ("d/b\n", "d/b=m/d/b"),
        ("d/b\r\na\n\n", "a=m/a d/b=m/d/b"),
        ("s3://bucket/m/a\na\n", "a=m/a"),
        (r#"[{"prefix": "s3://bucket/m/d/"}, "b"]"#, "d/b=m/d/b"),
    ];
    run(async {
        for (manifest, expect) in cases {
            let Scratch { store, dir: _dir } = listing(manifest.as_bytes()).await;
            let fetched = store.artifacts().fetch(LISTED).await;
            let id = fetched.unwrap_or_else(|error| panic!("{manifest}: {error}"));
            assert_eq!(shown(&store, &id), expect, "{manifest}");
        }
    });
}

#[test]
fn manifests_that_cannot_be_followed_are_refused_with_what_to_do() {
    let many = (0..21).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    let cases: [(&[u8], &str); 9] = [
        (b"/a\n", "manifest `s3://bucket/list`: line 1, `/a`, is absolute; give what its key has"),
        (b"../n\n", "line 1, `../n`, can't be a file of the model: a part of its name is `..`"),
        (b"s3://bucket/n\n", "lies outside of `s3://bucket/m/`"),
        (
            b"a\nmissing\n",
            "no object at `s3://bucket/m/missing`, which manifest `s3://bucket/list` lists",
        ),
        (b"w\nw/x\n", "`w` is a file already"),
        (b"[1, 2]", "as JSON it is `[{\"prefix\": \"s3://bucket/prefix/\"}, \"key\", "),
        (b"\n", "it lists no object; give one a line"),
        (b"a\xff", "it is not text in UTF-8"),
        (many.as_bytes(), "it lists 21 objects, more than the 20 that a model may have"),
    ];
    run(async {
        for (manifest, expect) in cases {
            let Scratch { store, dir } = listing(manifest).await;
            let error = store.artifacts().fetch(LISTED).await.expect_err(expect);
            assert!(error.to_string().contains(expect), "{error}");
            assert_eq!(files_below(&dir.path().join("artifacts")), 0, "{expect}");
        }
    });
}

async fn etag(store: &Store, key: &str) -> String {
    let object = store.objects().get(&Target::new("bucket", key)).await.expect("it is there");
    object.info().etag.clone()
}

#[test]
fn entity_tags_that_are_asked_for_are_compared() {
    let file = Source::File("s3://bucket/m/a");
    run(async {
        let Scratch { store, dir: _dir } = listing(b"a\n").await;
        let of_file = etag(&store, "m/a").await;
        let of_list = etag(&store, "list").await;
        let quoted = format!("\"{of_file}\"");
        let object = |etag| Etags { object: Some(etag), ..Etags::default() };
        let manifest = |etag| Etags { manifest: Some(etag), ..Etags::default() };
        let cases = [
            (file, object(&*of_file), true),
            (file, object(&*quoted), true),
            (file, object(&*of_list), false),
            (LISTED, manifest(&*of_list), true),
            (LISTED, manifest(&*of_file), false),
        ];
        for (source, etags, fits) in cases {
            match store.artifacts().fetch_if(source, etags).await {
                Ok(_) => assert!(fits, "{etags:?}"),
                Err(error) => {
                    assert!(!fits, "{error}");
                    assert!(error.to_string().contains("has the entity tag `"), "{error}");
                }
            }
        }
    });
}

#[test]
fn sources_of_files_that_name_nothing() {
    let cases = [
        (Source::Prefix("s3://none/m/"), ErrorKind::NotFound, "there is no bucket `none`"),
        (Source::Prefix("s3://bucket/m"), ErrorKind::Invalid, "with the slash at its end"),
        (
            Source::Prefix("https://bucket/m/"),
            ErrorKind::Invalid,
            "give it as `s3://bucket/prefix/`",
        ),
        (
            Source::Listed { prefix: "s3://bucket/m", manifest: "s3://bucket/list" },
            ErrorKind::Invalid,
            "with the slash at its end",
        ),
        (LISTED, ErrorKind::NotFound, "there is no object at `s3://bucket/list`"),
        (Source::Prefix("s3:///m/"), ErrorKind::Invalid, "is not a prefix of keys"),
        (
            Source::File("s3://bucket/m"),
            ErrorKind::NotFound,
            "there is no object at `s3://bucket/m`",
        ),
        (Source::File("s3://bucket/m/"), ErrorKind::Invalid, "does not name an object"),
        (
            Source::Archive("s3://none/m"),
            ErrorKind::NotFound,
            "there is no bucket `none`, where `s3://none/m` should be",
        ),
    ];
    run(async {
        for (source, kind, expect) in cases {
            let (_scratch, fetched) = fetch(&[], source).await;
            let error = resources::Error::from(fetched.expect_err(expect));
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.message().contains(expect), "{error}");
        }
    });
}

#[test]
fn more_bytes_than_an_artifact_may_have_are_refused_before_any_is_copied() {
    run(async {
        let Scratch { store, dir } = scratch().await;
        put(&store, "m/a", &[7; 600]).await;
        put(&store, "m/b", &[7; 401]).await;
        let error = store.artifacts().fetch(PREFIX).await.expect_err("too many bytes");
        let expect = "the model has 1001 bytes in 2 file(s), more than the 1000 that an artifact";
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(files_below(&dir.path().join("artifacts")), 0);
        put(&store, "m/b", &[7; 400]).await;
        store.artifacts().fetch(PREFIX).await.expect("they just fit");
    });
}

#[test]
fn an_artifact_is_known_by_its_files() {
    run(async {
        let Scratch { store, dir: _dir } = scratch().await;
        put(&store, "m/a", b"1").await;
        let first = store.artifacts().fetch(PREFIX).await.expect("it is fetched");
        let again = store.artifacts().fetch(PREFIX).await.expect("it is fetched");
        assert_eq!(again, first);
        let file = Source::File("s3://bucket/m/a");
        assert_eq!(store.artifacts().fetch(file).await.expect("it is fetched"), first);

        put(&store, "m/b", b"2").await;
        let more = store.artifacts().fetch(PREFIX).await.expect("it is fetched");
        assert_ne!(more, first, "one more file is another artifact");
        put(&store, "m/a", b"3").await;
        let replaced = store.artifacts().fetch(PREFIX).await.expect("it is fetched");
        assert_ne!(replaced, more, "a replaced file is another artifact");
        let keys = vec!["m/a".to_owned(), "m/b".to_owned()];
        store.objects().delete("bucket", keys).await.expect("they are deleted");
        assert_eq!(tree(&store.artifacts().path(&first))[0].1, b"1");
        assert_eq!(tree(&store.artifacts().path(&replaced))[0].1, b"3");
    });
}

/// However many objects there are, they are those of one moment.
#[test]
fn many_files_are_those_of_one_moment() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        for n in 0..300 {
            put(&store, &format!("m/{n}"), b"before").await;
        }
        let fetching = {
            let store = store.clone();
            tokio::spawn(async move { store.artifacts().fetch(PREFIX).await })
        };
        for n in 0..300 {
            put(&store, &format!("m/{n}"), b"after").await;
        }
        let id = fetching.await.expect("the task ends").expect("it is fetched");
        let files = tree(&store.artifacts().path(&id));
        assert_eq!(files.len(), 300);
        // Objects are replaced in the order of `n`: what was not yet must follow what was.
        let mut contents: Vec<(usize, Vec<u8>)> = files
            .into_iter()
            .map(|(path, content)| (path.to_string_lossy().parse().expect("a number"), content))
            .collect();
        contents.sort();
        let replaced = contents.iter().take_while(|(_, content)| content == b"after").count();
        assert!(contents[replaced..].iter().all(|(_, content)| content == b"before"));
    });
}

#[test]
fn a_disk_that_fails_leaves_no_artifact() {
    run(async {
        for kind in [Change::Make, Change::Write, Change::Sync, Change::Rename] {
            for errno in [EIO, ENOSPC] {
                let dir = TempDir::new().expect("a directory");
                let (store, failing) = open(&dir);
                store.objects().create_bucket("bucket").await.expect("the bucket is made");
                put(&store, "m/a", b"1").await;
                put(&store, "m/b/c", b"2").await;
                let position = KINDS.iter().position(|known| *known == kind).expect("it is known");
                failing.arm(position, 0, errno);
                let error = store.artifacts().fetch(PREFIX).await.expect_err("the disk fails");
                assert!(failing.disarm(), "{kind:?}");
                let ArtifactError::Fault(fault) = error else { panic!("{kind:?}: {error}") };
                assert_eq!(fault.is_disk_full(), errno == ENOSPC, "{kind:?}");
                let artifacts = fs::read_dir(dir.path().join("artifacts")).expect("a listing");
                // What was renamed before the directory could be synced is whole.
                let left = artifacts.count();
                assert!(left == 0 || kind == Change::Sync, "{kind:?}: {left}");
                let id = store.artifacts().fetch(PREFIX).await.expect("the disk works again");
                assert_eq!(tree(&store.artifacts().path(&id)).len(), 2);
            }
        }
    });
}
