//! Objectives crossed with boosters, categories, missing values and versions of XGBoost
//! (`tests/fixtures/generate_matrix.py`) and of LightGBM (`generate_lightgbm_matrix.py`): margins and
//! predictions of every cell.

use std::{fs, path::Path};

use serde_json::Value;
use trees::{Model, Rows};

/// Versions before 1.6 add the base margin last, which may differ in the last place of a term.
const OLD: f32 = 1e-6;
/// How far an answer may be from LightGBM's.
const LIGHTGBM: f64 = 1e-12;

fn floats(cell: &Value, key: &str) -> Vec<f32> {
    let bits = cell[key].as_array().expect("a list").iter();
    bits.map(|bits| f32::from_bits(bits.as_u64().expect("bits") as u32)).collect()
}

fn doubles(cell: &Value, key: &str) -> Vec<f64> {
    let bits = cell[key].as_array().expect("a list").iter();
    bits.map(|bits| f64::from_bits(bits.as_u64().expect("bits"))).collect()
}

/// The model's bytes: JSON, or the binary format in hexadecimal.
fn model(cell: &Value) -> Vec<u8> {
    let text = cell["model"].as_str().expect("a text");
    if text.starts_with('{') {
        return text.as_bytes().to_vec();
    }
    let digits = text.as_bytes().as_chunks::<2>().0.iter();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
    digits.map(|pair| byte(pair).expect("digits")).collect()
}

fn differs(name: &str, computed: &[f32], expected: &[f32], tolerance: f32) -> Option<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let apart = |(a, b): &(&f32, &f32)| {
        a.to_bits() != b.to_bits() && (*a - *b).abs() > tolerance * b.abs().max(1.0) || a.is_nan()
    };
    let (a, b) = computed.iter().zip(expected).find(apart)?;
    Some(format!("{name}: {a}, not {b}"))
}

fn check(version: &str, cell: &Value) -> Option<String> {
    let name = format!("{version} {}", cell["cell"].as_str().expect("a name"));
    let model = match Model::from_bytes(&model(cell)) {
        Ok(model) => model,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let old = ["0.90", "1.3", "1.5"].contains(&version);
    let tolerance = if old { OLD } else { 0.0 };
    let rows = floats(cell, "rows");
    let rows = Rows::new(&rows, model.feature_count());
    let mut margins = vec![f32::NAN; rows.len() * model.group_count()];
    model.margins(rows, &mut margins);
    let mut predictions = vec![f32::NAN; rows.len() * model.prediction_width()];
    model.predict(rows, &mut predictions);
    let of_margins = differs(&name, &margins, &floats(cell, "margins"), tolerance);
    of_margins.or_else(|| differs(&name, &predictions, &floats(cell, "predictions"), tolerance))
}

fn check_lightgbm(version: &str, cell: &Value) -> Option<String> {
    let name = format!("LightGBM {version} {}", cell["cell"].as_str().expect("a name"));
    let model = match Model::from_bytes(cell["model"].as_str().expect("a text").as_bytes()) {
        Ok(model) => model,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let rows = doubles(cell, "rows");
    let rows = Rows::new(&rows, model.feature_count());
    let mut margins = vec![f64::NAN; rows.len() * model.group_count()];
    model.margins_f64(rows, &mut margins);
    let mut predictions = vec![f64::NAN; rows.len() * model.prediction_width()];
    model.predict_f64(rows, &mut predictions);
    let pairs = [("margins", margins), ("predictions", predictions)];
    pairs.into_iter().find_map(|(key, computed)| {
        let expected = doubles(cell, key);
        assert_eq!(computed.len(), expected.len(), "{name}");
        let apart = |(a, b): &(&f64, &f64)| (*a - *b).abs() > LIGHTGBM || a.is_nan() != b.is_nan();
        let (a, b) = computed.iter().zip(&expected).find(apart)?;
        Some(format!("{name}: {a} of {key}, not {b}"))
    })
}

fn cells(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/matrix");
    let lines = fs::read_to_string(folder.join(format!("{file}.jsonl"))).expect("cells");
    lines.lines().map(|line| serde_json::from_str(line).expect("a cell")).collect()
}

#[test]
fn every_cell_answers_as_its_version_of_xgboost_did() {
    let mut found = Vec::new();
    for (version, count) in
        [("0.90", 42), ("1.3", 50), ("1.5", 50), ("1.7", 52), ("2.1", 81), ("3.2", 81)]
    {
        let cells = cells(version);
        assert_eq!(cells.len(), count, "{version}");
        found.extend(cells.iter().filter_map(|cell| check(version, cell)));
    }
    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}

#[test]
fn every_cell_answers_as_its_version_of_lightgbm_did() {
    let mut found = Vec::new();
    for (version, count) in [("2.3", 60), ("3.3", 70), ("4.7", 326)] {
        let cells = cells(&format!("lightgbm-{version}"));
        assert_eq!(cells.len(), count, "{version}");
        found.extend(cells.iter().filter_map(|cell| check_lightgbm(version, cell)));
    }
    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}
