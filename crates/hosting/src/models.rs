//! Models: create, describe, list, delete. Nothing is fetched or checked until an endpoint uses one.

use resources::{Error, Model};
use store::{ListQuery, Page};

use crate::{Hosting, already_exists, not_found};

/// Keeps a new model. Names that differ in case only would have one ARN, so they are taken as one.
pub async fn create(hosting: &Hosting, model: Model) -> Result<Model, Error> {
    hosting
        .on()
        .store
        .write(move |tx| {
            if tx.models().contains_ignoring_case(&model.name)? {
                return Err(already_exists("model", &model.arn));
            }
            tx.models().insert(&model)?;
            Ok(model)
        })
        .await
}

/// The model of that name.
pub async fn get(hosting: &Hosting, name: String) -> Result<Model, Error> {
    let arn = hosting.on().account.sagemaker_arn("model", &name);
    hosting
        .on()
        .store
        .read(move |tx| tx.models().get(&name)?.ok_or_else(|| not_found("model", &arn)))
        .await
}

/// One page of models.
pub async fn list(hosting: &Hosting, query: ListQuery) -> Result<Page<Model>, Error> {
    hosting.on().store.read(move |tx| Ok(tx.models().list(&query)?)).await
}

/// Removes a model. Endpoints that serve it keep their own copy.
pub async fn delete(hosting: &Hosting, name: String) -> Result<(), Error> {
    let arn = hosting.on().account.sagemaker_arn("model", &name);
    hosting
        .on()
        .store
        .write(
            move |tx| {
                if tx.models().delete(&name)? { Ok(()) } else { Err(not_found("model", &arn)) }
            },
        )
        .await
}
