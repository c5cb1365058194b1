//! Records: each can be read, and what it refers to in the store is there.

use std::collections::BTreeSet;

use resources::{Endpoint, EndpointConfig, Model, Record};
use serde_json::Value;

use super::{Report, chain};
use crate::{Error, Tx};

/// How to read the records of a kind.
type Read = fn(&str) -> serde_json::Result<()>;

/// The kinds that are read as what they are. Others must be JSON at least.
const KINDS: [(&str, Read); 3] = [
    (Model::KIND, reads::<Model>),
    (EndpointConfig::KIND, reads::<EndpointConfig>),
    (Endpoint::KIND, reads::<Endpoint>),
];

fn reads<T: Record>(body: &str) -> serde_json::Result<()> {
    serde_json::from_str::<T>(body).map(|_| ())
}

/// Checks every record; the artifacts that they serve from, each with the record that does.
pub(super) fn check(tx: &Tx<'_>, report: &mut Report) -> Result<BTreeSet<(String, String)>, Error> {
    let mut artifacts = BTreeSet::new();
    let sql = "SELECT kind, key, body FROM records ORDER BY kind, key";
    let mut statement = tx.connection().prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, key): (String, String) = (row.get(0)?, row.get(1)?);
        let body: String = row.get(2)?;
        let place = format!("{kind} `{key}`");
        report.records += 1;
        if let Err(error) = read(&kind, &body) {
            report.damaged(&place, format!("it cannot be read: {}", chain(&error)));
        } else if kind == Endpoint::KIND {
            let endpoint = serde_json::from_str::<Endpoint>(&body).ok();
            artifacts.extend(endpoint.iter().flat_map(served).map(|id| (id, place.clone())));
        }
    }
    Ok(artifacts)
}

fn read(kind: &str, body: &str) -> serde_json::Result<()> {
    match KINDS.into_iter().find(|(name, _)| *name == kind) {
        Some((_, read)) => read(body),
        None => serde_json::from_str::<Value>(body).map(|_| ()),
    }
}

/// The artifacts that an endpoint answers from. What it is bringing up may not be fetched yet.
fn served(endpoint: &Endpoint) -> Vec<String> {
    let deployment = endpoint.current.iter();
    let variants = deployment.flat_map(|deployment| &deployment.variants);
    variants.filter_map(|variant| variant.artifact_id.clone()).collect()
}
