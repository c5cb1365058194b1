//! Whose resources a data directory holds. Each is kept with its ARN, and under another account or
//! region nobody would find it by that; so such a server does not start.

use anyhow::bail;
use resources::Account;
use store::{ListQuery, Store};

/// Refuses a store whose resources belong to another account or region.
pub(crate) async fn check(store: &Store, account: &Account) -> anyhow::Result<()> {
    let own = account.arn("sagemaker", "");
    match first_arn(store).await?.filter(|arn| !arn.starts_with(&own)) {
        Some(arn) => bail!(refusal(&arn)),
        None => Ok(()),
    }
}

/// The ARN of one resource, which stands for all of them.
async fn first_arn(store: &Store) -> Result<Option<String>, store::Error> {
    let first = ListQuery { limit: 1, ..ListQuery::default() };
    let read = store.read(move |tx| {
        let models = tx.models().list(&first)?.items.into_iter().map(|model| model.arn);
        let configs =
            tx.endpoint_configs().list(&first)?.items.into_iter().map(|config| config.arn);
        let endpoints = tx.endpoints().list(&first)?.items.into_iter().map(|endpoint| endpoint.arn);
        Ok(models.chain(configs).chain(endpoints).next())
    });
    match read.await {
        // What can't be read tells nothing; it is named when it is asked for.
        Err(store::Error::Unreadable { .. }) => Ok(None),
        read => read,
    }
}

fn refusal(arn: &str) -> String {
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!(
        "the data directory holds `{arn}`, which is of another account or region; serve it with \
         `--account {account} --region {region}`, or give this server a `--data-dir` of its own"
    )
}
