//! Selected content: what of a prediction an answer holds. The expected values are those that the
//! functions of SageMaker's XGBoost container give for the same predictions.

use std::path::Path;

use serde_json::Value;

use crate::{
    models::{artifact, stumps},
    stage::{Stage, ask, call, text},
};

const ALL: &str = "predicted_label, labels, probability, probabilities, raw_score, raw_scores, \
                   predicted_score, foo";

/// The answer to the rows 0 and 1.
fn answer(objective: &str, leaves: &[[f32; 2]], keys: &str, accept: &str) -> String {
    let directory = artifact(&[("xgboost-model", &stumps(objective, leaves))]);
    let stage = Stage::new(directory.path()).with("SAGEMAKER_INFERENCE_OUTPUT", keys);
    let engine = stage.open().unwrap_or_else(|error| panic!("{objective}: {}", error.message));
    let reply = ask(&*engine, Some("text/csv"), Some(accept), b"0\n1\n");
    assert_eq!(reply.status, 200, "{objective}: {}", text(&reply));
    text(&reply).to_owned()
}

#[test]
fn every_key_with_every_objective() {
    let cases: &[(&str, &[[f32; 2]], &str)] = &[
        (
            "binary:logistic",
            &[[0.0, 2.0]],
            "0,\"[0, 1]\",0.5,\"[0.5, 0.5]\",0.5,\"[0.5, 0.5]\",nan,nan\n\
             1,\"[0, 1]\",0.880797,\"[0.11920297, 0.880797]\",0.880797,\
             \"[0.11920297, 0.880797]\",nan,nan",
        ),
        (
            "binary:logitraw",
            &[[0.0, 2.5]],
            "0,\"[0, 1]\",nan,nan,0.0,\"[1.0, 0.0]\",nan,nan\n\
             1,\"[0, 1]\",nan,nan,2.5,\"[-1.5, 2.5]\",nan,nan",
        ),
        (
            "binary:hinge",
            &[[-1.0, 2.5]],
            "0.0,\"[0, 1]\",nan,nan,0.0,\"[1.0, 0.0]\",nan,nan\n\
             1.0,\"[0, 1]\",nan,nan,1.0,\"[0.0, 1.0]\",nan,nan",
        ),
        (
            "multi:softmax",
            &[[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]],
            "0.0,\"[0, 1, 2]\",nan,nan,0.0,\"[1.0, 0.0]\",nan,nan\n\
             2.0,\"[0, 1, 2]\",nan,nan,2.0,\"[-1.0, 2.0]\",nan,nan",
        ),
        (
            "multi:softprob",
            &[[0.0, 0.0], [0.0, 200.0]],
            "0,\"[0, 1]\",0.5,\"[0.5, 0.5]\",0.5,\"[0.5, 0.5]\",nan,nan\n\
             1,\"[0, 1]\",1.0,\"[0.0, 1.0]\",1.0,\"[0.0, 1.0]\",nan,nan",
        ),
        (
            "reg:squarederror",
            &[[-7.0, 0.25]],
            "nan,nan,nan,nan,nan,nan,-7.0,nan\nnan,nan,nan,nan,nan,nan,0.25,nan",
        ),
        // The container serves five regressions and fails with this one.
        (
            "rank:pairwise",
            &[[-7.0, 0.25]],
            "nan,nan,nan,nan,nan,nan,-7.0,nan\nnan,nan,nan,nan,nan,nan,0.25,nan",
        ),
    ];
    for (objective, leaves, expect) in cases {
        assert_eq!(answer(objective, leaves, ALL, "text/csv"), *expect, "{objective}");
    }
}

#[test]
fn every_format_holds_the_same() {
    let keys = "probabilities,Predicted_Label,foo";
    let leaves = [[0.0, 2.0]];
    let rows = [
        r#"{"probabilities":[0.5,0.5],"predicted_label":0,"foo":null}"#,
        r#"{"probabilities":[0.11920297,0.880797],"predicted_label":1,"foo":null}"#,
    ];
    let answer = |accept| answer("binary:logistic", &leaves, keys, accept);
    assert_eq!(answer("application/json"), format!("{{\"predictions\":[{}]}}", rows.join(",")));
    assert_eq!(answer("application/jsonlines"), rows.join("\n") + "\n");
    assert_eq!(answer("*/*"), "\"[0.5, 0.5]\",0,nan\n\"[0.11920297, 0.880797]\",1,nan");
}

#[test]
fn records_hold_a_label_per_key() {
    let directory = artifact(&[("xgboost-model", &stumps("binary:logitraw", &[[1.5, 2.0]]))]);
    let stage = Stage::new(directory.path()).with("SAGEMAKER_INFERENCE_OUTPUT", "raw_score,labels");
    let engine = stage.open().expect("opens");
    let accept = Some("application/x-recordio-protobuf");
    let reply = ask(&*engine, Some("text/csv"), accept, b"0\n");
    let label = |name: &str, values: &[f32]| {
        let count = values.len() as u8 * 4;
        let length = name.len() as u8;
        let mut entry = vec![0x12, length + count + 8, 0x0A, length];
        entry.extend_from_slice(name.as_bytes());
        entry.extend_from_slice(&[0x12, count + 4, 0x12, count + 2, 0x0A, count]);
        entry.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        entry
    };
    let payload = [label("raw_score", &[1.5]), label("labels", &[0.0, 1.0])].concat();
    assert_eq!(reply.body[..8], [0x0A, 0x23, 0xD7, 0xCE, payload.len() as u8, 0, 0, 0]);
    assert_eq!(reply.body[8..8 + payload.len()], payload);
}

#[test]
fn batch_transform_ends_the_last_line() {
    let directory = artifact(&[("xgboost-model", &stumps("binary:logitraw", &[[1.5, 2.0]]))]);
    let stage = Stage::new(directory.path())
        .with("SAGEMAKER_INFERENCE_OUTPUT", "raw_score")
        .with("SAGEMAKER_BATCH", "true");
    let engine = stage.open().expect("opens");
    assert_eq!(text(&call(&*engine, "text/csv", b"0\n1\n")), "1.5\n2.0\n");
    let reply = ask(&*engine, Some("text/csv"), Some("application/json"), b"0\n");
    assert_eq!(text(&reply), r#"{"predictions":[{"raw_score":1.5}]}"#);
}

#[test]
fn an_array_has_no_room_for_selected_content() {
    let directory = artifact(&[("xgboost-model", &stumps("binary:logitraw", &[[1.5, 2.0]]))]);
    let stage = Stage::new(directory.path()).with("SAGEMAKER_INFERENCE_OUTPUT", "raw_score");
    let engine = stage.open().expect("opens");
    let reply = ask(&*engine, Some("text/csv"), Some("application/x-npy"), b"0\n");
    assert_eq!(reply.status, 406);
    assert!(text(&reply).starts_with("`application/x-npy` can't hold selected content; ask for"));
}

#[test]
fn keys_that_mean_nothing_are_logged_once() {
    let directory = artifact(&[("xgboost-model", &stumps("reg:squarederror", &[[1.5, 2.0]]))]);
    let stage = Stage::new(directory.path())
        .with("SAGEMAKER_INFERENCE_OUTPUT", "predicted_score,probability,foo");
    let engine = stage.open().expect("opens");
    call(&*engine, "text/csv", b"0\n");
    let lines = stage.lines.all();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(
        lines[1],
        "`probability` in `SAGEMAKER_INFERENCE_OUTPUT` means nothing for objective \
         `reg:squarederror` and is answered as missing"
    );
    assert!(lines[2].starts_with("`foo` in "), "{lines:?}");
}

/// Pickled classifiers keep what their classes are called; scikit-learn's own answers are beside
/// them.
#[test]
fn classes_go_by_their_names() {
    for (model, labels_csv, labels_json) in [
        ("xgboost-1.0-texts", r#""[""high"", ""löw"", ""middle""]""#, r#"["high","löw","middle"]"#),
        ("xgboost-0.90-two-texts", r#""[""no"", ""yes""]""#, r#"["no","yes"]"#),
        ("xgboost-1.0-numbers", r#""[-7, 3, 40]""#, "[-7,3,40]"),
        ("xgboost-1.3-truth", r#""[false, true]""#, "[false,true]"),
        ("xgboost-1.0-plain", r#""[0, 1, 2]""#, "[0,1,2]"),
    ] {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trees/tests/fixtures/labels");
        let read = |name: &str| std::fs::read(fixtures.join(name)).expect("a fixture");
        let golden: Value = serde_json::from_slice(&read(&format!("{model}.json"))).expect("JSON");
        let list = |member: &str| golden[member].as_array().expect("a list").clone();
        let (rows, labels) = (list("rows"), list("labels"));
        let directory = artifact(&[("model.pkl", &read(&format!("{model}.model.pkl")))]);
        let stage = Stage::new(directory.path());
        let engine =
            stage.with("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,labels").open().expect(model);
        let body = rows
            .chunks(rows.len() / labels.len())
            .map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(","))
            .collect::<Vec<_>>()
            .join("\n");
        let answer = |accept| {
            let reply = ask(&*engine, Some("text/csv"), Some(accept), body.as_bytes());
            assert_eq!(reply.status, 200, "{model}: {}", text(&reply));
            text(&reply).to_owned()
        };
        // Python's truth values are written as JSON's.
        let written = |label: &Value| match label.as_str().expect("text") {
            truth @ ("True" | "False") => truth.to_lowercase(),
            label => label.to_owned(),
        };
        for (line, label) in answer("text/csv").lines().zip(&labels) {
            let label = written(label);
            assert_eq!(line, format!("{label},{labels_csv}"), "{model}");
        }
        let json: Value = serde_json::from_str(&answer("application/json")).expect("JSON");
        let predictions = json["predictions"].as_array().expect("a list");
        assert_eq!(predictions.len(), labels.len(), "{model}");
        for (prediction, label) in predictions.iter().zip(&labels) {
            assert_eq!(prediction["labels"].to_string(), labels_json, "{model}");
            let found = prediction["predicted_label"].to_string();
            assert_eq!(found.trim_matches('"'), written(label), "{model}");
        }
    }
}
