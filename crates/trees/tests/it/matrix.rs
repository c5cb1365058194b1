//! Objectives crossed with boosters, categories, missing values and versions of XGBoost
//! (`tests/fixtures/generate_matrix.py`): margins and predictions of every cell.

use std::{fs, path::Path};

use serde_json::Value;
use trees::{Model, Rows};

/// Versions before 1.6 add the base margin last, which may differ in the last place of a term.
const OLD: f32 = 1e-6;

fn floats(cell: &Value, key: &str) -> Vec<f32> {
    let bits = cell[key].as_array().expect("a list").iter();
    bits.map(|bits| f32::from_bits(bits.as_u64().expect("bits") as u32)).collect()
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
    let old = ["0.90", "1.3"].contains(&version);
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

#[test]
fn every_cell_answers_as_its_version_of_xgboost_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/matrix");
    let (mut found, mut checked) = (Vec::new(), 0);
    for (version, cells) in [("0.90", 42), ("1.3", 50), ("1.7", 52), ("2.1", 81), ("3.2", 81)] {
        let lines = fs::read_to_string(folder.join(format!("{version}.jsonl"))).expect("cells");
        assert_eq!(lines.lines().count(), cells, "{version}");
        for line in lines.lines() {
            checked += 1;
            found.extend(check(version, &serde_json::from_str(line).expect("a cell")));
        }
    }
    assert!(found.is_empty(), "{} of {checked}: {found:#?}", found.len());
}
