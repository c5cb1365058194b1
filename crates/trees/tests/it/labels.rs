//! Pickled classifiers of XGBoost and LightGBM, and which labels they gave
//! (`tests/fixtures/generate_labels.py`).

use std::{fs, path::PathBuf};

use serde_json::Value;
use trees::{Model, Rows};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/labels")
}

fn goldens() -> Vec<Value> {
    let paths =
        fs::read_dir(folder()).expect("the fixtures").map(|entry| entry.expect("one").path());
    let is_golden = |path: &PathBuf| {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        is_json && !path.to_string_lossy().ends_with(".model.json")
    };
    let goldens = paths.filter(is_golden);
    goldens
        .map(|path| serde_json::from_slice(&fs::read(path).expect("readable")).expect("a golden"))
        .collect()
}

fn texts(golden: &Value, key: &str) -> Vec<String> {
    let texts = golden[key].as_array().expect("a list").iter();
    texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// As Python writes it.
fn name(label: &trees::Label) -> String {
    match label {
        trees::Label::Truth(true) => "True".to_owned(),
        trees::Label::Truth(false) => "False".to_owned(),
        label => label.to_string(),
    }
}

/// What the file says, or the numbers of the classes: since 1.6 XGBoost has no other labels.
fn classes(model: &Model) -> Vec<String> {
    match model.classes() {
        [] => (0..model.class_count()).map(|number| number.to_string()).collect(),
        classes => classes.iter().map(name).collect(),
    }
}

fn check(file: &str, golden: &Value) {
    let bytes = fs::read(folder().join(file)).expect("readable");
    let model = Model::from_bytes(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
    let values = golden["rows"].as_array().expect("rows").iter();
    let values: Vec<f32> =
        values.map(|value| value.as_f64().map_or(f32::NAN, |value| value as f32)).collect();
    let rows = Rows::new(&values, model.feature_count());
    let classes = classes(&model);
    assert_eq!(classes, texts(golden, "classes"), "{file}");
    let mut chosen = vec![0; rows.len()];
    model.classify(rows, &mut chosen);
    let chosen: Vec<_> = chosen.iter().map(|class| classes[*class as usize].clone()).collect();
    assert_eq!(chosen, texts(golden, "labels"), "{file}");
    let mut out = vec![0.0; rows.len() * model.class_count()];
    model.probabilities(rows, &mut out);
    let expected = golden["probabilities"].as_array().expect("a list");
    for (computed, expected) in out.iter().zip(expected) {
        let difference = (computed - expected.as_f64().expect("a number")).abs();
        assert!(difference < 1e-6, "{file}: {computed}, not {expected}");
    }
}

#[test]
fn classifiers_keep_their_labels_and_markers() {
    let mut checked = 0;
    for golden in goldens() {
        for file in texts(&golden, "models") {
            check(&file, &golden);
            checked += 1;
        }
    }
    assert_eq!(checked, 54);
}
