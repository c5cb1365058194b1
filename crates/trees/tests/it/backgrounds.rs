//! Explanations against a background: as the package `shap` computes them
//! (`tests/fixtures/generate_backgrounds.py`), and as they are defined, for models of every kind.

use trees::{Explainer, Model, Rows};

use crate::fixtures::{differences, goldens, read};

/// `shap` and XGBoost keep leaves and sums in `f32`.
const NARROW: f64 = 1e-5;
const WIDE: f64 = 1e-10;
/// Models with more features have too many coalitions to try them all.
const FEATURES_MAX: usize = 6;

#[test]
fn contributions_are_those_of_shap() {
    let mut found = Vec::new();
    let goldens = goldens("backgrounds", "");
    assert_eq!(goldens.len(), 11);
    for golden in goldens {
        let (name, model) = (&golden.name, &golden.model);
        let width = Model::from_bytes(model).expect("a model").feature_count();
        let background = golden.floats("background");
        let explainer = Explainer::against(model, Rows::new(&background, width));
        let explainer = explainer.unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = golden.floats("rows");
        let rows = Rows::new(&rows, width);
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        found.extend(differences(name, &out, &golden.floats("contributions"), NARROW));
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
        goldens(of, &format!("{of}/")).into_iter().map(move |golden| {
            let rows = golden.floats("rows");
            (format!("{of}/{}", golden.name), golden.model, rows)
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
