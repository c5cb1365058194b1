//! What a record must tell so that the store can keep, find and order it.

use serde::{Serialize, de::DeserializeOwned};

use crate::Timestamp;

/// A resource kept in the metadata store, one per kind and key.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The kind's name on disk; never changes once released.
    const KIND: &'static str;

    /// Unique within the kind.
    fn key(&self) -> &str;

    /// When the resource was created.
    fn created(&self) -> Timestamp;

    /// When the resource last changed.
    fn modified(&self) -> Timestamp {
        self.created()
    }

    /// The lifecycle state that lists filter by, for kinds that have one.
    fn status(&self) -> Option<&'static str> {
        None
    }
}
