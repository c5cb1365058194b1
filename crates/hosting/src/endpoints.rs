//! Endpoints as intent: create, describe, list, delete. The reconciler makes intent true.

use resources::{
    Account, DeployedVariant, Deployment, Endpoint, EndpointStatus, Error, ErrorKind,
    ProductionVariant, Tags, Timestamp,
};
use store::{ListQuery, Page, Tx};

use crate::{Hosting, already_exists, not_found};

/// What `CreateEndpoint` asks for.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The name to take.
    pub name: String,
    /// The configuration to serve.
    pub config_name: String,
    /// The caller's labels.
    pub tags: Tags,
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

/// Marks an endpoint for deletion, in whatever state it is: unlike AWS, one that hangs in
/// `Creating` can be given up.
pub async fn delete(hosting: &Hosting, name: String) -> Result<(), Error> {
    let arn = arn(&hosting.on().account, &name);
    let now = hosting.on().clock.now();
    hosting
        .on()
        .store
        .write(move |tx| {
            let mut endpoint =
                tx.endpoints().get(&name)?.ok_or_else(|| not_found("endpoint", &arn))?;
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

fn insert(
    tx: &Tx<'_>,
    account: &Account,
    new: NewEndpoint,
    now: Timestamp,
) -> Result<Endpoint, Error> {
    let arn = arn(account, &new.name);
    if tx.endpoints().find_ignoring_case(&new.name)?.is_some() {
        return Err(already_exists("endpoint", &arn));
    }
    let endpoint = Endpoint {
        name: new.name,
        arn,
        status: EndpointStatus::Creating,
        failure_reason: None,
        current: None,
        pending: Some(plan(tx, account, &new.config_name, now)?),
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
        .map(|variant| plan_variant(tx, account, variant))
        .collect::<Result<_, _>>()?;
    Ok(Deployment {
        id: format!("{:032x}", fastrand::u128(..)),
        config_name: config.name,
        variants,
        started: now,
    })
}

fn plan_variant(
    tx: &Tx<'_>,
    account: &Account,
    variant: ProductionVariant,
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
        weight: variant.initial_weight,
        instance_count: variant.initial_instance_count,
    })
}

fn arn(account: &Account, name: &str) -> String {
    account.sagemaker_arn("endpoint", name)
}

fn in_progress(arn: &str) -> Error {
    Error::new(ErrorKind::InProgress, format!("Cannot update in-progress endpoint \"{arn}\""))
}
