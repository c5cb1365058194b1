//! The access keys that are known now, as the data plane sees them: an immutable snapshot that
//! is replaced as a whole.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, Guard};
use resources::{Account, Timestamp};

use crate::{AccessKey, CallRate, Pacer, Secret};

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

/// A key, and how often it has called.
#[derive(Clone, Debug)]
struct Known {
    record: Arc<KeyRecord>,
    pacer: Arc<Pacer>,
}

/// Access key ids and their records.
#[derive(Debug, Default)]
pub struct Keys {
    known: ArcSwap<HashMap<String, Known>>,
    rate: Option<CallRate>,
}

/// The keys of one moment.
#[derive(Debug)]
pub struct Snapshot {
    known: Guard<Arc<HashMap<String, Known>>>,
}

impl Snapshot {
    /// The record of a key id.
    pub fn lookup(&self, id: &str) -> Option<&KeyRecord> {
        self.known.get(id).map(|known| known.record.as_ref())
    }
}

impl Keys {
    /// Exactly these keys. Of two with the same id the last one counts.
    pub fn new(records: impl IntoIterator<Item = KeyRecord>) -> Self {
        let keys = Self::default();
        keys.replace(records);
        keys
    }

    /// As they are, with each key held to this rate.
    #[must_use]
    pub fn at_rate(self, rate: Option<CallRate>) -> Self {
        Self { rate, ..self }
    }

    /// Takes one call from what a key may have; if there is none left, says in what time there
    /// will be. Ask only for keys whose signature held: others would use up what is not theirs.
    pub fn take_call(&self, id: &str) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let pacer = self.known.load().get(id).map(|known| Arc::clone(&known.pacer));
        pacer.map_or(Ok(()), |pacer| pacer.take(rate, now_ns()))
    }

    /// The keys as they are now, to look up in without copying. Never waits. Keep it no longer
    /// than a request: it does not see later replacements.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { known: self.known.load() }
    }

    /// The record of a key id, as the keys are now.
    pub fn lookup(&self, id: &str) -> Option<Arc<KeyRecord>> {
        self.known.load().get(id).map(|known| Arc::clone(&known.record))
    }

    /// From now on exactly these keys. Those that were there before keep what they have called.
    pub fn replace(&self, records: impl IntoIterator<Item = KeyRecord>) {
        let before = self.known.load_full();
        let known = |record: KeyRecord| {
            let pacer = before.get(&record.id).map(|known| Arc::clone(&known.pacer));
            let id = record.id.clone();
            (id, Known { record: Arc::new(record), pacer: pacer.unwrap_or_default() })
        };
        self.known.store(Arc::new(records.into_iter().map(known).collect()));
    }
}

/// Nanoseconds since the first time that somebody asked.
fn now_ns() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> KeyRecord {
        KeyRecord {
            id: id.to_owned(),
            secret: Secret::new("secret"),
            principal: String::new(),
            session: None,
        }
    }

    #[test]
    fn each_key_has_a_rate_of_its_own_which_survives_a_replacement() {
        let rate = CallRate { per_second: 0.001, burst: 2 };
        let keys = Keys::new([record("one"), record("two")]).at_rate(Some(rate));
        assert_eq!((keys.take_call("one"), keys.take_call("one")), (Ok(()), Ok(())));
        let wait = keys.take_call("one").expect_err("there is none left");
        assert!(wait > Duration::from_secs(990), "{wait:?}");
        assert_eq!(keys.take_call("two"), Ok(()));
        keys.replace([record("one"), record("three")]);
        assert!(keys.take_call("one").is_err());
        assert_eq!(keys.take_call("three"), Ok(()));
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let keys = Keys::new([record("one")]);
        assert!((0..1000).all(|_| keys.take_call("one") == Ok(())));
    }
}
