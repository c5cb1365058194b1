//! The access keys that are known now, as the data plane sees them: an immutable snapshot that
//! is replaced as a whole.

use std::{collections::HashMap, sync::Arc};

use arc_swap::{ArcSwap, Guard};
use resources::{Account, Timestamp};

use crate::{AccessKey, Secret};

/// What an access key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The access key id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// ARN of the owner, such as `arn:aws:iam::000000000000:root`.
    pub principal: String,
    /// The session that the key belongs to; none for a key that lasts.
    pub session: Option<Session>,
}

/// What makes an access key temporary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The token that every call with the key must carry.
    pub token: Secret,
    /// From when on the key is refused.
    pub expires: Timestamp,
}

impl KeyRecord {
    /// The record of the account's root key.
    pub fn root(account: &Account, key: AccessKey) -> Self {
        Self { id: key.id, secret: key.secret, principal: root_arn(account), session: None }
    }
}

/// The ARN of the account's root user, such as `arn:aws:iam::000000000000:root`.
pub fn root_arn(account: &Account) -> String {
    format!("arn:aws:iam::{}:root", account.id())
}

/// Access key ids and their records.
#[derive(Debug, Default)]
pub struct Keys {
    records: ArcSwap<HashMap<String, Arc<KeyRecord>>>,
}

/// The keys of one moment.
#[derive(Debug)]
pub struct Snapshot {
    records: Guard<Arc<HashMap<String, Arc<KeyRecord>>>>,
}

impl Snapshot {
    /// The record of a key id.
    pub fn lookup(&self, id: &str) -> Option<&KeyRecord> {
        self.records.get(id).map(Arc::as_ref)
    }
}

impl Keys {
    /// Exactly these keys. Of two with the same id the last one counts.
    pub fn new(records: impl IntoIterator<Item = KeyRecord>) -> Self {
        let keys = Self::default();
        keys.replace(records);
        keys
    }

    /// The keys as they are now, to look up in without copying. Never waits. Keep it no longer
    /// than a request: it does not see later replacements.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { records: self.records.load() }
    }

    /// The record of a key id, as the keys are now.
    pub fn lookup(&self, id: &str) -> Option<Arc<KeyRecord>> {
        self.records.load().get(id).cloned()
    }

    /// From now on exactly these keys.
    pub fn replace(&self, records: impl IntoIterator<Item = KeyRecord>) {
        let by_id = records.into_iter().map(|record| (record.id.clone(), Arc::new(record)));
        self.records.store(Arc::new(by_id.collect()));
    }
}
