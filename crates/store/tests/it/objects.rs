//! Buckets and objects: what goes in comes out, and what is gone leaves no bytes behind.

use bytes::Bytes;
use futures::StreamExt;
use store::{Durability, Headers, ObjectError, Options, Precondition, Store, Target};

use crate::{Scratch, collect, get, put, run, stored};

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn objects_of_every_size_come_back_whole() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        for size in [0, 1, 1000, 262_144, 262_145, 1_048_576, 3_000_001] {
            let info = put(&scratch.store, "k", &bytes(size)).await;
            assert_eq!(info.size, size as u64);
            assert_eq!(get(&scratch.store, "k").await, bytes(size));
            assert_eq!(scratch.blobs(), usize::from(size > 0), "the replaced bytes are gone");
        }
        // md5sum of nothing and of `abc` (RFC 1321)
        assert_eq!(put(&scratch.store, "e", b"").await.etag, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(put(&scratch.store, "e", b"abc").await.etag, "900150983cd24fb0d6963f7d28e17f72");
    });
}

#[test]
fn ranges() {
    let cases =
        [(0, 0), (0, 1), (5, 10), (0, 1000), (999, 1000), (1000, 1000), (990, 5000), (2000, 3000)];
    run(async {
        let scratch = Scratch::with_bucket().await;
        let whole = bytes(1000);
        put(&scratch.store, "k", &whole).await;
        for (start, end) in cases {
            let object =
                scratch.store.objects().get(&Target::new("bucket", "k")).await.expect("it is");
            let expect = &whole[start.min(1000)..end.min(1000)];
            assert_eq!(collect(object.read(start as u64..end as u64)).await, expect);
        }
    });
}

#[test]
fn headers_come_back() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let headers = Headers {
            standard: [("content-type".to_owned(), "text/csv".to_owned())].into(),
            user: [("owner".to_owned(), "ünï".to_owned())].into(),
            checksums: [("CRC32".to_owned(), "AAAAAA==".to_owned())].into(),
            checksum_type: Some("FULL_OBJECT".to_owned()),
            checksum_algorithm: None,
            part_checksums: vec!["AAAAAA==".to_owned()],
        };
        let bytes = stored(&store, b"x").await;
        let target = Target::new("bucket", "k");
        let put = store.objects().put(target.clone(), headers.clone(), bytes, Precondition::None);
        let info = put.await.expect("it is put");
        let object = store.objects().get(&target).await.expect("it is there");
        assert_eq!((object.info(), object.headers()), (&info, &headers));
    });
}

#[test]
fn what_is_held_stays_readable() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let objects = scratch.store.objects();
        let old = bytes(600_000);
        put(&scratch.store, "k", &old).await;
        let target = Target::new("bucket", "k");
        let held = objects.get(&target).await.expect("it is there");
        let mut begun = objects.get(&target).await.expect("it is there").read(0..600_000);
        let first = begun.next().await.expect("a block").expect("it is read");

        put(&scratch.store, "k", b"new").await;
        objects.delete("bucket", vec!["k".to_owned()]).await.expect("it is deleted");
        assert_eq!(scratch.blobs(), 1, "the new bytes are gone, the old are held");

        assert_eq!(collect(held.read(0..600_000)).await, old);
        assert_eq!(scratch.blobs(), 1, "the second reader holds them still");
        assert_eq!([first.to_vec(), collect(begun).await].concat(), old);
        assert_eq!(scratch.blobs(), 0);
    });
}

#[test]
fn bytes_without_a_name_are_removed() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let objects = scratch.store.objects();
        drop(stored(&scratch.store, b"never named").await);

        let mut unfinished = objects.writer();
        unfinished.write(Bytes::from(bytes(2_000_000))).await.expect("it is written");
        drop(unfinished);

        let lost = stored(&scratch.store, b"no such bucket").await;
        let put =
            objects.put(Target::new("none", "k"), Headers::default(), lost, Precondition::None);
        assert!(matches!(put.await, Err(ObjectError::NoSuchBucket(name)) if name == "none"));

        assert_eq!(scratch.blobs(), 0);
        assert_eq!(crate::files_below(&scratch.dir.path().join("tmp")), 0);
    });
}

#[test]
fn preconditions() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let etag = put(&store, "there", b"abc").await.etag;
        let matching = Precondition::Etag(etag);
        let other = Precondition::Etag("0".repeat(32));
        let cases = [
            ("there", Precondition::Absent, "PreconditionFailed"),
            ("there", other.clone(), "PreconditionFailed"),
            ("there", matching, "ok"),
            ("absent", other, "NoSuchKey"),
            ("absent", Precondition::Absent, "ok"),
        ];
        for (key, precondition, expect) in cases {
            let bytes = stored(&store, b"new").await;
            let target = Target::new("bucket", key);
            let put = store.objects().put(target, Headers::default(), bytes, precondition).await;
            let outcome = match put {
                Ok(_) => "ok",
                Err(ObjectError::PreconditionFailed(_)) => "PreconditionFailed",
                Err(ObjectError::NoSuchKey { .. }) => "NoSuchKey",
                Err(error) => panic!("{error}"),
            };
            assert_eq!(outcome, expect);
        }
    });
}

#[test]
fn buckets_live_and_die() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        let objects = store.objects();
        objects.create_bucket("second").await.expect("it is made");
        objects.create_bucket("first").await.expect("it is made");
        let again = objects.create_bucket("first").await;
        assert!(matches!(again, Err(ObjectError::BucketAlreadyOwnedByYou(_))));
        let bad = objects.create_bucket("No").await;
        assert!(matches!(bad, Err(ObjectError::InvalidBucketName { .. })));
        let buckets = objects.buckets().await.expect("the buckets");
        let names: Vec<_> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        assert_eq!(names, ["first", "second"]);

        let bytes = stored(&store, b"x").await;
        let target = Target::new("first", "k");
        let put = objects.put(target, Headers::default(), bytes, Precondition::None);
        put.await.expect("it is put");
        let full = objects.delete_bucket("first").await;
        assert!(matches!(full, Err(ObjectError::BucketNotEmpty(_))));
        objects.delete("first", vec!["k".to_owned(), "none".to_owned()]).await.expect("deleted");
        objects.delete_bucket("first").await.expect("it is deleted");
        assert!(matches!(objects.bucket("first").await, Err(ObjectError::NoSuchBucket(_))));
        assert!(matches!(objects.delete_bucket("first").await, Err(ObjectError::NoSuchBucket(_))));
        let delete = objects.delete("first", vec!["k".to_owned()]).await;
        assert!(matches!(delete, Err(ObjectError::NoSuchBucket(_))));
    });
}

#[test]
fn keys_that_files_could_not_have() {
    let long = format!("{}{}", "ключ/".repeat(113), "x".repeat(7));
    let keys =
        ["a", "a/b", "a//b", "a/", "/", "..", "../../x", "a\0b", "a\nb", "é", "e\u{301}", &long];
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        for key in keys {
            put(&store, key, key.as_bytes()).await;
        }
        for key in keys {
            assert_eq!(get(&store, key).await, key.as_bytes());
        }
        for key in [String::new(), "x".repeat(1025)] {
            let bytes = stored(&store, b"x").await;
            let target = Target::new("bucket", key);
            let put = store.objects().put(target, Headers::default(), bytes, Precondition::None);
            assert!(matches!(put.await, Err(ObjectError::KeyLength(_))));
        }
    });
}

#[test]
fn a_reset_empties_a_store_in_use() {
    run(async {
        let scratch = Scratch::with_bucket().await;
        let Scratch { store, .. } = &scratch;
        put(store, "k", b"old").await;
        let held = store.objects().get(&Target::new("bucket", "k")).await.expect("it is there");
        let on_its_way = stored(store, b"late").await;

        store.reset().await.expect("it is reset");

        let target = Target::new("bucket", "late");
        let put = store.objects().put(target, Headers::default(), on_its_way, Precondition::None);
        assert!(matches!(put.await, Err(ObjectError::NoSuchBucket(_))));
        assert_eq!(collect(held.read(0..3)).await, b"old");
        assert_eq!(store.objects().buckets().await.expect("the buckets"), []);
        assert_eq!(scratch.blobs(), 0);
    });
}

#[test]
fn a_synced_store_keeps_objects_over_a_restart() {
    run(async {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        let options = Options::new(dir.path());
        assert_eq!(options.durability, Durability::Synced);
        let store = Store::open(options.clone()).expect("it opens");
        store.objects().create_bucket("bucket").await.expect("the bucket is made");
        put(&store, "k", &bytes(2_000_000)).await;
        drop(store);
        let store = Store::open(options).expect("it opens again");
        assert_eq!(get(&store, "k").await, bytes(2_000_000));
    });
}
