//! Contributions, interactions and importances as XGBoost and LightGBM compute them
//! (`tests/fixtures/generate_explanations.py`), and what must hold for any of them.

use std::{fs, path::PathBuf};

use serde_json::Value;
use trees::{Explainer, Importance, Model, Rows};

/// XGBoost computes contributions in `f32`.
const NARROW: f64 = 2e-5;
const WIDE: f64 = 1e-10;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Name, model and contents of each golden.
fn goldens() -> Vec<(String, Vec<u8>, Value)> {
    let paths = fs::read_dir(folder().join("explanations")).expect("the fixtures");
    let read = |path: PathBuf| {
        let golden: Value =
            serde_json::from_slice(&fs::read(&path).expect("readable")).expect("a golden");
        let model = fs::read(folder().join(golden["model"].as_str().expect("a path")));
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, model.expect("readable"), golden)
    };
    paths.map(|entry| read(entry.expect("one").path())).collect()
}

fn is_wide(name: &str) -> bool {
    name.starts_with("lightgbm")
}

fn floats(name: &str, values: &Value) -> Vec<f64> {
    let float = |value: &Value| match value {
        Value::Null => f64::NAN,
        value if is_wide(name) => f64::from_bits(value.as_u64().expect("bits")),
        value => value.as_f64().expect("a number"),
    };
    values.as_array().expect("a list").iter().map(float).collect()
}

/// Places where values differ by more than they may, relative to the greatest there is.
fn differences(name: &str, computed: &[f64], expected: &[f64]) -> Vec<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let greatest = expected.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
    let tolerance = greatest * if is_wide(name) { WIDE } else { NARROW };
    let pairs = computed.iter().zip(expected).enumerate();
    pairs
        .filter(|(_, (computed, expected))| (*computed - *expected).abs() > tolerance)
        .map(|(place, (computed, expected))| format!("{name} {place}: {computed}, not {expected}"))
        .collect()
}

#[test]
fn contributions_are_those_of_the_library() {
    let mut found = Vec::new();
    let goldens = goldens();
    assert_eq!(goldens.len(), 28);
    for (name, model, golden) in goldens {
        let explainer = Explainer::from_bytes(&model).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rows = floats(&name, &golden["rows"]);
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        found.extend(differences(&name, &out, &floats(&name, &golden["contributions"])));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn interactions_are_those_of_the_library() {
    let (mut found, mut checked) = (Vec::new(), 0);
    for (name, model, golden) in goldens() {
        let explainer = Explainer::from_bytes(&model).expect("explainable");
        let rows = floats(&name, &golden["rows"]);
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.interaction_width()];
        explainer.interactions(rows, &mut out).expect("interactions");
        let expected = floats(&name, &golden["interactions"]);
        if !expected.is_empty() {
            checked += 1;
            found.extend(differences(&name, &out, &expected));
        }
        let side = explainer.feature_count() + 1;
        for matrix in out.chunks(side * side) {
            let symmetric = |i: usize, j: usize| {
                matrix[i * side + j].to_bits() == matrix[j * side + i].to_bits()
            };
            assert!((0..side * side).all(|at| symmetric(at / side, at % side)), "{name}");
        }
        let mut contributions = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut contributions);
        let sums: Vec<f64> = out.chunks(side).map(|row| row.iter().sum()).collect();
        let wide = "lightgbm, for its precision";
        found.extend(differences(wide, &sums, &contributions));
    }
    assert_eq!(checked, 13);
    assert!(found.is_empty(), "{found:#?}");
}

/// However many rows there are, each gets what it gets alone, and its contributions sum to its margin.
#[test]
fn contributions_sum_to_the_margin() {
    for (name, bytes, golden) in goldens() {
        let explainer = Explainer::from_bytes(&bytes).expect("explainable");
        let model = Model::from_bytes(&bytes).expect("a model");
        let few = floats(&name, &golden["rows"]);
        let values: Vec<f64> = few.iter().copied().cycle().take(few.len() * 5).collect();
        let rows = Rows::new(&values, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        let mut margins = vec![0.0; rows.len() * explainer.group_count()];
        model.margins_f64(rows, &mut margins);
        let sums = out.chunks(explainer.feature_count() + 1).map(|values| values.iter().sum());
        let found = differences(&name, &sums.collect::<Vec<f64>>(), &margins);
        assert!(found.is_empty(), "{found:#?}");
        let mut alone = vec![f64::NAN; explainer.width()];
        for (row, together) in rows.iter().zip(out.chunks(explainer.width())) {
            explainer.contributions(Rows::new(row, rows.width()), &mut alone);
            let found = differences("lightgbm, for its precision", &alone, together);
            assert!(found.is_empty(), "{name}: {found:#?}");
        }
    }
}

#[test]
fn importances_are_those_of_the_library() {
    for (name, model, golden) in goldens() {
        let importance = trees::importance(&model).expect("a model");
        let columns: [fn(&Importance) -> f64; 3] =
            [|of| of.splits as f64, |of| of.gain, |of| of.cover];
        let expected = golden["importances"].as_array().expect("lists");
        for (column, expected) in columns.iter().zip(expected) {
            for (feature, expected) in expected.as_array().expect("a list").iter().enumerate() {
                let computed = importance.get(&feature).map_or(0.0, column);
                let expected = expected.as_f64().expect("a number");
                let close = (computed - expected).abs() <= 1e-5 * expected.abs();
                assert!(close, "{name}: feature {feature}: {computed}, not {expected}");
            }
        }
    }
}
