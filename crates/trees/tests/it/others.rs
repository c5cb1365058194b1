//! Models of scikit-learn and CatBoost, and what these answered
//! (`tests/fixtures/generate_others.py`).

use std::{fs, path::PathBuf};

use serde_json::Value;
use trees::{Explainer, Model, Rows};

/// How far an answer may be from the library's, relative to the greatest there is.
const TOLERANCE: f64 = 1e-12;
/// `shap` and CatBoost sum contributions in other orders, the former in part in `f32`.
const EXPLAINED: f64 = 1e-6;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/others")
}

/// Name, model and contents of each golden.
fn goldens() -> Vec<(String, Vec<u8>, Value)> {
    let paths =
        fs::read_dir(folder()).expect("the fixtures").map(|entry| entry.expect("one").path());
    let goldens = paths.filter(|path| !path.to_string_lossy().ends_with(".model.json"));
    let read = |path: PathBuf| {
        let golden: Value =
            serde_json::from_slice(&fs::read(&path).expect("readable")).expect("a golden");
        let model = fs::read(folder().join(golden["model"].as_str().expect("a path")));
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, model.expect("readable"), golden)
    };
    goldens.map(read).collect()
}

fn floats(golden: &Value, key: &str) -> Option<Vec<f64>> {
    let bits = golden[key].as_array()?.iter();
    Some(bits.map(|bits| f64::from_bits(bits.as_u64().expect("bits"))).collect())
}

fn differences(name: &str, computed: &[f64], expected: &[f64], tolerance: f64) -> Vec<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let greatest = expected.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
    let pairs = computed.iter().zip(expected).enumerate();
    pairs
        .filter(|(_, (computed, expected))| {
            (*computed - *expected).abs() > tolerance * greatest || computed.is_nan()
        })
        .map(|(place, (computed, expected))| format!("{name} {place}: {computed}, not {expected}"))
        .collect()
}

#[test]
fn others_answer_as_their_libraries_do() {
    let mut found = Vec::new();
    let mut checked = 0;
    for (name, bytes, golden) in goldens() {
        let model = Model::from_bytes(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = floats(&golden, "rows").expect("rows");
        let rows = Rows::new(&rows, model.feature_count());
        let mut out = vec![0.0; rows.len() * model.group_count()];
        let mut compare = |what: &str, out: &[f64]| {
            if let Some(expected) = floats(&golden, what) {
                checked += 1;
                found.extend(differences(&format!("{name} {what}"), out, &expected, TOLERANCE));
            }
        };
        model.margins_f64(rows, &mut out);
        compare("margins", &out);
        model.predict_f64(rows, &mut out);
        compare("predictions", &out);
        if model.class_count() > 0 {
            let mut out = vec![0.0; rows.len() * model.class_count()];
            model.probabilities(rows, &mut out);
            compare("probabilities", &out);
            let mut classes = vec![0; rows.len()];
            model.classify(rows, &mut classes);
            compare("labels", &classes.iter().map(|class| f64::from(*class)).collect::<Vec<_>>());
            assert_eq!(model.classes().len(), model.class_count(), "{name}");
        }
    }
    assert!(found.is_empty(), "{} differ: {:#?}", found.len(), &found[..found.len().min(40)]);
    assert_eq!(checked, 114);
}

#[test]
fn others_are_explained_as_by_their_libraries() {
    let mut found = Vec::new();
    let mut checked = 0;
    for (name, bytes, golden) in goldens() {
        let Some(rows) = floats(&golden, "explained") else { continue };
        let explainer = Explainer::from_bytes(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![0.0; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        let expected = floats(&golden, "contributions").expect("contributions");
        found.extend(differences(&name, &out, &expected, EXPLAINED));
        checked += 1;
    }
    assert!(found.is_empty(), "{} differ: {:#?}", found.len(), &found[..found.len().min(40)]);
    assert_eq!(checked, 11);
}
