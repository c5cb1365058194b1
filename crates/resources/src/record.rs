//! What a record must tell so that the store can keep, find and order it.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Endpoint, EndpointConfig, Model, Timestamp,
    rest_apis::{
        ApiDeployment, ApiModel, ApiResource, ApiSnapshot, ApiStage, GatewayResponse, Kept,
        RequestValidator, RestApi,
    },
};

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

/// A kind of record: its name on disk, and how to tell whether a body is one.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// See [`Record::KIND`].
    pub name: &'static str,
    /// Reads the JSON body of a record of the kind; the record's key.
    pub read: fn(&str) -> serde_json::Result<String>,
}

impl Kind {
    const fn of<R: Record>() -> Self {
        let read = |body: &str| Ok(serde_json::from_str::<R>(body)?.key().to_owned());
        Self { name: R::KIND, read }
    }
}

/// Every kind that is kept. What uses the store with another does not compile, so that none is
/// forgotten where all are gone through.
pub const KINDS: [Kind; 11] = [
    Kind::of::<Endpoint>(),
    Kind::of::<EndpointConfig>(),
    Kind::of::<Model>(),
    Kind::of::<Kept<RestApi>>(),
    Kind::of::<Kept<ApiDeployment>>(),
    Kind::of::<Kept<GatewayResponse>>(),
    Kind::of::<Kept<ApiModel>>(),
    Kind::of::<Kept<ApiResource>>(),
    Kind::of::<Kept<ApiSnapshot>>(),
    Kind::of::<Kept<ApiStage>>(),
    Kind::of::<Kept<RequestValidator>>(),
];

/// Whether the kind is one of [`KINDS`]; for use in `const` contexts.
pub const fn is_kept(name: &str) -> bool {
    let mut at = 0;
    while at < KINDS.len() {
        if same(KINDS[at].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_whole_names_and_no_two_are_alike() {
        for (at, kind) in KINDS.iter().enumerate() {
            assert!(is_kept(kind.name));
            assert!(!is_kept(&kind.name[1..]) && !is_kept(&format!("{}x", kind.name)));
            assert!(KINDS[at + 1..].iter().all(|other| other.name != kind.name));
        }
    }
}
