//! Tags: the caller's own labels on models, configurations and endpoints, found by their ARNs.

use resources::{Account, Endpoint, EndpointConfig, Error, ErrorKind, Model, Record, Tags};
use store::{Records, Tx};

use crate::{Hosting, not_found};

/// Tags that one resource may have, as on AWS.
pub const TAGS_MAX: usize = 50;

/// Puts tags on a resource; of a key that it has already, the value is replaced. Gives back all
/// that it has then.
pub async fn add(hosting: &Hosting, arn: String, tags: Tags) -> Result<Tags, Error> {
    let change = move |old: &mut Tags| {
        old.extend(tags);
        if old.len() <= TAGS_MAX {
            return Ok(());
        }
        let text = format!("The resource would have more than {TAGS_MAX} tags; delete some first");
        Err(Error::new(ErrorKind::LimitExceeded, text))
    };
    let account = hosting.on().account.clone();
    hosting.on().store.write(move |tx| of_arn(tx, &account, &arn, change)).await
}

/// The tags of a resource.
pub async fn get(hosting: &Hosting, arn: String) -> Result<Tags, Error> {
    let account = hosting.on().account.clone();
    hosting.on().store.read(move |tx| of_arn(tx, &account, &arn, |_| Ok(()))).await
}

/// Takes tags off a resource; keys that it does not have are no error.
pub async fn delete(hosting: &Hosting, arn: String, keys: Vec<String>) -> Result<(), Error> {
    let change = move |old: &mut Tags| {
        old.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    let account = hosting.on().account.clone();
    let deleted = hosting.on().store.write(move |tx| of_arn(tx, &account, &arn, change)).await;
    deleted.map(drop)
}

/// A record that carries tags.
trait Tagged: Record {
    const WHAT: &str;

    fn tags(&mut self) -> &mut Tags;
}

impl Tagged for Model {
    const WHAT: &str = "model";

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl Tagged for EndpointConfig {
    const WHAT: &str = "endpoint configuration";

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl Tagged for Endpoint {
    const WHAT: &str = "endpoint";

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

/// The tags of the resource with that ARN, after the change.
fn of_arn(
    tx: &Tx<'_>,
    account: &Account,
    arn: &str,
    change: impl FnOnce(&mut Tags) -> Result<(), Error>,
) -> Result<Tags, Error> {
    let resource = arn.strip_prefix(&account.arn("sagemaker", ""));
    match resource.and_then(|resource| resource.split_once('/')) {
        Some(("model", name)) => of_record(&tx.models(), (name, arn), change),
        Some(("endpoint-config", name)) => of_record(&tx.endpoint_configs(), (name, arn), change),
        Some(("endpoint", name)) => of_record(&tx.endpoints(), (name, arn), change),
        _ => Err(Error::new(
            ErrorKind::Invalid,
            format!("\"{arn}\" names no model, endpoint configuration or endpoint of this account"),
        )),
    }
}

fn of_record<T: Tagged>(
    records: &Records<'_, T>,
    (name, arn): (&str, &str),
    change: impl FnOnce(&mut Tags) -> Result<(), Error>,
) -> Result<Tags, Error> {
    // ARNs have their names in lower case.
    let found = records.find_ignoring_case(name)?;
    let mut record = found.ok_or_else(|| not_found(T::WHAT, arn))?;
    let before = record.tags().clone();
    change(record.tags())?;
    let after = record.tags().clone();
    if after != before {
        records.put(&record)?;
    }
    Ok(after)
}
