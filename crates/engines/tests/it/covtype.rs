//! The example model answers its 200 records as XGBoost does, in every form they can be sent in.

use serde_json::{Map, Value};

use crate::stage::{Stage, ask, call, covtype, covtype_file, text};

/// XGBoost adds its 32-bit margins in another order.
const TOLERANCE: f64 = 1e-6;

/// The records and what XGBoost answered to them.
struct Golden {
    records: Vec<Map<String, Value>>,
    scores: Vec<Vec<f64>>,
}

fn golden() -> Golden {
    let expected: Value = serde_json::from_slice(&covtype_file("expected.json")).expect("JSON");
    Golden {
        records: serde_json::from_slice(&covtype_file("payload.json")).expect("JSON"),
        scores: scores_of_json(&expected),
    }
}

fn scores_of_json(document: &Value) -> Vec<Vec<f64>> {
    let rows = document["predictions"].as_array().expect("a list of predictions");
    rows.iter().map(score_of_row).collect()
}

fn score_of_row(row: &Value) -> Vec<f64> {
    let scores = row["score"].as_array().expect("a list of scores");
    scores.iter().map(|score| score.as_f64().expect("a number")).collect()
}

fn scores_of_csv(text: &str) -> Vec<Vec<f64>> {
    text.lines()
        .map(|line| line.split(',').map(|score| score.parse().expect("a number")).collect())
        .collect()
}

fn assert_close(found: &[Vec<f64>], expected: &[Vec<f64>], form: &str) {
    assert_eq!(found.len(), expected.len(), "{form}");
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{form}, row {row}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= TOLERANCE, "{form}, row {row}: {found} {expected}");
        }
    }
}

/// Records with their columns in another order each, the target and a stranger among them.
fn shuffled(records: &[Map<String, Value>]) -> Vec<String> {
    let shuffle = |(row, record): (usize, &Map<String, Value>)| {
        let mut members: Vec<String> =
            record.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let middle = members.len() / 2;
        members.insert(middle, "\"Cover_Type\": 3".to_owned());
        members.insert(0, "\"seen\": {\"by\": [\"someone\"]}".to_owned());
        let shift = row * 7 % members.len();
        members.rotate_left(shift);
        members[shift..].reverse();
        format!("{{{}}}", members.join(", "))
    };
    records.iter().enumerate().map(shuffle).collect()
}

/// The records below a header in the order of `names`.
fn csv_with_header(records: &[Map<String, Value>], names: &[&str]) -> String {
    let mut body = names.join(",") + "\n";
    for record in records {
        let fields: Vec<String> = names
            .iter()
            .map(|name| record.get(*name).map_or("unknown".to_owned(), Value::to_string))
            .collect();
        body += &(fields.join(",") + "\n");
    }
    body
}

#[test]
fn every_form_of_the_payload_gets_the_expected_scores() {
    let golden = golden();
    let names: Vec<&str> = golden.records[0].keys().map(String::as_str).collect();
    let mut reversed = names.clone();
    reversed.reverse();
    reversed.insert(3, "Cover_Type");
    let lists = String::from_utf8(covtype_file("payload.csv")).expect("text");
    let lists = lists.trim_end().replace('\n', "],[");
    let forms = [
        ("csv", "text/csv", covtype_file("payload.csv")),
        ("csv with header", "text/csv", csv_with_header(&golden.records, &names).into()),
        ("csv with target", "text/csv", csv_with_header(&golden.records, &reversed).into()),
        ("json", "application/json; charset=utf-8", covtype_file("payload.json")),
        (
            "shuffled json",
            "application/json",
            format!("[{}]", shuffled(&golden.records).join(",")).into(),
        ),
        ("instances", "application/json", format!("{{\"instances\": [[{lists}]]}}").into()),
    ];
    let engine = Stage::new(&covtype().join("model")).open().expect("the example opens");
    for (form, content_type, body) in forms {
        let reply = ask(&*engine, Some(content_type), Some("application/json"), &body);
        assert_eq!((reply.status, &*reply.content_type), (200, "application/json"), "{form}");
        let document: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_close(&scores_of_json(&document), &golden.scores, form);
    }
}

#[test]
fn every_form_of_answer_holds_the_expected_scores() {
    let golden = golden();
    let engine = Stage::new(&covtype().join("model")).open().expect("the example opens");
    let body = covtype_file("payload.csv");

    let reply = call(&*engine, "text/csv", &body);
    assert_eq!((reply.status, &*reply.content_type), (200, "text/csv; charset=utf-8"));
    assert_close(&scores_of_csv(text(&reply)), &golden.scores, "csv");

    let reply = ask(&*engine, Some("text/csv"), Some("application/jsonlines"), &body);
    assert_eq!((reply.status, &*reply.content_type), (200, "application/jsonlines"));
    let lines: Vec<Vec<f64>> = text(&reply)
        .lines()
        .map(|line| score_of_row(&serde_json::from_str(line).expect("JSON")))
        .collect();
    assert_close(&lines, &golden.scores, "jsonlines");
}

#[test]
fn one_record_at_a_time_gets_the_same_scores() {
    let golden = golden();
    let engine = Stage::new(&covtype().join("model")).open().expect("the example opens");
    for (record, expected) in shuffled(&golden.records).iter().zip(&golden.scores) {
        let reply = call(&*engine, "application/json", record.as_bytes());
        assert_close(&scores_of_csv(text(&reply)), std::slice::from_ref(expected), record);
    }
}
