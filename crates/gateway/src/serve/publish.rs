//! From what is kept to what is served: loads stages, compiles the deployments that are new.
//!
//! A deployment never changes, so one that is served already is not compiled again.

use std::{collections::HashMap, sync::Arc};

use resources::{
    Error, ErrorKind,
    rest_apis::{ApiSnapshot, ApiStage, Kept, RestApi},
};
use store::{Store, Tx};

use super::{Deployment, Stage, Table, table::Stages};

/// What one API has that is served.
struct Loaded {
    stages: Vec<Kept<ApiStage>>,
    snapshots: HashMap<String, ApiSnapshot>,
}

/// The table of all that was deployed. An API that cannot be served does not hide the others.
pub(crate) async fn everything(store: &Store) -> Result<Table, Error> {
    let ids = store.read(|tx| {
        let apis = tx.api_parts::<RestApi>().each()?;
        Ok::<_, Error>(apis.into_iter().flatten().map(|api| api.key).collect::<Vec<_>>())
    });
    let mut table = Table::default();
    for id in ids.await? {
        match one(store, &table, &id).await {
            Ok(with) => table = with,
            Err(error) => tracing::error!(api = id, %error, "an API is not served"),
        }
    }
    Ok(table)
}

/// `before` with one API as the store has it now.
pub(crate) async fn one(store: &Store, before: &Table, api: &str) -> Result<Table, Error> {
    let known = known(before, api);
    let mut table = before.clone();
    let (id, have) = (api.to_owned(), known.keys().cloned().collect::<Vec<_>>());
    let loaded = store.read(move |tx| load(tx, &id, &have)).await?;
    let stages = compiled(api, loaded, known)?;
    if stages.is_empty() {
        table.apis.remove(api);
    } else {
        table.apis.insert(api.to_owned(), Arc::new(stages));
    }
    Ok(table)
}

/// The deployments of an API that are served, by id.
fn known(table: &Table, api: &str) -> HashMap<String, Arc<Deployment>> {
    let stages = table.apis.get(api).into_iter().flat_map(|stages| stages.values());
    let served = stages.flat_map(|stage| [Some(&stage.deployment), stage.canary.as_ref()]);
    served.flatten().map(|deployment| (deployment.id.clone(), Arc::clone(deployment))).collect()
}

fn load(tx: &Tx<'_>, api: &str, have: &[String]) -> Result<Loaded, Error> {
    let stages = tx.api_parts::<ApiStage>().of_api(api)?;
    let mut snapshots = HashMap::new();
    for id in stages.iter().flat_map(served).filter(|id| !have.contains(id)) {
        if let Some(kept) = tx.api_parts::<ApiSnapshot>().get(&format!("{api}/{id}"))? {
            snapshots.insert(id, kept.definition);
        }
    }
    Ok(Loaded { stages, snapshots })
}

/// The ids of what a stage serves.
fn served(stage: &Kept<ApiStage>) -> Vec<String> {
    let canary = stage.definition.canary_settings.as_ref();
    let canary = canary.and_then(|canary| canary.deployment_id.clone());
    std::iter::once(stage.definition.deployment_id.clone()).chain(canary).collect()
}

fn compiled(
    api: &str,
    loaded: Loaded,
    mut known: HashMap<String, Arc<Deployment>>,
) -> Result<Stages, Error> {
    for (id, snapshot) in loaded.snapshots {
        let deployment = Deployment::compile(&id, &snapshot).map_err(|error| {
            Error::new(ErrorKind::Invalid, format!("deployment `{id}` of API `{api}`: {error}"))
        })?;
        known.insert(id, Arc::new(deployment));
    }
    let mut stages = Stages::default();
    for kept in loaded.stages {
        let Some(deployment) = known.get(&kept.definition.deployment_id).cloned() else {
            tracing::error!(api, stage = kept.id(), "the deployment of a stage is not there");
            continue;
        };
        let canary = kept.definition.canary_settings.as_ref();
        let canary = canary.and_then(|canary| known.get(canary.deployment_id.as_ref()?).cloned());
        let stage = (kept.id().to_owned(), Stage::new(api, kept, deployment, canary));
        stages.insert(stage.0, Arc::new(stage.1));
    }
    Ok(stages)
}
