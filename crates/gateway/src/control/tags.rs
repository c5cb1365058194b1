//! Tags of APIs and stages, by ARN.

use resources::{
    Error, Tags,
    rest_apis::{ApiStage, RestApi},
};

use super::{
    access::{Api, no_api},
    refusals::{invalid, no_stage},
};
use crate::Gateway;

/// Tags of one thing at most.
const TAGS_MAX: usize = 50;

/// The tags of what an ARN names.
pub async fn get(gateway: &Gateway, arn: String) -> Result<Tags, Error> {
    let (api, stage) = named(&arn)?;
    gateway
        .read(api, move |api| match stage {
            None => Ok(api.itself()?.definition.tags),
            Some(name) => Ok(api.find::<ApiStage>(&name)?.ok_or_else(no_stage)?.definition.tags),
        })
        .await
}

/// Adds tags.
pub async fn add(gateway: &Gateway, arn: String, added: Tags) -> Result<(), Error> {
    change(gateway, &arn, move |tags| {
        tags.extend(added);
        if tags.len() > TAGS_MAX {
            return Err(invalid(format!("A resource has {TAGS_MAX} tags at most")));
        }
        Ok(())
    })
    .await
}

/// Removes tags.
pub async fn remove(gateway: &Gateway, arn: String, keys: Vec<String>) -> Result<(), Error> {
    change(gateway, &arn, move |tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
    .await
}

async fn change(
    gateway: &Gateway,
    arn: &str,
    work: impl FnOnce(&mut Tags) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let (api, stage) = named(arn)?;
    gateway
        .write(api, move |api| match stage {
            None => of_api(api, work),
            Some(name) => {
                let mut kept = api.find::<ApiStage>(&name)?.ok_or_else(no_stage)?;
                work(&mut kept.definition.tags)?;
                api.put(kept).map(drop)
            }
        })
        .await
}

fn of_api(api: &Api<'_>, work: impl FnOnce(&mut Tags) -> Result<(), Error>) -> Result<(), Error> {
    let records = api.tx.api_parts::<RestApi>();
    let mut kept = records.get(api.id)?.ok_or_else(|| no_api(api.account, api.id))?;
    work(&mut kept.definition.tags)?;
    kept.modified = api.now;
    Ok(records.put(&kept)?)
}

/// `arn:aws:apigateway:{region}::/restapis/{id}[/stages/{name}]`.
fn named(arn: &str) -> Result<(String, Option<String>), Error> {
    let path = arn.strip_prefix("arn:").and_then(|rest| rest.split_once("::/restapis/"));
    let mut parts = path.map(|(_, path)| path).unwrap_or_default().split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(api), None, ..) if !api.is_empty() => Ok((api.to_owned(), None)),
        (Some(api), Some("stages"), Some(stage), None) => {
            Ok((api.to_owned(), Some(stage.to_owned())))
        }
        _ => Err(invalid("Invalid ARN specified in the request")),
    }
}
