//! Leaves and iterations, as XGBoost tells them (`tests/fixtures/generate_leaves.py`).

use std::{fs, path::PathBuf};

use serde_json::Value;
use trees::{Model, Rows};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json(path: &str) -> Value {
    let bytes = fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn floats(values: &Value) -> Vec<f32> {
    let values = values.as_array().expect("a list").iter();
    values.map(|v| v.as_f64().map_or(f32::NAN, |v| v as f32)).collect()
}

/// The model of a golden, its rows and its file.
fn golden(name: &Value) -> (Model, Vec<f32>, Vec<u8>) {
    let name = name.as_str().expect("a name");
    let golden = json(&format!("goldens/{name}.json"));
    let file = golden["model"].as_str().expect("a name");
    let bytes = fs::read(fixtures().join("goldens").join(file)).expect("readable");
    (Model::from_bytes(&bytes).expect(name), floats(&golden["rows"]), bytes)
}

#[test]
fn rows_reach_the_leaves_that_xgboost_names() {
    for case in json("leaves.json").as_array().expect("cases") {
        let (model, rows, _) = golden(&case["name"]);
        let rows = Rows::new(&rows, model.feature_count());
        let mut leaves = vec![0; rows.len() * model.tree_count()];
        model.leaves(rows, &mut leaves);
        let expected = case["leaves"].as_array().expect("leaves");
        assert_eq!(&leaves, expected, "{}", case["name"]);
    }
}

#[test]
fn some_iterations_answer_as_xgboost_does() {
    for case in json("leaves.json").as_array().expect("cases") {
        let (whole, rows, bytes) = golden(&case["name"]);
        let name = &case["name"];
        assert_eq!(whole.iteration_count() as u64, case["count"], "{name}");
        assert_eq!(whole.best_iteration().map(|best| best as u64), case["best"].as_u64(), "{name}");
        let bound = |place: usize| case["iterations"][place].as_u64().expect("a bound") as usize;
        let model = Model::from_bytes_iterations(&bytes, bound(0)..bound(1)).expect("iterations");
        assert_eq!(model.iteration_count(), bound(1) - bound(0), "{name}");
        let rows = Rows::new(&rows, model.feature_count());
        let mut margins = vec![0.0; rows.len() * model.group_count()];
        model.margins(rows, &mut margins);
        assert_eq!(margins, floats(&case["margins"]), "{name}");
    }
}

#[test]
fn iterations_that_are_not_there_are_refused() {
    let (model, _, bytes) = golden(&Value::from("softprob-3.2"));
    let count = model.iteration_count();
    for range in [0..count + 1, 2..2, count..count + 1] {
        let error = Model::from_bytes_iterations(&bytes, range).expect_err("no such rounds");
        assert!(error.to_string().contains("in a model of 5"), "{error}");
    }
    let (linear, _, bytes) = golden(&Value::from("gblinear-3.2"));
    assert_eq!((linear.iteration_count(), linear.tree_count()), (0, 0));
    assert!(Model::from_bytes_iterations(&bytes, 0..1).is_err());
}
