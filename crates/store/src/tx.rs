//! A transaction as a job sees it: typed collections over one consistent state.

use std::cell::RefCell;

use resources::{Endpoint, EndpointConfig, Model, Record};
use rusqlite::Connection;

use crate::{
    Records,
    blobs::{BlobId, PendingBlob},
};

/// One transaction. A job that reads sees a snapshot; a job that writes sees what it wrote.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
    effects: RefCell<Effects>,
}

/// What happens to files once a job's rows are committed.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Files that the rows now name.
    pub(crate) adopted: Vec<PendingBlob>,
    /// Files that no row names any more.
    pub(crate) garbage: Vec<BlobId>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection, effects: RefCell::default() }
    }

    pub(crate) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Keeps a new file if this job is committed; removes it if not.
    pub(crate) fn adopt(&self, blob: PendingBlob) {
        self.effects.borrow_mut().adopted.push(blob);
    }

    /// Removes a file once this job is committed.
    pub(crate) fn discard(&self, blobs: impl IntoIterator<Item = BlobId>) {
        self.effects.borrow_mut().garbage.extend(blobs);
    }

    pub(crate) fn into_effects(self) -> Effects {
        self.effects.into_inner()
    }

    /// The records of one kind.
    pub fn records<T: Record>(&self) -> Records<'_, T> {
        Records::new(self)
    }

    /// Models.
    pub fn models(&self) -> Records<'_, Model> {
        self.records()
    }

    /// Endpoint configurations.
    pub fn endpoint_configs(&self) -> Records<'_, EndpointConfig> {
        self.records()
    }

    /// Endpoints.
    pub fn endpoints(&self) -> Records<'_, Endpoint> {
        self.records()
    }
}
