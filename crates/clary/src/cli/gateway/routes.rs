//! `clary gateway routes`: what can be called of a REST API, and what stands behind it.

use serde_json::{Map, Value, json};

use super::api;
use crate::cli::{connect::ConnectOptions, output};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The API, by id or by name
    #[arg(value_name = "API")]
    api: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let api = api::find(&client, &args.api)?;
    let id = api["id"].as_str().unwrap_or_default();
    let resources = client.api_gateway_list(&format!("/restapis/{id}/resources?embed=methods"))?;
    let served = served(&client, id)?;
    let routes: Vec<Route> =
        resources.iter().flat_map(|resource| routes_of(resource, &served)).collect();
    if args.json {
        return output::json(&routes.iter().map(Route::to_json).collect());
    }
    if routes.is_empty() {
        return output::line("it has no methods");
    }
    let head = ["METHOD", "PATH", "AUTHORISATION", "INTEGRATION", "DEPLOYED TO"];
    output::line(&output::table(&head, routes.iter().map(Route::cells)))
}

/// A method and what stands behind it.
struct Route {
    method: String,
    path: String,
    authorization: String,
    integration: String,
    stages: Vec<String>,
}

/// Of each stage its name, and what it serves by path and method.
type Served = Vec<(String, Map<String, Value>)>;

fn served(client: &crate::client::Client, id: &str) -> anyhow::Result<Served> {
    let stages = client.api_gateway(&format!("/restapis/{id}/stages"))?;
    let mut served = Vec::new();
    for stage in stages["item"].as_array().into_iter().flatten() {
        let deployment = stage["deploymentId"].as_str().unwrap_or_default();
        let path = format!("/restapis/{id}/deployments/{deployment}?embed=apisummary");
        let summary = client.api_gateway(&path)?["apiSummary"].take();
        let name = stage["stageName"].as_str().unwrap_or_default().to_owned();
        served.push((name, summary.as_object().cloned().unwrap_or_default()));
    }
    Ok(served)
}

fn routes_of(resource: &Value, served: &Served) -> Vec<Route> {
    let path = resource["path"].as_str().unwrap_or_default();
    let methods = resource["resourceMethods"].as_object().into_iter().flatten();
    methods.map(|(name, method)| route(name, path, method, served)).collect()
}

fn route(name: &str, path: &str, method: &Value, served: &Served) -> Route {
    let has =
        |summary: &Map<String, Value>| summary.get(path).is_some_and(|at| !at[name].is_null());
    let stages = served.iter().filter(|(_, summary)| has(summary)).map(|(stage, _)| stage.clone());
    let key = if method["apiKeyRequired"] == true { " and API key" } else { "" };
    Route {
        method: name.to_owned(),
        path: path.to_owned(),
        authorization: format!("{}{key}", method["authorizationType"].as_str().unwrap_or_default()),
        integration: integration(&method["methodIntegration"]),
        stages: stages.collect(),
    }
}

fn integration(value: &Value) -> String {
    let Some(kind) = value["type"].as_str() else { return "none yet".to_owned() };
    [Some(kind), value["httpMethod"].as_str(), value["uri"].as_str()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

impl Route {
    fn cells(&self) -> Vec<String> {
        let stages =
            if self.stages.is_empty() { "nothing".to_owned() } else { self.stages.join(", ") };
        let Self { method, path, authorization, integration, .. } = self;
        [method, path, authorization, integration]
            .map(String::clone)
            .into_iter()
            .chain([stages])
            .collect()
    }

    fn to_json(&self) -> Value {
        json!({
            "method": self.method,
            "path": self.path,
            "authorization": self.authorization,
            "integration": self.integration,
            "stages": self.stages,
        })
    }
}
