//! `ListModels`.

use resources::{Error, Model};
use serde::Serialize;

use super::lists::ListInput;
use crate::Context;

pub(crate) type Input = ListInput;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    models: Vec<Summary>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    model_name: String,
    model_arn: String,
    creation_time: f64,
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let page = hosting::models::list(&cx.hosting, input.into_query()).await?;
    Ok(Output {
        models: page.items.into_iter().map(Summary::from).collect(),
        next_token: page.next,
    })
}

impl From<Model> for Summary {
    fn from(record: Model) -> Self {
        Self {
            model_name: record.name,
            model_arn: record.arn,
            creation_time: record.created.epoch_seconds_f64(),
        }
    }
}
