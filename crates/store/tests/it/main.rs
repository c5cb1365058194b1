//! The store from outside: records, objects, artifacts, crashes.

mod artifacts;
mod check;
mod crash;
mod faults;
mod fixture;
mod listing;
mod mending;
mod model_files;
mod objects;
mod records;
mod uploads;

use std::sync::OnceLock;

use bytes::Bytes;
use futures::StreamExt;
use store::{Headers, ObjectInfo, Options, Precondition, Store, Stored, Target};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A store in a directory that goes with it.
struct Scratch {
    store: Store,
    dir: TempDir,
}

impl Scratch {
    fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let store = Store::open(Options::ephemeral(dir.path())).expect("the store opens");
        Self { store, dir }
    }

    /// With the bucket `bucket`.
    async fn with_bucket() -> Self {
        let scratch = Self::new();
        scratch.store.objects().create_bucket("bucket").await.expect("the bucket is made");
        scratch
    }

    /// How many blobs there are on disk, those on their way in or out among them.
    fn blobs(&self) -> usize {
        ["objects", "tmp"].map(|place| files_below(&self.dir.path().join(place))).iter().sum()
    }
}

fn files_below(dir: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(dir).expect("the directory can be read");
    entries
        .map(|entry| entry.expect("the entry can be read").path())
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}

/// Runs a test's future; one runtime serves all tests.
fn run<T>(test: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).block_on(test)
}

async fn stored(store: &Store, bytes: &[u8]) -> Stored {
    let mut writer = store.objects().writer();
    for chunk in bytes.chunks(700_000) {
        writer.write(Bytes::copy_from_slice(chunk)).await.expect("bytes are written");
    }
    writer.finish().await.expect("bytes are stored")
}

async fn put(store: &Store, key: &str, bytes: &[u8]) -> ObjectInfo {
    let stored = stored(store, bytes).await;
    let target = Target::new("bucket", key);
    let put = store.objects().put(target, Headers::default(), stored, Precondition::None);
    put.await.expect("the object is put")
}

async fn get(store: &Store, key: &str) -> Vec<u8> {
    let object =
        store.objects().get(&Target::new("bucket", key)).await.expect("the object is there");
    let size = object.info().size;
    collect(object.read(0..size)).await
}

async fn collect(mut reader: store::ObjectReader) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(block) = reader.next().await {
        bytes.extend_from_slice(&block.expect("the block is read"));
    }
    bytes
}
