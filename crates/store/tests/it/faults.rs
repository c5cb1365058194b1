//! A disk that fails: what was acknowledged stays, what was not leaves nothing, and the store goes
//! on once the disk works again.

use std::{
    collections::HashSet,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use store::{
    Change, Error, Faults, Headers, ObjectError, Options, Precondition, Store, Target, UploadId,
};
use tempfile::TempDir;

use crate::{Scratch, files_below, get, put, run};

/// Lets one change of a kind fail, counted from when it is armed.
#[derive(Debug, Default)]
pub(crate) struct Failing {
    /// Changes that still work; 0 is the one to fail.
    left: AtomicUsize,
    kind: AtomicUsize,
    errno: AtomicUsize,
}

pub(crate) const KINDS: [Change; 4] = [Change::Make, Change::Write, Change::Sync, Change::Rename];
const IDLE: usize = usize::MAX;
pub(crate) const EIO: usize = 5;
pub(crate) const ENOSPC: usize = 28;

impl Failing {
    pub(crate) fn arm(&self, kind: usize, after: usize, errno: usize) {
        self.kind.store(kind, Ordering::SeqCst);
        self.errno.store(errno, Ordering::SeqCst);
        self.left.store(after, Ordering::SeqCst);
    }

    /// Whether the change that was to fail came.
    pub(crate) fn disarm(&self) -> bool {
        self.left.swap(IDLE, Ordering::SeqCst) == IDLE
    }
}

impl Faults for Failing {
    fn before(&self, change: Change, _path: &Path) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        if left == IDLE || KINDS.get(self.kind.load(Ordering::SeqCst)) != Some(&change) {
            return Ok(());
        }
        if left == 0 {
            self.left.store(IDLE, Ordering::SeqCst);
            return Err(io::Error::from_raw_os_error(self.errno.load(Ordering::SeqCst) as i32));
        }
        self.left.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

pub(crate) fn open(dir: &TempDir) -> (Store, Arc<Failing>) {
    let faults = Arc::new(Failing::default());
    faults.disarm();
    let options = Options {
        faults: Some(Arc::clone(&faults) as Arc<dyn Faults>),
        ..Options::ephemeral(dir.path())
    };
    (Store::open(options).expect("it opens"), faults)
}

async fn try_put(store: &Store, key: &str, bytes: &[u8]) -> Result<(), ObjectError> {
    let mut writer = store.objects().writer();
    writer.write(Bytes::copy_from_slice(bytes)).await?;
    let stored = writer.finish().await?;
    let target = Target::new("bucket", key);
    store.objects().put(target, Headers::default(), stored, Precondition::None).await?;
    Ok(())
}

#[test]
fn a_failed_write_leaves_nothing_and_takes_nothing() {
    run(async {
        let dir = TempDir::new().expect("a directory");
        let (store, faults) = open(&dir);
        store.objects().create_bucket("bucket").await.expect("the bucket is made");
        put(&store, "kept", b"as it was").await;
        let mut failed = HashSet::new();
        for (kind, change) in KINDS.into_iter().enumerate() {
            for after in 0..4 {
                for errno in [EIO, ENOSPC] {
                    faults.arm(kind, after, errno);
                    let put = try_put(&store, "kept", &vec![b'x'; 2 << 20]).await;
                    if !faults.disarm() {
                        put.expect("nothing failed");
                        try_put(&store, "kept", b"as it was").await.expect("it is put back");
                        continue;
                    }
                    failed.insert(change);
                    if change == Change::Rename {
                        // Blobs move beside the commit: it is stored, and read where it is.
                        put.expect("it is stored");
                        assert_eq!(get(&store, "kept").await, vec![b'x'; 2 << 20]);
                        try_put(&store, "kept", b"as it was").await.expect("it is put back");
                        assert_eq!(files_below(&dir.path().join("tmp")), 0, "it was left");
                        continue;
                    }
                    let Err(ObjectError::Store(error)) = put else { panic!("it did not fail") };
                    assert!(matches!(error, Error::Io { .. }), "{error}");
                    assert_eq!(error.is_disk_full(), errno == ENOSPC, "{error:?}");
                    assert_eq!(get(&store, "kept").await, b"as it was");
                    assert_eq!(files_below(&dir.path().join("tmp")), 0, "a torn file was left");
                    assert_eq!(files_below(&dir.path().join("objects")), 1, "a blob was left");
                }
            }
        }
        assert_eq!(failed.len(), KINDS.len(), "some kind of change never failed");
        drop(store);
        let report = store::check(dir.path()).expect("it can be checked");
        assert_eq!((report.damage, report.orphans), (vec![], vec![]));
    });
}

#[test]
fn a_failed_part_leaves_the_upload_as_it_was() {
    run(async {
        let dir = TempDir::new().expect("a directory");
        let (store, faults) = open(&dir);
        store.objects().create_bucket("bucket").await.expect("the bucket is made");
        let target = Target::new("bucket", "k");
        let begun = store.objects().create_upload(target, Headers::default()).await;
        let upload: UploadId = begun.expect("it begins");
        let part = |number: u16, bytes: &'static [u8]| {
            let (store, upload) = (store.clone(), upload.clone());
            async move {
                let mut writer = store.objects().writer();
                writer.write(Bytes::from_static(bytes)).await?;
                let stored = writer.finish().await?;
                store.objects().put_part(upload, number, stored, [].into()).await
            }
        };
        let first = part(1, b"first").await.expect("it is put");
        faults.arm(1, 0, EIO);
        part(1, b"other").await.expect_err("the disk failed");
        assert!(faults.disarm());
        let parts = store.objects().parts(upload.clone(), 0, 10).await.expect("the parts");
        assert_eq!(parts, [first]);
        part(2, b"second").await.expect("it goes on");
    });
}

#[test]
fn a_full_disk_has_a_text_that_says_what_to_do() {
    let full = Error::Io {
        action: "write",
        path: "x".into(),
        source: io::Error::from_raw_os_error(ENOSPC as i32),
    };
    let error = resources::Error::from(full);
    assert_eq!(error.kind(), resources::ErrorKind::Unavailable);
    assert!(error.message().contains("free space"), "{error}");
}

#[test]
fn the_database_full_is_a_full_disk_too() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let full = || {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
            Error::from(rusqlite::Error::SqliteFailure(code, None))
        };
        let refused = store.write(move |_| Err::<(), Error>(full())).await;
        assert!(refused.expect_err("it fails").is_disk_full());
        put(&store, "after", b"x").await;
    });
}
