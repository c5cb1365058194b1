//! `TestInvokeMethod`.

use std::collections::BTreeMap;

use gateway::{Outcome, Trial, control::MethodPlace};
use resources::Error;
use serde::{Deserialize, Serialize};

use crate::{Context, request_id::RequestId};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(flatten)]
    place: MethodPlace,
    path_with_query_string: Option<String>,
    body: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
    /// Not of AWS: see `json_services::EXTENSIONS`.
    clary_stage: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    status: u16,
    body: String,
    headers: BTreeMap<String, String>,
    multi_value_headers: BTreeMap<String, Vec<String>>,
    log: String,
    latency: u64,
}

impl From<Outcome> for Output {
    fn from(outcome: Outcome) -> Self {
        let mut multi_value_headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in &outcome.headers {
            multi_value_headers.entry(name.clone()).or_default().push(value.clone());
        }
        Self {
            status: outcome.status,
            body: outcome.body,
            headers: outcome.headers.into_iter().collect(),
            multi_value_headers,
            log: outcome.log,
            latency: outcome.latency_ms,
        }
    }
}

pub(crate) async fn call(cx: &Context, input: Input) -> Result<Output, Error> {
    let several = input.multi_value_headers.into_iter();
    let several = several
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let trial = Trial {
        path_with_query: input.path_with_query_string,
        headers: input.headers.into_iter().chain(several).collect(),
        body: input.body,
        variables: input.stage_variables.into_iter().collect(),
        stage: input.clary_stage,
    };
    let id = RequestId::fresh();
    cx.gateway.try_method(input.place, trial, id.as_str()).await.map(Output::from)
}
