//! Explanations against a background: as the package `shap` computes them
//! (`tests/fixtures/generate_backgrounds.py`), and as they are defined, for models of every kind.

use std::{fs, path::PathBuf};

use serde_json::Value;
use trees::{Explainer, Model, Rows};

/// `shap` and XGBoost keep leaves and sums in `f32`.
const NARROW: f64 = 1e-5;
const WIDE: f64 = 1e-10;
/// Models with more features have too many coalitions to try them all.
const FEATURES_MAX: usize = 6;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The goldens of a folder with their names.
fn goldens(of: &str) -> Vec<(String, Value)> {
    let paths = fs::read_dir(folder().join(of)).expect("the fixtures");
    let paths = paths.map(|entry| entry.expect("one").path());
    let goldens = paths.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".json") && !name.ends_with(".model.json")
    });
    let named = goldens.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_slice(&fs::read(path).expect("readable")).expect("JSON"))
    });
    named.collect()
}

fn floats(golden: &Value, key: &str) -> Vec<f64> {
    let float = |value: &Value| match value {
        Value::Null => f64::NAN,
        value if value.is_f64() => value.as_f64().expect("a number"),
        value => f64::from_bits(value.as_u64().expect("bits")),
    };
    golden[key].as_array().expect("a list").iter().map(float).collect()
}

/// Places where values differ by more than they may, relative to the greatest there is.
fn differences(name: &str, computed: &[f64], expected: &[f64], tolerance: f64) -> Vec<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let greatest = expected.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
    let pairs = computed.iter().zip(expected).enumerate();
    pairs
        .filter(|(_, (computed, expected))| {
            computed.is_nan() || (*computed - *expected).abs() > tolerance * greatest
        })
        .map(|(place, (computed, expected))| format!("{name} {place}: {computed}, not {expected}"))
        .collect()
}

#[test]
fn contributions_are_those_of_shap() {
    let mut found = Vec::new();
    let goldens = goldens("backgrounds");
    assert_eq!(goldens.len(), 11);
    for (name, golden) in goldens {
        let model = read(golden["model"].as_str().expect("a path"));
        let width = Model::from_bytes(&model).expect("a model").feature_count();
        let background = floats(&golden, "background");
        let explainer = Explainer::against(&model, Rows::new(&background, width));
        let explainer = explainer.unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = floats(&golden, "rows");
        let rows = Rows::new(&rows, width);
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        found.extend(differences(&name, &out, &floats(&golden, "contributions"), NARROW));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// By the definition: over all coalitions, what a feature adds to the mean margin of the rows that
/// have the row's values in the coalition and a background row's elsewhere.
fn defined(model: &Model, background: Rows<'_, f64>, row: &[f64]) -> Vec<f64> {
    let (width, groups) = (row.len(), model.group_count());
    let mut games = Vec::new();
    for coalition in 0..1_usize << width {
        let mixed: Vec<f64> = background
            .iter()
            .flat_map(|other| {
                (0..width).map(move |i| if coalition >> i & 1 == 1 { row[i] } else { other[i] })
            })
            .collect();
        let mut margins = vec![0.0; background.len() * groups];
        model.margins_f64(Rows::new(&mixed, width), &mut margins);
        let mean = |group| margins.iter().skip(group).step_by(groups).sum::<f64>();
        games.push((0..groups).map(|g| mean(g) / background.len() as f64).collect::<Vec<_>>());
    }
    let mut values = vec![0.0; groups * (width + 1)];
    for (group, values) in values.chunks_mut(width + 1).enumerate() {
        for feature in 0..width {
            values[feature] = (0..games.len())
                .filter(|coalition| coalition >> feature & 1 == 0)
                .map(|coalition| {
                    let gain = games[coalition | 1 << feature][group] - games[coalition][group];
                    gain * weight(coalition.count_ones() as usize, width)
                })
                .sum();
        }
        values[width] = games[0][group];
    }
    values
}

/// Of a coalition of `size` of the others: one in how many orders of `players` it comes first.
fn weight(size: usize, players: usize) -> f64 {
    let factorial = |n: usize| (1..=n).map(|n| n as f64).product::<f64>();
    factorial(size) * factorial(players - 1 - size) / factorial(players)
}

/// More rows than go together, of which every seventh is a row of its own.
fn background(rows: Rows<'_, f64>) -> Vec<f64> {
    let rows: Vec<_> = rows.iter().collect();
    (0..70).flat_map(|number| rows[number * number % 7 % rows.len()]).copied().collect()
}

/// Every model with goldens of its answers.
fn models() -> impl Iterator<Item = (String, Vec<u8>, Vec<f64>)> {
    ["goldens", "lightgbm", "others"].into_iter().flat_map(|of| {
        goldens(of).into_iter().map(move |(name, golden)| {
            let model = read(&format!("{of}/{}", golden["model"].as_str().expect("a path")));
            (format!("{of}/{name}"), model, floats(&golden, "rows"))
        })
    })
}

#[test]
fn contributions_are_what_they_are_defined_to_be() {
    let (mut found, mut checked) = (Vec::new(), 0);
    for (name, bytes, rows) in models() {
        let model = Model::from_bytes(&bytes).expect("a model");
        let width = model.feature_count();
        let rows = Rows::new(&rows, width);
        let background = background(rows);
        let background = Rows::new(&background, width);
        let explainer = match Explainer::against(&bytes, background) {
            Err(error) if error.to_string().contains("linear models in leaves") => continue,
            explainer => explainer.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        if width > FEATURES_MAX {
            continue;
        }
        checked += 1;
        let tolerance = if name.starts_with("goldens") { NARROW } else { WIDE };
        for row in rows.iter().skip(rows.len() - 6).step_by(4) {
            let mut out = vec![f64::NAN; explainer.width()];
            explainer.contributions(Rows::new(row, width), &mut out);
            let expected = defined(&model, background, row);
            found.extend(differences(&name, &out, &expected, tolerance));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(checked > 180, "{checked}");
}

#[test]
fn a_background_has_rows_of_the_models_width() {
    let model = read("goldens/squarederror-3.2.model.json");
    for (rows, words) in [
        (
            Rows::new(&[0.0; 8][..], 4),
            "a background of 2 rows of 4 values; give at least one row of 5",
        ),
        (Rows::new(&[][..], 5), "a background of 0 rows of 5 values; give at least one row of 5"),
    ] {
        let error = Explainer::against(&model, rows).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn interactions_are_not_computed_against_a_background() {
    let model = read("goldens/squarederror-3.2.model.json");
    let explainer = Explainer::against(&model, Rows::new(&[0.0; 5], 5)).expect("an explainer");
    let mut out = vec![0.0; explainer.interaction_width()];
    let error = explainer.interactions(Rows::new(&[0.0; 5], 5), &mut out).expect_err("none");
    assert!(error.to_string().contains("leave the background out"), "{error}");
}
