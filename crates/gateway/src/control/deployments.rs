//! Deployments: an API frozen as it is, compiled before it is kept, so that what is kept can be
//! served.

use resources::{
    Error,
    rest_apis::{
        ApiDeployment, ApiModel, ApiResource, ApiSnapshot, ApiStage, CanarySettings,
        GatewayResponse, Kept, Method, RequestValidator,
    },
};

use super::{
    access::Api,
    identifiers,
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::{invalid, no_deployment},
    stages,
};
use crate::{Gateway, serve::Deployment};

const RULES: &[Rule] = &[Rule::text("/description")];

/// What is to be deployed, and where.
#[derive(Clone, Debug, Default)]
pub struct NewDeployment {
    /// What it is for.
    pub description: Option<String>,
    /// The stage that serves it, made if need be; `stage_name` empty for none.
    pub stage: ApiStage,
    /// Makes it the stage's canary instead.
    pub canary: Option<CanarySettings>,
}

/// Freezes an API, and puts it on a stage if one is named.
pub async fn create(
    gateway: &Gateway,
    api: String,
    new: NewDeployment,
) -> Result<Kept<ApiDeployment>, Error> {
    let snapshot = gateway.read(api.clone(), snapshot).await?;
    Deployment::compile("", &snapshot).map_err(|error| invalid(error.to_string()))?;
    let kept = gateway
        .write(api.clone(), move |api| {
            let id = identifiers::short();
            let deployment = ApiDeployment { id: id.clone(), description: new.description.clone() };
            api.add(&id, snapshot)?;
            put_on_stage(api, &id, new)?;
            api.add(&id, deployment)
        })
        .await?;
    gateway.publish(&api).await?;
    Ok(kept)
}

fn put_on_stage(api: &Api<'_>, id: &str, new: NewDeployment) -> Result<(), Error> {
    let name = new.stage.stage_name.clone();
    let existing = if name.is_empty() { None } else { api.find::<ApiStage>(&name)? };
    match (new.canary, existing) {
        (Some(_), None) => Err(no_stage_for_canary(&name)),
        (Some(canary), Some(mut stage)) => {
            let deployment_id = Some(id.to_owned());
            stage.definition.canary_settings = Some(CanarySettings { deployment_id, ..canary });
            api.put(stage).map(drop)
        }
        (None, Some(mut stage)) => {
            id.clone_into(&mut stage.definition.deployment_id);
            stage.definition.variables.extend(new.stage.variables);
            stages::check(api, &stage.definition)?;
            api.put(stage).map(drop)
        }
        (None, None) if name.is_empty() => Ok(()),
        (None, None) => {
            stages::add(api, ApiStage { deployment_id: id.to_owned(), ..new.stage }).map(drop)
        }
    }
}

fn no_stage_for_canary(name: &str) -> Error {
    let start = "Invalid deployment content specified.";
    if name.is_empty() {
        return invalid(format!(
            "{start}Non null and non empty stageName must be provided for canary deployment. \
             Provided value is null"
        ));
    }
    invalid(format!(
        "{start}Stage {name} must already be created before making a canary release deployment"
    ))
}

/// Everything that a deployment of the API as it is now would serve.
pub(crate) fn snapshot(api: &Api<'_>) -> Result<ApiSnapshot, Error> {
    api.must_exist()?;
    let resources = definitions::<ApiResource>(api)?;
    let methods = || resources.iter().flat_map(|resource| resource.resource_methods.values());
    if methods().next().is_none() {
        return Err(invalid("The REST API doesn't contain any methods"));
    }
    if methods().any(|method: &Method| method.method_integration.is_none()) {
        return Err(invalid("No integration defined for method"));
    }
    snapshot_of(api)
}

/// The API as it is now, whether it can be deployed or not.
pub(crate) fn snapshot_of(api: &Api<'_>) -> Result<ApiSnapshot, Error> {
    Ok(ApiSnapshot {
        api_id: api.id.to_owned(),
        api: api.itself()?.definition,
        resources: definitions::<ApiResource>(api)?,
        models: definitions::<ApiModel>(api)?,
        validators: definitions::<RequestValidator>(api)?,
        gateway_responses: definitions::<GatewayResponse>(api)?,
    })
}

fn definitions<D: resources::rest_apis::Definition>(api: &Api<'_>) -> Result<Vec<D>, Error> {
    Ok(api.all::<D>()?.into_iter().map(|kept| kept.definition).collect())
}

/// One deployment.
pub async fn get(gateway: &Gateway, api: String, id: String) -> Result<Kept<ApiDeployment>, Error> {
    gateway
        .read(api, move |api| {
            api.must_exist()?;
            api.find(&id)?.ok_or_else(no_deployment)
        })
        .await
}

/// What a deployment froze.
pub async fn frozen(gateway: &Gateway, api: String, id: String) -> Result<ApiSnapshot, Error> {
    let found = gateway.read(api, move |api| api.find::<ApiSnapshot>(&id));
    found.await?.map(|kept| kept.definition).ok_or_else(no_deployment)
}

/// One page of an API's deployments, newest first.
pub async fn list(
    gateway: &Gateway,
    api: String,
    query: PageQuery,
) -> Result<Page<Kept<ApiDeployment>>, Error> {
    let all = gateway.read(api, |api| {
        api.must_exist()?;
        api.all::<ApiDeployment>()
    });
    page(all.await?, &query, |kept| {
        format!("{:020}{}", i64::MAX - kept.created.epoch_ms(), kept.key)
    })
}

/// Changes a deployment's description.
pub async fn update(
    gateway: &Gateway,
    api: String,
    id: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<ApiDeployment>, Error> {
    gateway
        .write(api, move |api| {
            let mut kept = api.find::<ApiDeployment>(&id)?.ok_or_else(no_deployment)?;
            kept.definition = patched(&kept.definition, &operations, RULES, Manner::Lists)?;
            api.put(kept)
        })
        .await
}

/// Removes a deployment that no stage serves.
pub async fn delete(gateway: &Gateway, api: String, id: String) -> Result<(), Error> {
    gateway
        .write(api, move |api| {
            if !api.has::<ApiDeployment>(&id)? {
                return Err(no_deployment());
            }
            if api.all::<ApiStage>()?.iter().any(|stage| serves(&stage.definition, &id)) {
                return Err(invalid(
                    "Active stages pointing to this deployment must be moved or deleted",
                ));
            }
            api.remove::<ApiDeployment>(&id)?;
            api.remove::<ApiSnapshot>(&id).map(drop)
        })
        .await
}

fn serves(stage: &ApiStage, id: &str) -> bool {
    let canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_deref());
    stage.deployment_id == id || canary == Some(id)
}
