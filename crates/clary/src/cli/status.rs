//! `clary status`: the endpoints, what they stand on, and how much they are used.

use std::{collections::BTreeSet, iter, time::Duration};

use anyhow::{Context, bail};
use resources::Clock;
use serde_json::{Value, json};

use super::{
    connect::ConnectOptions,
    invoke::endpoint_name,
    metrics_text::{self, Sample},
    output,
};
use crate::client::{Client, SAGEMAKER};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Only this endpoint
    #[arg(value_name = "NAME", value_parser = endpoint_name)]
    endpoint: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let endpoints = match &args.endpoint {
        Some(name) => vec![describe(&client, name)?],
        None => describe_all(&client)?,
    };
    let usage = Usage::read(&client);
    let rows: Vec<Row> =
        endpoints.iter().flat_map(|endpoint| rows(endpoint, usage.as_ref())).collect();
    if args.json {
        return output::json(&rows.iter().map(Row::to_json).collect());
    }
    print(&client, &rows)
}

fn describe(client: &Client, name: &str) -> anyhow::Result<Value> {
    match client.json(SAGEMAKER, "DescribeEndpoint", &json!({ "EndpointName": name })) {
        Err(error) if error.is_not_found() => {
            bail!("there is no endpoint `{name}`; `clary status` lists what there is")
        }
        described => Ok(described?),
    }
}

fn describe_all(client: &Client) -> anyhow::Result<Vec<Value>> {
    let mut endpoints = Vec::new();
    let mut input = json!({ "MaxResults": 100, "SortBy": "Name", "SortOrder": "Ascending" });
    loop {
        let page = client.json(SAGEMAKER, "ListEndpoints", &input)?;
        for listed in page["Endpoints"].as_array().into_iter().flatten() {
            let name = listed["EndpointName"].as_str().context("a listed endpoint has no name")?;
            match client.json(SAGEMAKER, "DescribeEndpoint", &json!({ "EndpointName": name })) {
                Ok(endpoint) => endpoints.push(endpoint),
                // It was deleted between the two calls.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        match page["NextToken"].as_str() {
            Some(token) => input["NextToken"] = token.into(),
            None => return Ok(endpoints),
        }
    }
}

/// Calls and errors since the server started.
struct Usage(Vec<Sample>);

impl Usage {
    /// None if the server does not show its metrics to us: it may be on another machine.
    fn read(client: &Client) -> Option<Self> {
        client.page("/_clary/metrics").ok().map(|text| Self(metrics_text::parse(&text)))
    }

    fn total(&self, metric: &str, endpoint: &str, variant: &str) -> u64 {
        let of_variant = |sample: &&Sample| {
            sample.name == metric
                && sample.label("endpoint") == endpoint
                && sample.label("variant") == variant
        };
        self.0.iter().filter(of_variant).map(|sample| sample.value as u64).sum()
    }
}

/// One variant of one endpoint; an endpoint that has none yet has a row too.
#[derive(Debug, Default)]
struct Row {
    endpoint: String,
    state: String,
    variant: Option<String>,
    instances: Option<u64>,
    weight: Option<f64>,
    calls: Option<u64>,
    errors: Option<u64>,
    created_epoch_seconds: f64,
    failure_reason: Option<String>,
}

fn rows(endpoint: &Value, usage: Option<&Usage>) -> Vec<Row> {
    let variants = endpoint["ProductionVariants"].as_array().filter(|list| !list.is_empty());
    match variants {
        Some(variants) => {
            variants.iter().map(|variant| variant_row(endpoint, variant, usage)).collect()
        }
        None => vec![endpoint_row(endpoint)],
    }
}

fn endpoint_row(endpoint: &Value) -> Row {
    let text = |member: &str| endpoint[member].as_str().map(str::to_owned);
    Row {
        endpoint: text("EndpointName").unwrap_or_default(),
        state: text("EndpointStatus").unwrap_or_default(),
        created_epoch_seconds: endpoint["CreationTime"].as_f64().unwrap_or_default(),
        failure_reason: text("FailureReason"),
        ..Row::default()
    }
}

fn variant_row(endpoint: &Value, variant: &Value, usage: Option<&Usage>) -> Row {
    let row = endpoint_row(endpoint);
    let name = variant["VariantName"].as_str().unwrap_or_default();
    let total = |metric| usage.map(|usage| usage.total(metric, &row.endpoint, name));
    Row {
        variant: Some(name.to_owned()),
        instances: variant["CurrentInstanceCount"].as_u64(),
        weight: variant["CurrentWeight"].as_f64(),
        calls: total("clary_invocations_total"),
        errors: total("clary_invocation_errors_total"),
        ..row
    }
}

impl Row {
    fn to_json(&self) -> Value {
        json!({
            "endpoint": self.endpoint,
            "state": self.state,
            "variant": self.variant,
            "instances": self.instances,
            "weight": self.weight,
            "invocations": self.calls,
            "errors": self.errors,
            "created": self.created_epoch_seconds,
            "failure_reason": self.failure_reason,
        })
    }

    fn cells(&self, now_epoch_seconds: f64) -> Vec<String> {
        let age = Duration::try_from_secs_f64(now_epoch_seconds - self.created_epoch_seconds);
        vec![
            self.endpoint.clone(),
            self.state.clone(),
            shown(self.variant.as_ref()),
            shown(self.instances),
            shown(self.weight),
            shown(self.calls),
            shown(self.errors),
            output::age(age.unwrap_or_default()),
        ]
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn print(client: &Client, rows: &[Row]) -> anyhow::Result<()> {
    if rows.is_empty() {
        let url = &client.target().url;
        let advice = "deploy one with `clary deploy PATH --name NAME`";
        return output::line(&format!("no endpoints at {url}; {advice}"));
    }
    output::line(&render(rows, Clock::new().now().epoch_seconds_f64()))
}

fn render(rows: &[Row], now_epoch_seconds: f64) -> String {
    let head = ["ENDPOINT", "STATE", "VARIANT", "INSTANCES", "WEIGHT", "CALLS", "ERRORS", "AGE"];
    let table = output::table(&head, rows.iter().map(|row| row.cells(now_epoch_seconds)));
    iter::once(table).chain(reasons(rows)).collect::<Vec<_>>().join("\n")
}

/// Why endpoints stand where they stand, one line for each that says so.
fn reasons(rows: &[Row]) -> BTreeSet<String> {
    let said = |row: &Row| Some(format!("{}: {}", row.endpoint, row.failure_reason.as_ref()?));
    rows.iter().filter_map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::scripted::{Answer, Scripted};

    fn endpoint() -> Value {
        json!({
            "EndpointName": "covtype",
            "EndpointStatus": "InService",
            "CreationTime": 1_000.0,
            "ProductionVariants": [
                {"VariantName": "Blue", "CurrentInstanceCount": 2, "CurrentWeight": 0.95},
                {"VariantName": "Green", "CurrentInstanceCount": 1, "CurrentWeight": 0.05},
            ],
        })
    }

    const METRICS: &str = "\
clary_invocations_total{endpoint=\"covtype\",variant=\"Blue\"} 7
clary_invocations_total{endpoint=\"other\",variant=\"Blue\"} 100
clary_invocation_errors_total{endpoint=\"covtype\",variant=\"Blue\",class=\"model_4xx\"} 1
clary_invocation_errors_total{endpoint=\"covtype\",variant=\"Blue\",class=\"refused\"} 2
";

    fn words(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn each_variant_has_a_row() {
        let usage = Usage(metrics_text::parse(METRICS));
        let text = render(&rows(&endpoint(), Some(&usage)), 1_061.0);
        let expect = [
            vec!["ENDPOINT", "STATE", "VARIANT", "INSTANCES", "WEIGHT", "CALLS", "ERRORS", "AGE"],
            vec!["covtype", "InService", "Blue", "2", "0.95", "7", "3", "1m", "1s"],
            vec!["covtype", "InService", "Green", "1", "0.05", "0", "0", "1m", "1s"],
        ];
        assert_eq!(words(&text), expect);
    }

    #[test]
    fn a_failed_endpoint_says_why_once() {
        let failed = json!({
            "EndpointName": "bad",
            "EndpointStatus": "Failed",
            "CreationTime": 1_000.0,
            "FailureReason": "no model in it",
        });
        let text = render(&rows(&failed, None), 1_000.0);
        assert_eq!(words(&text)[1], ["bad", "Failed", "-", "-", "-", "-", "-", "0s"]);
        assert!(text.ends_with("\nbad: no model in it"), "{text}");
        let mut broken = endpoint();
        broken["FailureReason"] = "rolled back".into();
        let text = render(&rows(&broken, None), 1_000.0);
        assert_eq!(text.matches("rolled back").count(), 1);
    }

    #[test]
    fn metrics_that_are_not_shown_to_us_are_null() {
        let row = rows(&endpoint(), None)[0].to_json();
        assert_eq!((&row["invocations"], &row["instances"]), (&Value::Null, &json!(2)));
    }

    #[test]
    fn all_pages_are_listed_and_what_went_meanwhile_is_left_out() {
        let listed = |name: &str, token: Option<&str>| {
            Answer::json(&json!({ "Endpoints": [{ "EndpointName": name }], "NextToken": token }))
        };
        let gone = Answer::refusal("ValidationException", "Could not find endpoint \"arn\".");
        let (server, client) = Scripted::start(vec![
            listed("covtype", Some("t")),
            Answer::json(&endpoint()),
            listed("gone", None),
            gone,
        ]);
        assert_eq!(describe_all(&client).expect("a list"), [endpoint()]);
        assert_eq!(server.asked()[2].json()["NextToken"], "t");
    }
}
