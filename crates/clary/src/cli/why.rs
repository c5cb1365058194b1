//! `clary why`: how one recent request went, from its signature to its answer, and whose fault it
//! is that it failed; without an id, the last requests.

use anyhow::Context;
use resources::Clock;
use serde_json::Value;

use super::{Usage, connect::ConnectOptions, output};
use crate::client::Client;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The id in the answer's `x-amzn-RequestId`, `x-amz-request-id` or `x-amz-apigw-id`; boto3 has
    /// it in `ResponseMetadata` [default: the last requests are listed]
    #[arg(value_name = "REQUEST-ID", value_parser = request_id)]
    id: Option<String>,
    /// List only requests that failed
    #[arg(long, conflicts_with = "id")]
    failed: bool,
    /// List so many
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "id")]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let path = match &args.id {
        Some(id) => format!("/_clary/requests/{id}"),
        None => format!("/_clary/requests?limit={}&failed={}", args.limit, args.failed),
    };
    let found = read(&client, &path)?;
    if args.json {
        return output::json(&found);
    }
    let now_epoch_seconds = Clock::system().epoch_seconds_f64();
    output::line(&match &args.id {
        Some(_) => one(&found, now_epoch_seconds),
        None => list(&found, args.failed),
    })
}

fn read(client: &Client, path: &str) -> anyhow::Result<Value> {
    let text = client.page(path).map_err(|error| match error.refusal() {
        // The server found it at fault in our words; nothing failed.
        Some(refusal) if refusal.status == 400 => Usage(refusal.message.clone()).into(),
        _ => anyhow::Error::from(error),
    })?;
    serde_json::from_str(&text).context("the server's reply is not JSON")
}

/// Ids are UUIDs, a gateway's extended ones base64; what else is given need not be asked for.
fn request_id(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a request id is made of letters, digits, `-`, `_` and `=`".to_owned())
}

fn one(request: &Value, now_epoch_seconds: f64) -> String {
    let mut lines = vec![
        row("request", string(request, "request_id")),
        row("arrived", &arrived(request, now_epoch_seconds)),
        row("call", &call(request)),
    ];
    lines.extend(routed(request).map(|routed| row("routed", &routed)));
    lines.extend(gateway(&request["gateway"]));
    lines.push(row("caller", &caller(request)));
    lines.push(row("answered", &format!("{} after {}", request["status"], time(&request["us"]))));
    lines.extend(phases(request));
    lines.extend(error(request).into_iter().flatten());
    lines.extend(inner(&request["gateway"]["call"]));
    lines.join("\n")
}

/// Where a call of a REST API went, and what of its definition was applied.
fn gateway(gateway: &Value) -> Vec<String> {
    let known = |member| Some(string(gateway, member)).filter(|text| !text.is_empty());
    let mut lines = Vec::new();
    if let Some((api, stage)) = known("api").zip(known("stage")) {
        let resource = known("resource").map(|path| format!(", resource {path}"));
        lines.push(row("api", &format!("{api}, stage {stage}{}", resource.unwrap_or_default())));
    }
    if let Some(kind) = known("integration") {
        let target = known("target").map(|target| format!(" {target}")).unwrap_or_default();
        let answered = gateway["answered"].as_u64().map(|status| format!(", answered {status}"));
        lines.push(row("sent to", &format!("{kind}{target}{}", answered.unwrap_or_default())));
    }
    for (name, member) in [("request", "request_template"), ("response", "response_template")] {
        let template =
            known(member).map(|media_type| format!("by the {name} template {media_type}"));
        lines.extend(template.map(|template| row("mapped", &template)));
    }
    lines
}

/// The call that the integration made of this server, a step to the right.
fn inner(request: &Value) -> Vec<String> {
    if !request.is_object() {
        return Vec::new();
    }
    let mut lines =
        vec![row("inside", &format!("{}, {}", call(request), string(request, "request_id")))];
    lines.extend(routed(request).map(|routed| row("  routed", &routed)));
    let answered = format!("{} after {}", request["status"], time(&request["us"]));
    lines.push(row("  answered", &answered));
    lines.extend(phases(request).map(|phase| format!("  {phase}")));
    lines.extend(error(request).into_iter().flatten().map(|line| format!("  {line}")));
    lines
}

fn row(name: &str, value: &str) -> String {
    format!("{name:<9} {value}")
}

fn string<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn arrived(request: &Value, now_epoch_seconds: f64) -> String {
    let seconds = request["arrived"].as_f64().unwrap_or_default();
    let moment = output::moment((seconds * 1000.0).round() as i64);
    let age = std::time::Duration::try_from_secs_f64(now_epoch_seconds - seconds);
    format!("{moment}, {} ago", output::age(age.unwrap_or_default()))
}

fn call(request: &Value) -> String {
    let call = format!("{} {}", string(request, "service"), string(request, "operation"));
    match string(request, "resource") {
        "" => call,
        resource => format!("{call} {resource}"),
    }
}

fn routed(request: &Value) -> Option<String> {
    let variant = request["variant"].as_str()?;
    // While an update takes over step by step there are two.
    let fleet = request["fleet"].as_str().map(|fleet| format!(" of the {fleet} fleet"));
    let (fleet, model) = (fleet.unwrap_or_default(), string(request, "model"));
    Some(format!("to variant {variant}{fleet}, which serves model {model}"))
}

fn caller(request: &Value) -> String {
    match (request["access_key_id"].as_str(), request["principal"].as_str()) {
        (None, _) => "unknown: the request names no access key".to_owned(),
        (Some(key), None) => format!("{key}, an access key that does not exist"),
        (Some(key), Some(principal)) => format!("{key}, a key of {principal}"),
    }
}

/// Each phase with its time and its share of the whole.
fn phases(request: &Value) -> impl Iterator<Item = String> {
    let whole = request["us"].as_f64().unwrap_or_default().max(f64::MIN_POSITIVE);
    request["phases"].as_array().into_iter().flatten().map(move |phase| {
        let share = 100.0 * phase["us"].as_f64().unwrap_or_default() / whole;
        format!("  {:<17} {:>10} {share:>4.0} %", string(phase, "phase"), time(&phase["us"]))
    })
}

fn error(request: &Value) -> Option<[String; 2]> {
    let error = request["error"].as_object().map(|_| &request["error"])?;
    let (code, phase) = (string(error, "code"), string(error, "phase"));
    let blame = match string(error, "fault_of") {
        "model" if request["gateway"].is_object() => "the integration's".to_owned(),
        "model" => format!("the model's; `clary logs {}` has more", string(request, "resource")),
        "author" => "the API's author's; `aws apigateway test-invoke-method` tells more".to_owned(),
        "server" => "the server's; its log has more under the request's id".to_owned(),
        _ => "the caller's".to_owned(),
    };
    Some([
        row("error", &format!("{code} while `{phase}`: {}", string(error, "message"))),
        row("fault", &blame),
    ])
}

fn time(us: &Value) -> String {
    output::duration(us.as_f64().unwrap_or_default())
}

fn list(found: &Value, failed: bool) -> String {
    let requests = found["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
    if requests.is_empty() {
        let which = if failed { "no request has failed" } else { "there was no request" };
        return format!("{which} since the server started");
    }
    let head = ["ARRIVED", "REQUEST", "CALL", "STATUS", "TOOK", "ERROR"];
    let cells = |request: &Value| {
        let seconds = request["arrived"].as_f64().unwrap_or_default();
        vec![
            output::moment((seconds * 1000.0).round() as i64),
            string(request, "request_id").to_owned(),
            call(request),
            request["status"].to_string(),
            time(&request["us"]),
            request["error"]["code"].as_str().unwrap_or("-").to_owned(),
        ]
    };
    output::table(&head, requests.iter().map(cells))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::scripted::{Answer, Scripted};

    fn failed() -> Value {
        json!({
            "request_id": "4f0c",
            "arrived": 1_440_938_160.007,
            "service": "sagemaker-runtime",
            "operation": "InvokeEndpoint",
            "status": 424,
            "access_key_id": "AKID",
            "principal": "arn:aws:iam::000000000000:root",
            "resource": "forest",
            "variant": "AllTraffic",
            "model": "trees",
            "us": 1_250.0,
            "phases": [{"phase": "body", "us": 12.3}, {"phase": "model", "us": 1_000.0}],
            "error": {
                "code": "ModelError", "message": "it broke", "phase": "model", "fault_of": "model",
            },
        })
    }

    #[test]
    fn a_request_is_told_from_end_to_end() {
        let expect = "\
request   4f0c
arrived   2015-08-30T12:36:00.007Z, 1m 1s ago
call      sagemaker-runtime InvokeEndpoint forest
routed    to variant AllTraffic, which serves model trees
caller    AKID, a key of arn:aws:iam::000000000000:root
answered  424 after 1.25 ms
  body                 12.3 µs    1 %
  model                1.00 ms   80 %
error     ModelError while `model`: it broke
fault     the model's; `clary logs forest` has more";
        assert_eq!(one(&failed(), 1_440_938_221.1), expect);
    }

    #[test]
    fn a_call_of_a_rest_api_is_told_with_the_call_inside_it() {
        let mut request = failed();
        for member in ["variant", "model", "access_key_id", "principal"] {
            request[member] = Value::Null;
        }
        request["service"] = json!("execute-api");
        request["operation"] = json!("GET");
        request["resource"] = json!("/ratings/7");
        request["error"] = json!({
            "code": "INTEGRATION_ERROR", "message": "mapped", "phase": "integration",
            "fault_of": "model",
        });
        request["gateway"] = json!({
            "extended_request_id": "abc=", "api": "a1", "stage": "dev", "resource": "/ratings/{id}",
            "integration": "AWS", "target": "arn:x", "answered": 424,
            "request_template": "application/json", "response_template": null, "call": failed(),
        });
        let expect = "\
call      execute-api GET /ratings/7
api       a1, stage dev, resource /ratings/{id}
sent to   AWS arn:x, answered 424
mapped    by the request template application/json
caller    unknown: the request names no access key
answered  424 after 1.25 ms
  body                 12.3 µs    1 %
  model                1.00 ms   80 %
error     INTEGRATION_ERROR while `integration`: mapped
fault     the integration's
inside    sagemaker-runtime InvokeEndpoint forest, 4f0c
  routed  to variant AllTraffic, which serves model trees
  answered 424 after 1.25 ms
    body                 12.3 µs    1 %
    model                1.00 ms   80 %
  error     ModelError while `model`: it broke
  fault     the model's; `clary logs forest` has more";
        let text = one(&request, 0.0);
        assert_eq!(text.lines().skip(2).collect::<Vec<_>>().join("\n"), expect);
    }

    #[test]
    fn the_fleet_is_told_where_there_are_two() {
        let mut request = failed();
        request["fleet"] = json!("new");
        let text = one(&request, 0.0);
        let line = "routed    to variant AllTraffic of the new fleet, which serves model trees";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut request = failed();
        for member in ["principal", "resource", "variant", "model", "error"] {
            request[member] = Value::Null;
        }
        let text = one(&request, 0.0);
        assert!(text.contains("AKID, an access key that does not exist"), "{text}");
        for word in ["routed", "error", "fault"] {
            assert!(!text.contains(word), "{text}");
        }
        request["access_key_id"] = Value::Null;
        assert!(one(&request, 0.0).contains("names no access key"));
    }

    #[test]
    fn the_last_requests_are_a_table() {
        let text = list(&json!({ "requests": [failed()] }), false);
        let last = text.lines().last().unwrap_or_default();
        let words: Vec<_> = last.split_whitespace().collect();
        let call = ["sagemaker-runtime", "InvokeEndpoint", "forest"];
        let expect = [
            &["2015-08-30T12:36:00.007Z", "4f0c"][..],
            &call,
            &["424", "1.25", "ms", "ModelError"],
        ];
        assert_eq!(words, expect.concat());
        assert_eq!(
            list(&json!({ "requests": [] }), true),
            "no request has failed since the server started"
        );
    }

    #[test]
    fn only_ids_are_asked_for() {
        for wrong in ["", "a/b", "a b", "../metrics", &"a".repeat(65)] {
            assert!(request_id(wrong).is_err(), "{wrong}");
        }
        for id in ["4f0c2a1e-0000-4000-8000-000000000000", "aZ0-_aaaaaaaaaa="] {
            assert_eq!(request_id(id), Ok(id.to_owned()));
        }
    }

    #[test]
    fn a_forgotten_request_is_said_to_be_so() {
        let said = json!({ "message": "no request `x` is known" }).to_string();
        let (_server, client) = Scripted::start(vec![Answer(404, "", said)]);
        let error = read(&client, "/_clary/requests/x").expect_err("it is unknown");
        assert_eq!(error.to_string(), "no request `x` is known");
    }
}
