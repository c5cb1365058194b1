//! Records: each can be read, and what it refers to in the store is there.

use std::collections::BTreeSet;

use resources::{
    DeployedVariant, Endpoint, EndpointStatus, KINDS, Record,
    rest_apis::{ApiDeployment, ApiSnapshot, ApiStage, Definition, Kept, RestApi},
};
use serde_json::Value;

use super::Report;
use crate::{Error, Tx, error::chain};

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
        let problem = match read(&kind, &body) {
            Err(error) => Some(format!("it cannot be read: {}", chain(&error))),
            Ok(Some(own)) if own != key => Some(format!("it says that it is `{own}`")),
            Ok(_) => missing(tx, &kind, &key, &body)?,
        };
        if let Some(problem) = problem {
            report.damaged(&place, problem);
        } else if kind == Endpoint::KIND {
            let endpoint = serde_json::from_str::<Endpoint>(&body).ok();
            artifacts.extend(endpoint.iter().flat_map(served).map(|id| (id, place.clone())));
        }
    }
    Ok(artifacts)
}

/// Reads a record as what it is; its own key. What a later version keeps must be JSON at least.
fn read(kind: &str, body: &str) -> serde_json::Result<Option<String>> {
    match KINDS.iter().find(|known| known.name == kind) {
        Some(known) => (known.read)(body).map(Some),
        None => serde_json::from_str::<Value>(body).map(|_| None),
    }
}

/// What a record of a REST API refers to and is not there.
fn missing(tx: &Tx<'_>, kind: &str, key: &str, body: &str) -> Result<Option<String>, Error> {
    let Some((api, _)) = key.split_once('/').filter(|_| kind.starts_with(RestApi::KIND)) else {
        return Ok(None);
    };
    let mut wanted = vec![(RestApi::KIND, api.to_owned())];
    if kind == ApiDeployment::KIND {
        wanted.push((ApiSnapshot::KIND, key.to_owned()));
    }
    if kind == ApiStage::KIND
        && let Ok(stage) = serde_json::from_str::<Kept<ApiStage>>(body)
    {
        let deployment = format!("{api}/{}", stage.definition.deployment_id);
        wanted.push((ApiDeployment::KIND, deployment));
    }
    for (kind, key) in wanted {
        if !exists(tx, kind, &key)? {
            return Ok(Some(format!("its {kind} `{key}` is missing")));
        }
    }
    Ok(None)
}

fn exists(tx: &Tx<'_>, kind: &str, key: &str) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM records WHERE kind = ? AND key = ?)";
    let mut statement = tx.connection().prepare_cached(sql)?;
    Ok(statement.query_row([kind, key], |row| row.get(0))?)
}

/// The artifacts that an endpoint answers from. What it is bringing up may not be fetched yet, but
/// names what has been. One that failed or is being deleted does not come back.
fn served(endpoint: &Endpoint) -> Vec<String> {
    if matches!(endpoint.status, EndpointStatus::Failed | EndpointStatus::Deleting) {
        return Vec::new();
    }
    let deployments = endpoint.current.iter().chain(&endpoint.pending);
    let variants = deployments.flat_map(|deployment| &deployment.variants);
    variants.flat_map(DeployedVariant::artifact_ids).cloned().collect()
}
