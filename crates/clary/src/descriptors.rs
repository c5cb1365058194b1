//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the server has open besides its clients' connections: the store, artifacts, workers.
const OWN: u64 = 512;

/// Raises the soft limit as far as the system lets us, and says so if that is too little for
/// `connections_max` connections.
pub(crate) fn raise(connections_max: usize) {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    let after = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    };
    if after.is_some_and(|files| files < connections_max as u64 + OWN) {
        tracing::warn!(
            files = after,
            connections_max,
            "fewer files may be open than `connections-max` needs; raise the hard limit \
             (`ulimit -Hn`), or lower `connections-max`"
        );
    }
}
