//! The goldens of `tests/fixtures`: how they are found and read, and how answers are compared with them.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// A model with rows and what its library answered to them.
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) model: Vec<u8>,
    pub(crate) json: Value,
}

/// The fixture of a path.
pub(crate) fn read(path: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The goldens of a folder. Where a golden names its model by a path, that starts at `models`.
pub(crate) fn goldens(folder: &str, models: &str) -> Vec<Golden> {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let paths = fs::read_dir(place).expect("the fixtures").map(|entry| entry.expect("one").path());
    let goldens = paths.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".json") && !name.ends_with(".model.json")
    });
    let golden = |path: PathBuf| {
        let json: Value =
            serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
        let model = read(&format!("{models}{}", json["model"].as_str().expect("a path")));
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Golden { name, model, json }
    };
    goldens.map(golden).collect()
}

impl Golden {
    /// Numbers as they are or as their bits; what is null is missing.
    pub(crate) fn floats(&self, key: &str) -> Vec<f64> {
        self.floats_if_any(key).unwrap_or_else(|| panic!("{}: no `{key}`", self.name))
    }

    pub(crate) fn floats_if_any(&self, key: &str) -> Option<Vec<f64>> {
        let float = |value: &Value| match value {
            Value::Null => f64::NAN,
            value if value.is_f64() => value.as_f64().expect("a number"),
            value => f64::from_bits(value.as_u64().expect("bits")),
        };
        Some(self.json[key].as_array()?.iter().map(float).collect())
    }
}

/// Places where values differ by more than they may, relative to the greatest there is.
pub(crate) fn differences(
    name: &str,
    computed: &[f64],
    expected: &[f64],
    tolerance: f64,
) -> Vec<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let greatest = expected.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
    let apart = |(_, (computed, expected)): &(usize, (&f64, &f64))| {
        computed.is_nan() || (*computed - *expected).abs() > tolerance * greatest
    };
    let pairs = computed.iter().zip(expected).enumerate().filter(apart);
    let told =
        |(place, (computed, expected))| format!("{name} {place}: {computed}, not {expected}");
    pairs.map(told).collect()
}
