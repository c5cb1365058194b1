//! The same rows in every format get the same answer, XGBoost's; and the answer is the same in every
//! format it can be asked for in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use engine_api::Engine;
use serde_json::Value;

use crate::stage::{Stage, ask, text};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn abalone(name: &str) -> PathBuf {
    fixture("abalone").join(name)
}

fn body(name: &str) -> Vec<u8> {
    fs::read(abalone(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn expected() -> Vec<f32> {
    serde_json::from_slice(&body("expected.json")).expect("JSON")
}

fn open() -> std::sync::Arc<dyn Engine> {
    Stage::new(&abalone("model")).open().expect("the model opens")
}

fn scores_of_csv(text: &str) -> Vec<f32> {
    text.lines().map(|line| line.parse().expect("a number")).collect()
}

#[test]
fn rows_in_every_format_get_the_answer_of_xgboost() {
    let engine = open();
    let json = body("rows.json");
    let split = String::from_utf8(json.clone()).expect("text").replace("instances", "data");
    for (content_type, body) in [
        (None, body("rows.libsvm")),
        (Some(""), body("rows.libsvm")),
        (Some("text/libsvm"), body("rows.libsvm")),
        (Some("text/x-libsvm; charset=utf-8"), body("rows.libsvm")),
        (Some("libsvm"), body("rows.libsvm")),
        (Some("text/csv"), body("rows.csv")),
        (Some("application/json"), json),
        (Some("application/json"), split.into_bytes()),
        (Some("application/jsonlines"), body("rows.jsonl")),
        (Some("application/x-npy"), body("rows.npy")),
        (Some("application/x-recordio-protobuf"), body("rows-dense.pbr")),
        (Some("application/x-recordio-protobuf"), body("rows-sparse.pbr")),
        (Some("recordio-protobuf"), body("rows-sparse.pbr")),
    ] {
        let reply = ask(&*engine, content_type, None, &body);
        assert_eq!(reply.status, 200, "{content_type:?}: {}", text(&reply));
        // To the last bit: the scores are printed so that they read back as the same numbers.
        assert_eq!(scores_of_csv(text(&reply)), expected(), "{content_type:?}");
    }
}

#[test]
fn sparse_bodies_of_many_blocks_are_answered_row_by_row() {
    let engine = open();
    for (content_type, name) in
        [("text/libsvm", "rows.libsvm"), ("application/x-recordio-protobuf", "rows-sparse.pbr")]
    {
        let reply = ask(&*engine, Some(content_type), None, &body(name).repeat(300));
        assert_eq!(scores_of_csv(text(&reply)), expected().repeat(300), "{name}");
    }
}

#[test]
fn an_error_behind_many_blocks_refuses_the_whole_body() {
    let engine = open();
    let mut rows = body("rows.libsvm").repeat(300);
    rows.extend_from_slice(b"1 1:x\n");
    let reply = ask(&*engine, None, None, &rows);
    assert_eq!(reply.status, 415);
    assert!(text(&reply).contains("row 18001: found `x`"), "{}", text(&reply));
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let (numbers, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

#[test]
fn the_answer_is_the_same_in_every_format() {
    let engine = open();
    let ask = |accept| {
        let reply = ask(&*engine, None, Some(accept), &body("rows.libsvm"));
        let content_type = reply.content_type.split(';').next().expect("a type");
        assert_eq!((reply.status, content_type), (200, accept));
        reply
    };
    assert_eq!(scores_of_csv(text(&ask("text/csv"))), expected());

    let document: Value = serde_json::from_slice(&ask("application/json").body).expect("JSON");
    let predictions = document["predictions"].as_array().expect("a list");
    let score = |row: &Value| row["score"].as_f64().expect("a number") as f32;
    assert_eq!(predictions.iter().map(score).collect::<Vec<_>>(), expected());

    let lines = ask("application/jsonlines");
    let line = |line| score(&serde_json::from_str(line).expect("JSON"));
    assert_eq!(text(&lines).lines().map(line).collect::<Vec<_>>(), expected());

    let array = ask("application/x-npy").body;
    assert_eq!(array.len(), 128 + 4 * 60);
    assert_eq!(floats(&array[128..]), expected());

    let records = ask("application/x-recordio-protobuf").body;
    // Magic, length, and 15 bytes around the one score, filled up to 20.
    let scores = records.chunks_exact(8 + 20).flat_map(|record| floats(&record[8 + 15..8 + 19]));
    assert_eq!(scores.collect::<Vec<_>>(), expected());
}

#[test]
fn older_forms_of_models_are_answered_for() {
    let golden = fs::read(fixture("older/expected.json")).expect("a file");
    let golden: Value = serde_json::from_slice(&golden).expect("JSON");
    let expected: Vec<Vec<f32>> = serde_json::from_value(golden["softprob"].clone()).expect("rows");
    for form in ["pickled", "legacy"] {
        let engine = Stage::new(&fixture("older").join(form)).open().expect(form);
        let body = golden["input"].to_string();
        let reply = ask(&*engine, Some("application/json"), None, body.as_bytes());
        assert_eq!(reply.status, 200, "{form}: {}", text(&reply));
        let scores: Vec<Vec<f32>> =
            text(&reply).lines().map(|line| scores_of_csv(&line.replace(',', "\n"))).collect();
        assert_eq!(scores, expected, "{form}");
    }
}
