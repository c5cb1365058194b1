//! `clary gateway show`: one REST API, its stages and where they answer.

use serde_json::{Value, json};

use super::api;
use crate::cli::{connect::ConnectOptions, output};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The API, by id or by name
    #[arg(value_name = "API")]
    api: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let api = api::find(&client, &args.api)?;
    let id = api["id"].as_str().unwrap_or_default();
    let stages = client.api_gateway(&format!("/restapis/{id}/stages"))?["item"].take();
    if args.json {
        return output::json(&json!({ "api": api, "stages": stages }));
    }
    for (label, member) in [("id", "id"), ("name", "name"), ("description", "description")] {
        if let Some(text) = api[member].as_str() {
            output::line(&format!("{label:<13}{text}"))?;
        }
    }
    let stages: Vec<&Value> = stages.as_array().into_iter().flatten().collect();
    if stages.is_empty() {
        return output::line("it is not deployed; use `aws apigateway create-deployment`");
    }
    let rows = stages.iter().map(|stage| row(id, stage));
    output::line(&output::table(&["STAGE", "DEPLOYMENT", "CANARY", "PATH"], rows))
}

fn row(id: &str, stage: &Value) -> Vec<String> {
    let text = |member: &str| stage[member].as_str().unwrap_or_default();
    let canary = match stage["canarySettings"]["percentTraffic"].as_f64() {
        Some(percent) => {
            let deployment = stage["canarySettings"]["deploymentId"].as_str().unwrap_or("itself");
            format!("{percent} % to {deployment}")
        }
        None => "none".to_owned(),
    };
    let name = text("stageName");
    let path = format!("/restapis/{id}/{name}/_user_request_/");
    vec![name.to_owned(), text("deploymentId").to_owned(), canary, path]
}
