//! Endpoint configurations: create, describe, list, delete, and the rules that variants keep.

use std::collections::HashSet;

use resources::{Account, EndpointConfig, Error, ErrorKind, ProductionVariant};
use store::{ListQuery, Page, Tx};

use crate::{Hosting, already_exists, not_found};

const WHAT: &str = "endpoint configuration";

/// Keeps a new configuration whose models all exist. Names that differ in case only would have one
/// ARN, so they are taken as one.
pub async fn create(hosting: &Hosting, config: EndpointConfig) -> Result<EndpointConfig, Error> {
    check_variants(&config.variants)?;
    let account = hosting.on().account.clone();
    hosting
        .on()
        .store
        .write(move |tx| {
            check_models(tx, &account, &config.variants)?;
            if tx.endpoint_configs().contains_ignoring_case(&config.name)? {
                return Err(already_exists(WHAT, &config.arn));
            }
            tx.endpoint_configs().insert(&config)?;
            Ok(config)
        })
        .await
}

/// The configuration of that name.
pub async fn get(hosting: &Hosting, name: String) -> Result<EndpointConfig, Error> {
    let arn = hosting.on().account.sagemaker_arn("endpoint-config", &name);
    hosting
        .on()
        .store
        .read(move |tx| tx.endpoint_configs().get(&name)?.ok_or_else(|| not_found(WHAT, &arn)))
        .await
}

/// One page of configurations.
pub async fn list(hosting: &Hosting, query: ListQuery) -> Result<Page<EndpointConfig>, Error> {
    hosting.on().store.read(move |tx| Ok(tx.endpoint_configs().list(&query)?)).await
}

/// Removes a configuration. Endpoints that were made from it keep their own copy.
pub async fn delete(hosting: &Hosting, name: String) -> Result<(), Error> {
    let arn = hosting.on().account.sagemaker_arn("endpoint-config", &name);
    hosting
        .on()
        .store
        .write(move |tx| {
            if tx.endpoint_configs().delete(&name)? { Ok(()) } else { Err(not_found(WHAT, &arn)) }
        })
        .await
}

fn check_variants(variants: &[ProductionVariant]) -> Result<(), Error> {
    let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, message));
    let mut names = HashSet::new();
    for variant in variants {
        if !names.insert(variant.name.as_str()) {
            return invalid(format!(
                "Production variant names must be unique; \"{}\" occurs twice",
                variant.name
            ));
        }
        if !variant.initial_weight.is_finite() || variant.initial_weight < 0.0 {
            return invalid(format!(
                "The InitialVariantWeight of production variant \"{}\" must be 0 or more and fit \
                 a 32-bit float",
                variant.name
            ));
        }
    }
    if variants.iter().all(|variant| variant.initial_weight == 0.0) {
        return invalid(
            "The weights of the production variants add up to 0; give at least one an \
             InitialVariantWeight above 0"
                .to_owned(),
        );
    }
    Ok(())
}

fn check_models(
    tx: &Tx<'_>,
    account: &Account,
    variants: &[ProductionVariant],
) -> Result<(), Error> {
    for variant in variants {
        if tx.models().get(&variant.model_name)?.is_none() {
            return Err(not_found("model", &account.sagemaker_arn("model", &variant.model_name)));
        }
    }
    Ok(())
}
