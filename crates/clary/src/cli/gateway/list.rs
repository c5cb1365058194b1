//! `clary gateway list`: the REST APIs there are, and where they are served.

use serde_json::{Value, json};

use crate::cli::{connect::ConnectOptions, output};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let mut rows = Vec::new();
    for api in client.api_gateway_list("/restapis")? {
        let id = text(&api, "id");
        let stages = client.api_gateway(&format!("/restapis/{id}/stages"))?;
        let stages = stages["item"].as_array().into_iter().flatten();
        let stages: Vec<String> = stages.map(|stage| text(stage, "stageName")).collect();
        rows.push((id, text(&api, "name"), stages));
    }
    if args.json {
        let shown = rows
            .iter()
            .map(|(id, name, stages)| json!({ "id": id, "name": name, "stages": stages }));
        return output::json(&shown.collect());
    }
    if rows.is_empty() {
        return output::line(
            "no REST API is defined; make one with `aws apigateway create-rest-api`",
        );
    }
    let cells = rows.into_iter().map(|(id, name, stages)| {
        let stages = if stages.is_empty() { "not deployed".to_owned() } else { stages.join(", ") };
        vec![id, name, stages]
    });
    output::line(&output::table(&["ID", "NAME", "STAGES"], cells))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}
