//! Who calls: access keys, their secrets and their owners.
//!
//! The data plane asks [`Keys`] for the owner of an access key: one atomic load and one look-up
//! in an immutable map. It also holds each key to the [`CallRate`] that all have. The root key comes from the caller or from [`root::load_or_generate`].
//! Checking a signature is left to `sigv4`, what an owner may do to the policy evaluation that
//! will live here.

mod access_key;
mod keys;
mod rate;
pub mod root;
mod secret;

pub use access_key::AccessKey;
pub use keys::{KeyRecord, Keys, Session, Snapshot, root_arn};
pub use rate::{CallRate, Pacer};
pub use secret::Secret;
