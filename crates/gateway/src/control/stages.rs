//! Stages: a deployment at an address, with variables and settings.

use resources::{
    Error,
    rest_apis::{ApiDeployment, ApiStage, Kept, TextMap},
};

use super::{
    access::Api,
    patch::PatchOperation,
    refusals::{conflict, invalid, limit, no_stage},
    settings,
};
use crate::Gateway;

/// Stages of an API at most.
const STAGES_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 128;
const VARIABLES_MAX: usize = 100;
const VARIABLE_NAME_CHARS_MAX: usize = 64;
const VARIABLE_CHARS_MAX: usize = 512;

/// Adds a stage to an API.
pub async fn create(
    gateway: &Gateway,
    api: String,
    stage: ApiStage,
) -> Result<Kept<ApiStage>, Error> {
    let kept = gateway
        .write(api.clone(), move |api| {
            api.must_exist()?;
            if api.find::<ApiStage>(&stage.stage_name)?.is_some() {
                return Err(conflict("Stage already exists"));
            }
            add(api, stage)
        })
        .await?;
    gateway.publish(&api).await?;
    Ok(kept)
}

/// Keeps a new stage that holds to the rules.
pub(crate) fn add(api: &Api<'_>, stage: ApiStage) -> Result<Kept<ApiStage>, Error> {
    check_name(&stage.stage_name)?;
    check(api, &stage)?;
    if api.all::<ApiStage>()?.len() >= STAGES_MAX {
        let text = format!("An API has {STAGES_MAX} stages at most; delete one first");
        return Err(limit(text));
    }
    let name = stage.stage_name.clone();
    api.add(&name, stage)
}

/// One stage.
pub async fn get(gateway: &Gateway, api: String, name: String) -> Result<Kept<ApiStage>, Error> {
    gateway
        .read(api, move |api| {
            api.must_exist()?;
            api.find(&name)?.ok_or_else(no_stage)
        })
        .await
}

/// All stages of an API, or those that serve one deployment.
pub async fn list(
    gateway: &Gateway,
    api: String,
    deployment_id: Option<String>,
) -> Result<Vec<Kept<ApiStage>>, Error> {
    gateway
        .read(api, move |api| {
            api.must_exist()?;
            let mut all = api.all::<ApiStage>()?;
            if let Some(id) = deployment_id {
                all.retain(|stage| stage.definition.deployment_id == id);
            }
            Ok(all)
        })
        .await
}

/// Changes a stage.
pub async fn update(
    gateway: &Gateway,
    api: String,
    name: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<ApiStage>, Error> {
    let kept = gateway
        .write(api.clone(), move |api| {
            let mut stage = api.find::<ApiStage>(&name)?.ok_or_else(no_stage)?;
            stage.definition = settings::patched_stage(stage.definition, &operations)?;
            check(api, &stage.definition)?;
            api.put(stage)
        })
        .await?;
    gateway.publish(&api).await?;
    Ok(kept)
}

/// Removes a stage.
pub async fn delete(gateway: &Gateway, api: String, name: String) -> Result<(), Error> {
    let gone = gateway.write(api.clone(), move |api| {
        api.must_exist()?;
        if api.remove::<ApiStage>(&name)? { Ok(()) } else { Err(no_stage()) }
    });
    gone.await?;
    gateway.publish(&api).await
}

/// Holds a stage to the rules: what it serves exists, its variables are legal.
pub(crate) fn check(api: &Api<'_>, stage: &ApiStage) -> Result<(), Error> {
    let canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_ref());
    for id in [Some(&stage.deployment_id), canary].into_iter().flatten() {
        // A deployment that is being made keeps its snapshot first.
        if api.find::<ApiDeployment>(id)?.is_none()
            && api.find::<resources::rest_apis::ApiSnapshot>(id)?.is_none()
        {
            return Err(invalid("Deployment id does not exist"));
        }
    }
    check_variables(&stage.variables)
}

fn check_name(name: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(invalid("Stage name only allows a-zA-Z0-9_-"))
}

fn check_variables(variables: &TextMap) -> Result<(), Error> {
    if variables.len() > VARIABLES_MAX {
        return Err(limit(format!("A stage has {VARIABLES_MAX} variables at most")));
    }
    let named = |name: &str| {
        (1..=VARIABLE_NAME_CHARS_MAX).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
    for (name, value) in variables {
        if !named(name) {
            return Err(invalid(format!(
                "Stage variable name `{name}` is not legal; give letters, digits and `_`, \
                 {VARIABLE_NAME_CHARS_MAX} at most"
            )));
        }
        if value.len() > VARIABLE_CHARS_MAX || !value.chars().all(legal) {
            return Err(invalid(format!(
                "The value of stage variable `{name}` is not legal; give letters, digits and any \
                 of -._~:/?#&=, and {VARIABLE_CHARS_MAX} characters at most"
            )));
        }
    }
    Ok(())
}
