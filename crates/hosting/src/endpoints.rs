//! Endpoints as intent: create, describe, list, update, rescale, delete. The reconciler makes
//! intent true.

use std::collections::{BTreeMap, HashSet};

use resources::{
    Account, DeployedVariant, Deployment, Endpoint, EndpointStatus, Error, ErrorKind,
    ProductionVariant, Tags, Timestamp,
};
use store::{ListQuery, Page, Tx};

use crate::{Hosting, RolloutPolicy, already_exists, not_found};

/// What `CreateEndpoint` asks for.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The name to take.
    pub name: String,
    /// The configuration to serve.
    pub config_name: String,
    /// How a change is to be rolled out; a first deployment only keeps it.
    pub deployment_config: Option<serde_json::Value>,
    /// The caller's labels.
    pub tags: Tags,
}

/// What `UpdateEndpoint` asks for.
#[derive(Clone, Debug)]
pub struct Update {
    /// The endpoint.
    pub name: String,
    /// The configuration to serve from now on.
    pub config_name: String,
    /// Variants that keep their name keep their weight.
    pub retain_weights: bool,
    /// Variants that keep their name keep their number of instances.
    pub retain_instance_counts: bool,
    /// How this change is rolled out, where the caller said so, as it is shown; the last one is
    /// what is kept.
    pub deployment_config: Option<serde_json::Value>,
    /// What that asks for; none is all at once, as soon as the new deployment is up.
    pub rollout: Option<RolloutPolicy>,
}

/// What `UpdateEndpointWeightsAndCapacities` asks of one variant.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The variant.
    pub variant: String,
    /// The weight it shall have; none leaves it.
    pub weight: Option<f32>,
    /// The instances it shall have, at least 1; none leaves it.
    pub instance_count: Option<u32>,
}

/// Keeps the intent to serve a configuration under a name; the endpoint is `Creating`.
pub async fn create(hosting: &Hosting, new: NewEndpoint) -> Result<Endpoint, Error> {
    let account = hosting.on().account.clone();
    let now = hosting.on().clock.now();
    let endpoint = hosting.on().store.write(move |tx| insert(tx, &account, new, now)).await?;
    hosting.wake();
    Ok(endpoint)
}

/// The endpoint of that name.
pub async fn get(hosting: &Hosting, name: String) -> Result<Endpoint, Error> {
    let arn = arn(&hosting.on().account, &name);
    hosting
        .on()
        .store
        .read(move |tx| tx.endpoints().get(&name)?.ok_or_else(|| not_found("endpoint", &arn)))
        .await
}

/// One page of endpoints.
pub async fn list(hosting: &Hosting, query: ListQuery) -> Result<Page<Endpoint>, Error> {
    hosting.on().store.read(move |tx| Ok(tx.endpoints().list(&query)?)).await
}

/// Keeps the intent to serve another configuration, or the same one as its models and artifacts
/// are now; the endpoint is `Updating`. What serves goes on until the new deployment is up, and
/// stays if that fails.
pub async fn update(hosting: &Hosting, update: Update) -> Result<Endpoint, Error> {
    let account = hosting.on().account.clone();
    let name = update.name.clone();
    change(hosting, name, move |tx, endpoint, now| {
        let current = changeable(endpoint)?;
        let mut planned = plan(tx, &account, &update.config_name, now)?;
        for variant in &mut planned.variants {
            let before = current.variants.iter().find(|before| before.name == variant.name);
            if let Some(before) = before.filter(|_| update.retain_weights) {
                variant.weight = before.weight;
            }
            if let Some(before) = before.filter(|_| update.retain_instance_counts) {
                variant.instance_count = before.instance_count;
            }
        }
        let rollout = update.rollout.map(|policy| policy.plan(&planned.variants)).transpose()?;
        planned.rollout = rollout.map(Box::new);
        endpoint.last_deployment_config = update.deployment_config;
        Ok(planned)
    })
    .await
}

/// Keeps the intent to share an endpoint's traffic otherwise; the endpoint is `Updating`. The
/// models that serve go on, they are neither fetched nor opened again.
pub async fn rescale(
    hosting: &Hosting,
    name: String,
    desired: Vec<Desired>,
) -> Result<Endpoint, Error> {
    change(hosting, name, move |_, endpoint, now| {
        let current = changeable(endpoint)?;
        check_desired(&desired)?;
        let mut planned = Deployment { id: fresh_id(), started: now, ..current.clone() };
        for desired in desired {
            let variants = &mut planned.variants;
            let variant = variants.iter_mut().find(|variant| variant.name == desired.variant);
            let variant = variant.ok_or_else(|| no_variant(&desired.variant))?;
            variant.weight = desired.weight.unwrap_or(variant.weight);
            variant.instance_count = desired.instance_count.unwrap_or(variant.instance_count);
        }
        Ok(planned)
    })
    .await
}

/// Whether what is pending only shares the traffic of the models that serve otherwise.
pub fn is_rescaling(endpoint: &Endpoint) -> bool {
    // Only what was copied from a deployment that serves names its artifacts already; what takes
    // over step by step does so, too, once it is up.
    let copied = |variant: &DeployedVariant| variant.artifact_id.is_some();
    let rescales =
        |pending: &Deployment| pending.rollout.is_none() && pending.variants.iter().all(copied);
    endpoint.pending.as_ref().is_some_and(rescales)
}

/// Marks an endpoint for deletion, in whatever state it is: unlike AWS, one that hangs in
/// `Creating` can be given up.
pub async fn delete(hosting: &Hosting, name: String) -> Result<(), Error> {
    let arn = arn(&hosting.on().account, &name);
    let now = hosting.on().clock.now();
    hosting
        .on()
        .store
        .write(move |tx| {
            let mut endpoint = match tx.endpoints().get(&name) {
                // Nobody can say any more what it asks for; all that is left is to be rid of it.
                Err(store::Error::Unreadable { .. }) => {
                    tx.endpoints().delete(&name)?;
                    return Ok(());
                }
                found => found?.ok_or_else(|| not_found("endpoint", &arn))?,
            };
            if endpoint.status == EndpointStatus::Deleting {
                return Err(in_progress(&arn));
            }
            endpoint.status = EndpointStatus::Deleting;
            endpoint.modified = now;
            Ok(tx.endpoints().put(&endpoint)?)
        })
        .await?;
    hosting.wake();
    Ok(())
}

/// Makes what `planned` gives for an endpoint its pending deployment.
async fn change(
    hosting: &Hosting,
    name: String,
    planned: impl FnOnce(&Tx<'_>, &mut Endpoint, Timestamp) -> Result<Deployment, Error>
    + Send
    + 'static,
) -> Result<Endpoint, Error> {
    let arn = arn(&hosting.on().account, &name);
    let now = hosting.on().clock.now();
    let work = move |tx: &Tx<'_>| -> Result<Endpoint, Error> {
        let mut endpoint = tx.endpoints().get(&name)?.ok_or_else(|| not_found("endpoint", &arn))?;
        let planned = planned(tx, &mut endpoint, now)?;
        check_traffic(&planned)?;
        endpoint.pending = Some(planned);
        endpoint.status = EndpointStatus::Updating;
        endpoint.modified = now;
        tx.endpoints().put(&endpoint)?;
        Ok(endpoint)
    };
    let endpoint = hosting.on().store.write(work).await?;
    hosting.wake();
    Ok(endpoint)
}

/// The deployment that serves, of an endpoint that may be changed.
fn changeable(endpoint: &Endpoint) -> Result<&Deployment, Error> {
    match (endpoint.status, &endpoint.current) {
        (EndpointStatus::InService, Some(current)) => Ok(current),
        (EndpointStatus::Failed, _) => Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "Cannot update endpoint \"{}\": it is Failed; delete it and create it again",
                endpoint.arn
            ),
        )),
        _ => Err(in_progress(&endpoint.arn)),
    }
}

fn check_desired(desired: &[Desired]) -> Result<(), Error> {
    let mut names = HashSet::new();
    for Desired { variant, weight, instance_count } in desired {
        let invalid = |text: &str| {
            Err(Error::new(ErrorKind::Invalid, format!("Production variant \"{variant}\" {text}")))
        };
        if !names.insert(variant) {
            return invalid("occurs twice; name each variant once");
        }
        if weight.is_some_and(|weight| !weight.is_finite() || weight < 0.0) {
            return invalid("must have a DesiredWeight of 0 or more that fits a 32-bit float");
        }
        if *instance_count == Some(0) {
            return invalid("must have a DesiredInstanceCount of at least 1");
        }
    }
    Ok(())
}

/// Some variant must get calls that name none.
fn check_traffic(planned: &Deployment) -> Result<(), Error> {
    if planned.variants.iter().any(|variant| variant.weight > 0.0) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Invalid,
        "The weights of the production variants would add up to 0; give at least one a weight \
         above 0",
    ))
}

fn no_variant(name: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("The endpoint has no production variant \"{name}\""))
}

fn insert(
    tx: &Tx<'_>,
    account: &Account,
    new: NewEndpoint,
    now: Timestamp,
) -> Result<Endpoint, Error> {
    let arn = arn(account, &new.name);
    if tx.endpoints().contains_ignoring_case(&new.name)? {
        return Err(already_exists("endpoint", &arn));
    }
    let endpoint = Endpoint {
        name: new.name,
        arn,
        status: EndpointStatus::Creating,
        failure_reason: None,
        current: None,
        pending: Some(plan(tx, account, &new.config_name, now)?),
        last_deployment_config: new.deployment_config,
        tags: new.tags,
        created: now,
        modified: now,
    };
    tx.endpoints().insert(&endpoint)?;
    Ok(endpoint)
}

/// Copies everything that serving the configuration takes, as it is now.
fn plan(
    tx: &Tx<'_>,
    account: &Account,
    config_name: &str,
    now: Timestamp,
) -> Result<Deployment, Error> {
    let config = tx.endpoint_configs().get(config_name)?.ok_or_else(|| {
        not_found("endpoint configuration", &account.sagemaker_arn("endpoint-config", config_name))
    })?;
    let variants = config
        .variants
        .into_iter()
        .map(|variant| plan_variant(tx, account, variant, now))
        .collect::<Result<_, _>>()?;
    let (config_name, explainer) = (config.name, config.explainer.map(Box::new));
    let (id, started) = (fresh_id(), now);
    Ok(Deployment { id, config_name, variants, explainer, started, rollout: None })
}

fn plan_variant(
    tx: &Tx<'_>,
    account: &Account,
    variant: ProductionVariant,
    now: Timestamp,
) -> Result<DeployedVariant, Error> {
    let model = tx
        .models()
        .get(&variant.model_name)?
        .ok_or_else(|| not_found("model", &account.sagemaker_arn("model", &variant.model_name)))?;
    Ok(DeployedVariant {
        name: variant.name,
        model_name: model.name,
        container: model.container,
        artifact_id: None,
        additional_artifact_ids: BTreeMap::new(),
        weight: variant.initial_weight,
        instance_count: variant.initial_instance_count,
        routing: variant.routing,
        resolved: Some(now),
    })
}

fn fresh_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

fn arn(account: &Account, name: &str) -> String {
    account.sagemaker_arn("endpoint", name)
}

fn in_progress(arn: &str) -> Error {
    Error::new(ErrorKind::InProgress, format!("Cannot update in-progress endpoint \"{arn}\""))
}
