//! Which REST API a command is about: by id, or by a name that only one has.

use anyhow::bail;
use serde_json::Value;

use crate::client::Client;

/// The API that is meant.
pub(super) fn find(client: &Client, wanted: &str) -> anyhow::Result<Value> {
    let apis = client.api_gateway_list("/restapis")?;
    if let Some(api) = apis.iter().find(|api| api["id"] == wanted) {
        return Ok(api.clone());
    }
    let mut named: Vec<Value> = apis.into_iter().filter(|api| api["name"] == wanted).collect();
    match (named.pop(), named.len()) {
        (Some(api), 0) => Ok(api),
        (Some(_), others) => {
            bail!(
                "{} REST APIs are named `{wanted}`; give an id of `clary gateway list`",
                others + 1
            )
        }
        (None, _) => {
            bail!("there is no REST API `{wanted}`; `clary gateway list` lists what there is")
        }
    }
}
