//! The store from outside.

mod records;

use std::sync::OnceLock;

use store::{Options, Store};
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
}

/// Runs a test's future; one runtime serves all tests.
fn run<T>(test: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).block_on(test)
}
