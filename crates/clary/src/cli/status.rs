//! `clary status`: the endpoints, what they stand on, and how much they are used just now.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal},
    iter, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use resources::Clock;
use serde_json::{Value, json};

use super::{
    connect::ConnectOptions,
    invoke::endpoint_name,
    output,
    traffic::{Histogram, Live, Reading},
};
use crate::client::{Client, SAGEMAKER};

/// Puts the cursor at the top left of a terminal and clears it.
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J";

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Only this endpoint
    #[arg(value_name = "NAME", value_parser = endpoint_name)]
    endpoint: Option<String>,
    /// Measure rates and latencies for so long; 0 shows totals only, at once
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    interval: Duration,
    /// Show it again after each interval, until interrupted
    #[arg(long)]
    watch: bool,
    /// Print a JSON array; with `--watch`, one line for each interval
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3_600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "give 0 to 3600 seconds".to_owned())
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.watch && args.interval.is_zero() {
        bail!(super::Usage("`--watch` needs an `--interval` above 0".to_owned()));
    }
    let client = args.connect.client()?;
    if let Some(name) = &args.endpoint {
        // That there is none is said at once, not after the interval.
        describe(&client, name)?;
    }
    let mut view = View::begin(&client)?;
    loop {
        view.wait(&client, args.interval)?;
        let endpoints = endpoints(&client, args.endpoint.as_deref())?;
        let rows: Vec<Row> = endpoints.iter().flat_map(|endpoint| rows(endpoint, &view)).collect();
        show(args, &client, &rows)?;
        if !args.watch {
            return Ok(());
        }
    }
}

fn endpoints(client: &Client, name: Option<&str>) -> anyhow::Result<Vec<Value>> {
    match name {
        Some(name) => Ok(vec![describe(client, name)?]),
        None => describe_all(client),
    }
}

fn show(args: &Args, client: &Client, rows: &[Row]) -> anyhow::Result<()> {
    let shown = Value::Array(rows.iter().map(Row::to_json).collect());
    match (args.json, args.watch) {
        (true, true) => return output::line(&shown.to_string()),
        (true, false) => return output::json(&shown),
        (false, true) if io::stdout().is_terminal() => output::line(CLEAR_SCREEN)?,
        (false, _) => {}
    }
    print(client, rows)
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

/// The last two readings of the metrics; none if the server does not show them to us.
#[derive(Debug, Default)]
struct View {
    before: Option<Reading>,
    now: Option<Reading>,
}

impl View {
    /// Takes the first reading. Without it there are no figures, and stderr says why.
    fn begin(client: &Client) -> anyhow::Result<Self> {
        let now = read(client)?;
        if now.is_none() {
            eprintln!("note: {}", not_shown(client));
        }
        Ok(Self { before: None, now })
    }

    /// Takes the next reading after that time.
    fn wait(&mut self, client: &Client, interval: Duration) -> anyhow::Result<()> {
        if self.now.is_some() && !interval.is_zero() {
            thread::sleep(interval);
            self.before = self.now.take();
            self.now = read(client)?;
        }
        Ok(())
    }
}

/// None if the server refuses: it may be on another machine.
fn read(client: &Client) -> anyhow::Result<Option<Reading>> {
    match client.page("/_clary/metrics") {
        Ok(text) => Ok(Some(Reading::parse(&text, Instant::now()))),
        Err(error) if error.refusal().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn not_shown(client: &Client) -> String {
    format!(
        "{} does not show its metrics, so calls, rates and latencies are left out; run this on \
         the server's machine with its loopback address, or set `CLARY_ADMIN_TOKEN` to the token \
         that the server was started with",
        client.target().url
    )
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
    in_flight: Option<u64>,
    live: Option<Live>,
    created_epoch_seconds: f64,
    failure_reason: Option<String>,
    /// How far the deployment has come that is under way.
    deployment: Option<String>,
}

fn rows(endpoint: &Value, view: &View) -> Vec<Row> {
    let variants = endpoint["ProductionVariants"].as_array().filter(|list| !list.is_empty());
    match variants {
        Some(variants) => {
            variants.iter().map(|variant| variant_row(endpoint, variant, view)).collect()
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
        deployment: deployment(&endpoint["PendingDeploymentSummary"]),
        ..Row::default()
    }
}

/// The stage of every variant that takes over, in the server's words.
fn deployment(pending: &Value) -> Option<String> {
    let stage = |variant: &Value| {
        let message = variant.pointer("/VariantStatus/0/StatusMessage")?.as_str()?;
        Some(format!("{}: {message}", variant["VariantName"].as_str()?))
    };
    let stages: Vec<_> =
        pending["ProductionVariants"].as_array()?.iter().filter_map(stage).collect();
    let config = pending["EndpointConfigName"].as_str().unwrap_or_default();
    (!stages.is_empty()).then(|| format!("{config}, {}", stages.join(" ")))
}

fn variant_row(endpoint: &Value, variant: &Value, view: &View) -> Row {
    let row = endpoint_row(endpoint);
    let name = variant["VariantName"].as_str().unwrap_or_default();
    let totals = view.now.as_ref().map(|now| now.totals(&row.endpoint, name));
    let readings = view.now.as_ref().zip(view.before.as_ref());
    Row {
        variant: Some(name.to_owned()),
        instances: variant["CurrentInstanceCount"].as_u64(),
        weight: variant["CurrentWeight"].as_f64(),
        calls: totals.as_ref().map(|totals| totals.calls),
        errors: totals.as_ref().map(|totals| totals.errors),
        in_flight: totals.as_ref().map(|totals| totals.in_flight),
        live: readings.map(|(now, before)| now.since(before, &row.endpoint, name)),
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
            "in_flight": self.in_flight,
            "live": self.live.as_ref().map(live_json),
            "created": self.created_epoch_seconds,
            "failure_reason": self.failure_reason,
            "deployment": self.deployment,
        })
    }

    fn cells(&self, now_epoch_seconds: f64) -> Vec<String> {
        let age = Duration::try_from_secs_f64(now_epoch_seconds - self.created_epoch_seconds);
        let mut cells = vec![
            self.endpoint.clone(),
            self.state.clone(),
            shown(self.variant.as_ref()),
            shown(self.instances),
            shown(self.weight),
            shown(self.calls),
            shown(self.errors),
        ];
        cells.extend(live_cells(self.live.as_ref()));
        cells.push(output::age(age.unwrap_or_default()));
        cells
    }
}

fn live_json(live: &Live) -> Value {
    let quantiles = |of: &Histogram| json!({ "p50": us(of, 0.5), "p99": us(of, 0.99) });
    json!({
        "seconds": live.seconds,
        "calls_per_second": live.calls_per_second(),
        "errors_per_second": live.errors_per_second(),
        "model_us": quantiles(&live.between.model),
        "overhead_us": quantiles(&live.between.overhead),
    })
}

fn live_cells(live: Option<&Live>) -> [String; 6] {
    let rate = |of: fn(&Live) -> f64| shown(live.map(|live| format!("{:.1}", of(live))));
    let latency = |of: fn(&Live) -> &Histogram, q| {
        shown(live.and_then(|live| us(of(live), q)).map(output::duration))
    };
    [
        rate(Live::calls_per_second),
        rate(Live::errors_per_second),
        latency(|live| &live.between.model, 0.5),
        latency(|live| &live.between.model, 0.99),
        latency(|live| &live.between.overhead, 0.5),
        latency(|live| &live.between.overhead, 0.99),
    ]
}

/// A quantile in microseconds.
fn us(of: &Histogram, q: f64) -> Option<f64> {
    of.quantile(q).map(|seconds| seconds * 1e6)
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

const HEAD: [&str; 14] = [
    "ENDPOINT",
    "STATE",
    "VARIANT",
    "INSTANCES",
    "WEIGHT",
    "CALLS",
    "ERRORS",
    "CALLS/S",
    "ERRORS/S",
    "MODEL-P50",
    "MODEL-P99",
    "OVERHEAD-P50",
    "OVERHEAD-P99",
    "AGE",
];

fn print(client: &Client, rows: &[Row]) -> anyhow::Result<()> {
    if rows.is_empty() {
        let url = &client.target().url;
        let advice = "deploy one with `clary deploy PATH --name NAME`";
        return output::line(&format!("no endpoints at {url}; {advice}"));
    }
    output::line(&render(rows, Clock::new().now().epoch_seconds_f64()))
}

fn render(rows: &[Row], now_epoch_seconds: f64) -> String {
    let table = output::table(&HEAD, rows.iter().map(|row| row.cells(now_epoch_seconds)));
    iter::once(table).chain(reasons(rows)).collect::<Vec<_>>().join("\n")
}

/// Why endpoints stand where they stand, and what takes over there, one line for each that says so.
fn reasons(rows: &[Row]) -> BTreeSet<String> {
    let said = rows.iter().flat_map(|row| {
        let texts = row.failure_reason.iter().chain(&row.deployment);
        texts.map(|text| format!("{}: {text}", row.endpoint))
    });
    said.collect()
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

    fn view(before: Option<&str>, now: &str) -> View {
        let start = Instant::now();
        View {
            before: before.map(|text| Reading::parse(text, start)),
            now: Some(Reading::parse(now, start + Duration::from_secs(2))),
        }
    }

    fn words(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn each_variant_has_a_row() {
        let text = render(&rows(&endpoint(), &view(None, METRICS)), 1_061.0);
        let rest = ["-", "-", "-", "-", "-", "-", "1m", "1s"];
        let blue = [&["covtype", "InService", "Blue", "2", "0.95", "7", "3"][..], &rest].concat();
        let green = [&["covtype", "InService", "Green", "1", "0.05", "0", "0"][..], &rest].concat();
        assert_eq!(words(&text), [HEAD.to_vec(), blue, green]);
    }

    #[test]
    fn what_came_between_two_readings_is_shown_as_rates_and_latencies() {
        let later = "\
clary_invocations_total{endpoint=\"covtype\",variant=\"Blue\"} 27
clary_invocation_errors_total{endpoint=\"covtype\",variant=\"Blue\",class=\"refused\"} 4
clary_in_flight{endpoint=\"covtype\",variant=\"Blue\"} 3
clary_model_latency_seconds_bucket{endpoint=\"covtype\",variant=\"Blue\",le=\"0.001\"} 10
clary_model_latency_seconds_bucket{endpoint=\"covtype\",variant=\"Blue\",le=\"+Inf\"} 10
";
        let rows = rows(&endpoint(), &view(Some(METRICS), later));
        let text = render(&rows, 1_000.0);
        let live = ["10.0", "0.5", "500.0", "µs", "990.0", "µs", "-", "-"];
        assert_eq!(words(&text)[1][7..15], live);
        let green = ["0.0", "0.0", "-", "-", "-", "-"];
        assert_eq!(words(&text)[2][7..13], green);
        let blue = rows[0].to_json();
        assert_eq!(
            (&blue["in_flight"], &blue["live"]["overhead_us"]["p99"]),
            (&json!(3), &Value::Null)
        );
        assert_eq!(blue["live"]["calls_per_second"], 10.0);
    }

    #[test]
    fn an_interval_is_a_number_in_its_bounds() {
        assert_eq!(interval("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "3601", "NaN", "inf", "x", ""] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_failed_endpoint_says_why_once() {
        let failed = json!({
            "EndpointName": "bad",
            "EndpointStatus": "Failed",
            "CreationTime": 1_000.0,
            "FailureReason": "no model in it",
        });
        let text = render(&rows(&failed, &View::default()), 1_000.0);
        assert_eq!(words(&text)[1], [&["bad", "Failed"][..], &["-"; 11], &["0s"]].concat());
        assert!(text.ends_with("\nbad: no model in it"), "{text}");
        let mut broken = endpoint();
        broken["FailureReason"] = "rolled back".into();
        let text = render(&rows(&broken, &View::default()), 1_000.0);
        assert_eq!(text.matches("rolled back").count(), 1);
    }

    #[test]
    fn a_deployment_under_way_says_how_far_it_has_come() {
        let mut updating = endpoint();
        let stage = |message: &str| json!([{"Status": "Baking", "StatusMessage": message}]);
        updating["PendingDeploymentSummary"] = json!({
            "EndpointConfigName": "next",
            "ProductionVariants": [
                {"VariantName": "Red", "VariantStatus": stage("Baking with 10 % of the traffic.")},
                {"VariantName": "Grey", "VariantStatus": [{"Status": "Creating"}]},
            ],
        });
        let text = render(&rows(&updating, &View::default()), 1_000.0);
        let line = "\ncovtype: next, Red: Baking with 10 % of the traffic.";
        assert!(text.ends_with(line), "{text}");
        updating["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"] = json!([]);
        assert_eq!(rows(&updating, &View::default())[0].to_json()["deployment"], Value::Null);
    }

    #[test]
    fn metrics_that_are_not_shown_to_us_are_null() {
        let row = rows(&endpoint(), &View::default())[0].to_json();
        assert_eq!((&row["invocations"], &row["instances"]), (&Value::Null, &json!(2)));
        assert_eq!(row["live"], Value::Null);
    }

    #[test]
    fn a_server_that_shows_no_metrics_is_not_waited_for() {
        let said = json!({ "message": "no" }).to_string();
        let (server, client) = Scripted::start(vec![Answer(403, "", said)]);
        let mut view = View::begin(&client).expect("a refusal is no failure");
        view.wait(&client, Duration::from_hours(1)).expect("nothing to wait for");
        assert!(view.now.is_none());
        assert_eq!(server.asked().len(), 1);
        assert!(not_shown(&client).contains("CLARY_ADMIN_TOKEN"));
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
