//! botocore's protocol cases the other way round: a client's request becomes its parameters, a
//! result becomes the server's response.

use std::collections::BTreeSet;

use aws_wire::{
    Fault, Output, Protocol, Service, ShapeId, decode, encode,
    table::{Kind, Location, Structure},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use crate::{built_tables, xml};

const SUITES: [(&str, &str); 6] = [
    ("input/json", include_str!("../fixtures/protocols/input/json.json")),
    ("input/query", include_str!("../fixtures/protocols/input/query.json")),
    ("input/rest-json", include_str!("../fixtures/protocols/input/rest-json.json")),
    ("output/json", include_str!("../fixtures/protocols/output/json.json")),
    ("output/query", include_str!("../fixtures/protocols/output/query.json")),
    ("output/rest-json", include_str!("../fixtures/protocols/output/rest-json.json")),
];

/// `suite case: reason`, one per line.
const NOT_FOR_SERVERS: &str = include_str!("../fixtures/not-for-servers.txt");

#[test]
fn protocol_cases_hold_the_other_way_round() {
    let skipped = skipped();
    let mut seen = BTreeSet::new();
    let mut failures = Vec::new();
    let mut held = 0;
    for (name, text) in SUITES {
        let suites: Vec<Value> = serde_json::from_str(text).expect("a fixture is valid");
        for (suite, case) in suites.iter().flat_map(|s| cases(s).map(move |case| (s, case))) {
            let id = format!("{name} {}", case["id"].as_str().expect("an id"));
            let service = built_tables::service(suite, &case["given"]);
            let result = check(name, &service, case);
            match (result, skipped.contains(&id)) {
                (Ok(()), false) => held += 1,
                (Err(problem), false) => failures.push(format!("{id}: {problem}")),
                (Ok(()), true) => failures.push(format!("{id}: listed, but it holds")),
                (Err(_), true) => {}
            }
            seen.insert(id);
        }
    }
    failures.extend(skipped.difference(&seen).map(|id| format!("{id}: listed, but no case")));
    assert!(failures.is_empty(), "{held} hold\n{}", failures.join("\n"));
}

fn skipped() -> BTreeSet<String> {
    let lines = NOT_FOR_SERVERS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("a reason").0.to_owned()).collect()
}

fn cases(suite: &Value) -> impl Iterator<Item = &Value> {
    suite["cases"].as_array().into_iter().flatten()
}

fn check(name: &str, service: &Service, case: &Value) -> Result<(), String> {
    if name.starts_with("input") {
        check_request(service, case)
    } else if case["error"].is_null() {
        check_reply(service, case)
    } else {
        check_error(service, case)
    }
}

fn check_request(service: &Service, case: &Value) -> Result<(), String> {
    let sent = &case["serialized"];
    let mut builder = http::Request::builder()
        .method(sent["method"].as_str().expect("a method"))
        .uri(sent["uri"].as_str().expect("a uri"));
    for (name, value) in sent["headers"].as_object().into_iter().flatten() {
        builder = builder.header(name, value.as_str().expect("a header"));
    }
    let (parts, ()) = builder.body(()).map_err(|e| e.to_string())?.into_parts();
    let body = Bytes::from(sent["body"].as_str().unwrap_or_default().to_owned());
    let operation = &service.operations[0];
    let input = decode(service, operation, &parts, &body).map_err(|f| f.message().to_owned())?;
    let mut expected = encoded_blobs(service, operation.input, &case["params"]);
    if let (Some(payload), Some(members)) = (input.payload, expected.as_object_mut()) {
        let member = payload_name(service, operation.input);
        let wanted = members.remove(member).unwrap_or_else(|| json!(""));
        same("payload", &json!(BASE64_STANDARD.encode(payload)), &wanted)?;
    }
    same("params", &Value::Object(input.params), &expected)
}

fn check_reply(service: &Service, case: &Value) -> Result<(), String> {
    let operation = &service.operations[0];
    let mut members = encoded_blobs(service, operation.output, &case["result"]);
    if let Some(members) = members.as_object_mut() {
        // botocore adds what it saw of the response to every result.
        members.remove("ResponseMetadata");
    }
    let payload = take_blob_payload(service, operation.output, &mut members);
    let output = Output { members, payload };
    let reply = encode(service, operation, output, "id").map_err(|e| e.to_string())?;
    same_response(&reply, &case["response"])
}

fn check_error(service: &Service, case: &Value) -> Result<(), String> {
    let code = case["errorCode"].as_str().expect("a code").to_owned();
    let message = case["errorMessage"].as_str().unwrap_or_default();
    let mut fault = Fault::new(code, message);
    for (name, value) in case["error"].as_object().into_iter().flatten() {
        if !name.eq_ignore_ascii_case("message") {
            fault = fault.with(name, value.clone());
        }
    }
    let reply = fault.response(service, "id");
    let wanted = &case["response"];
    same("status", &json!(reply.status().as_u16()), &wanted["status_code"])?;
    if matches!(service.protocol, Protocol::Query { .. }) {
        return same_error(&reply, wanted);
    }
    let body: Value = serde_json::from_slice(reply.body()).map_err(|e| e.to_string())?;
    let wanted = parsed(wanted["body"].as_str().unwrap_or_default());
    for (name, value) in wanted.as_object().into_iter().flatten() {
        let is_code = matches!(name.as_str(), "__type" | "code");
        let wanted = if is_code { &case["errorCode"] } else { value };
        let ours = if is_code { &case["errorCode"] } else { &body[name] };
        same(name, ours, wanted)?;
    }
    same("code", &json!(reply.headers()["x-amzn-errortype"].to_str().ok()), &case["errorCode"])
}

fn same_response(reply: &Response<Bytes>, wanted: &Value) -> Result<(), String> {
    same("status", &json!(reply.status().as_u16()), &wanted["status_code"])?;
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        let ours = reply.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()));
        let name = name.to_ascii_lowercase();
        // The server's HTTP library counts; the request's id is the caller's.
        if !matches!(name.as_str(), "content-length" | "x-amzn-requestid") {
            same(&name, &json!(ours), value)?;
        }
    }
    let body = String::from_utf8_lossy(reply.body());
    if reply.headers().get("content-type").is_some_and(|value| value == "text/xml") {
        return same_xml(&body, wanted["body"].as_str().unwrap_or_default());
    }
    same("body", &parsed(&body), &parsed(wanted["body"].as_str().unwrap_or_default()))
}

/// What a reply of the query protocol says; that of an empty one may be any.
fn same_xml(ours: &str, wanted: &str) -> Result<(), String> {
    let mut ours = xml::tree(ours)?;
    let metadata = xml::take(&mut ours, "ResponseMetadata").ok_or("no metadata")?;
    same("metadata", &metadata, &json!(["ResponseMetadata", "", [["RequestId", "id", []]]]))?;
    if wanted.is_empty() {
        return Ok(());
    }
    same("body", &ours, &xml::tree(wanted)?)
}

fn same_error(reply: &Response<Bytes>, wanted: &Value) -> Result<(), String> {
    let mut ours = xml::tree(&String::from_utf8_lossy(reply.body()))?;
    let mut wanted = xml::tree(wanted["body"].as_str().unwrap_or_default())?;
    let id = xml::take(&mut ours, "RequestId").ok_or("no request id")?;
    same("request id", &id, &json!(["RequestId", "id", []]))?;
    xml::take(&mut wanted, "RequestId");
    // A message is always sent; a case without one says nothing of it.
    if wanted[2][0][2].as_array().is_some_and(|all| all.iter().all(|part| part[0] != "Message")) {
        xml::take(&mut ours[2][0], "Message");
    }
    same("error", &ours, &wanted)
}

/// JSON where it is JSON; nothing and `{}` are the same to every client.
fn parsed(body: &str) -> Value {
    let json = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    if json == json!("") { json!({}) } else { json }
}

fn same(what: &str, ours: &Value, wanted: &Value) -> Result<(), String> {
    let (ours, wanted) = (plain(ours).to_string(), plain(wanted).to_string());
    if ours == wanted {
        Ok(())
    } else {
        Err(format!("{what}: {ours:.300} instead of {wanted:.300}"))
    }
}

/// Numbers as floats, members without a value left out.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(k, v)| (k.clone(), plain(v))).collect())
        }
        other => other.clone(),
    }
}

/// The cases write blobs as plain text; parameters have them in base64.
fn encoded_blobs(service: &Service, id: Option<ShapeId>, value: &Value) -> Value {
    let Some(id) = id else { return value.clone() };
    match (&service.shape(id).kind, value) {
        (Kind::Blob, Value::String(text)) => json!(BASE64_STANDARD.encode(text)),
        (Kind::Structure(structure), Value::Object(members)) => {
            let of = |name: &str| structure.members.iter().find(|m| m.name == name);
            let entry = |(name, value): (&String, &Value)| {
                (name.clone(), encoded_blobs(service, of(name).map(|m| m.shape), value))
            };
            Value::Object(members.iter().map(entry).collect::<Map<_, _>>())
        }
        (Kind::List(element), Value::Array(items)) => {
            items.iter().map(|item| encoded_blobs(service, Some(*element), item)).collect()
        }
        (Kind::Map(_, element), Value::Object(entries)) => {
            let entry = |(name, value): (&String, &Value)| {
                (name.clone(), encoded_blobs(service, Some(*element), value))
            };
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        (_, value) => value.clone(),
    }
}

fn structure(service: &Service, id: Option<ShapeId>) -> Option<&'static Structure> {
    match &service.shape(id?).kind {
        Kind::Structure(structure) => Some(structure),
        _ => None,
    }
}

fn payload_name(service: &Service, id: Option<ShapeId>) -> &'static str {
    structure(service, id).and_then(|structure| structure.payload).unwrap_or_default()
}

fn take_blob_payload(service: &Service, id: Option<ShapeId>, members: &mut Value) -> Option<Bytes> {
    let name = payload_name(service, id);
    let member = structure(service, id)?.members.iter().find(|m| m.name == name)?;
    let blob = matches!(service.shape(member.shape).kind, Kind::Blob);
    let taken = members.as_object_mut().filter(|_| blob)?.remove(name)?;
    assert_eq!(member.location, Location::Body, "a payload is the body");
    BASE64_STANDARD.decode(taken.as_str()?).ok().map(Bytes::from)
}
