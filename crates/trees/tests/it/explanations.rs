//! Contributions, interactions and importances as XGBoost and LightGBM compute them
//! (`tests/fixtures/generate_explanations.py`), and what must hold for any of them.

use trees::{Explainer, Importance, Model, Rows};

use crate::fixtures::{Golden, differences, goldens};

/// XGBoost computes contributions in `f32`.
const NARROW: f64 = 2e-5;
const WIDE: f64 = 1e-10;

impl Golden {
    /// How far explanations may be from the library's.
    fn tolerance(&self) -> f64 {
        if self.name.starts_with("lightgbm") { WIDE } else { NARROW }
    }
}

#[test]
fn contributions_are_those_of_the_library() {
    let mut found = Vec::new();
    let goldens = goldens("explanations", "");
    assert_eq!(goldens.len(), 28);
    for golden in goldens {
        let name = &golden.name;
        let explainer = Explainer::from_bytes(&golden.model);
        let explainer = explainer.unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = golden.floats("rows");
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        let expected = golden.floats("contributions");
        found.extend(differences(name, &out, &expected, golden.tolerance()));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn interactions_are_those_of_the_library() {
    let (mut found, mut checked) = (Vec::new(), 0);
    for golden in goldens("explanations", "") {
        let name = &golden.name;
        let explainer = Explainer::from_bytes(&golden.model).expect("explainable");
        let rows = golden.floats("rows");
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.interaction_width()];
        explainer.interactions(rows, &mut out).expect("interactions");
        let expected = golden.floats("interactions");
        if !expected.is_empty() {
            checked += 1;
            found.extend(differences(name, &out, &expected, golden.tolerance()));
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
        found.extend(differences(name, &sums, &contributions, WIDE));
    }
    assert_eq!(checked, 13);
    assert!(found.is_empty(), "{found:#?}");
}

/// However many rows there are, each gets what it gets alone, and its contributions sum to its margin.
#[test]
fn contributions_sum_to_the_margin() {
    for golden in goldens("explanations", "") {
        let name = &golden.name;
        let explainer = Explainer::from_bytes(&golden.model).expect("explainable");
        let model = Model::from_bytes(&golden.model).expect("a model");
        let few = golden.floats("rows");
        let values: Vec<f64> = few.iter().copied().cycle().take(few.len() * 5).collect();
        let rows = Rows::new(&values, explainer.feature_count());
        let mut out = vec![f64::NAN; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        let mut margins = vec![0.0; rows.len() * explainer.group_count()];
        model.margins_f64(rows, &mut margins);
        let sums = out.chunks(explainer.feature_count() + 1).map(|values| values.iter().sum());
        let sums: Vec<f64> = sums.collect();
        let found = differences(name, &sums, &margins, golden.tolerance());
        assert!(found.is_empty(), "{found:#?}");
        let mut alone = vec![f64::NAN; explainer.width()];
        for (row, together) in rows.iter().zip(out.chunks(explainer.width())) {
            explainer.contributions(Rows::new(row, rows.width()), &mut alone);
            let found = differences(name, &alone, together, WIDE);
            assert!(found.is_empty(), "{name}: {found:#?}");
        }
    }
}

#[test]
fn importances_are_those_of_the_library() {
    for golden in goldens("explanations", "") {
        let name = &golden.name;
        let importance = trees::importance(&golden.model).expect("a model");
        let columns: [fn(&Importance) -> f64; 3] =
            [|of| of.splits as f64, |of| of.gain, |of| of.cover];
        let expected = golden.json["importances"].as_array().expect("lists");
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
