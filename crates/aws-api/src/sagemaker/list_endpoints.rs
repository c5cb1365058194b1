//! `ListEndpoints`.

use resources::{Endpoint, Error};
use serde::Serialize;

use super::lists::ListInput;
use crate::Context;

pub(crate) type Input = ListInput;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    endpoints: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    endpoint_name: String,
    endpoint_arn: String,
    creation_time: f64,
    last_modified_time: f64,
    endpoint_status: &'static str,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let page = hosting::endpoints::list(&cx.hosting, input.into_query()).await?;
    Ok(Output {
        endpoints: page.items.into_iter().map(Summary::from).collect(),
        next_token: page.next,
    })
}

impl From<Endpoint> for Summary {
    fn from(record: Endpoint) -> Self {
        Self {
            creation_time: record.created.epoch_seconds_f64(),
            last_modified_time: record.modified.epoch_seconds_f64(),
            endpoint_status: record.status.as_str(),
            endpoint_name: record.name,
            endpoint_arn: record.arn,
        }
    }
}
