//! Models of scikit-learn and CatBoost, and what these answered
//! (`tests/fixtures/generate_others.py`).

use trees::{Explainer, Model, Rows};

use crate::fixtures::{differences, goldens};

/// How far an answer may be from the library's, relative to the greatest there is.
const TOLERANCE: f64 = 1e-12;
/// `shap` and CatBoost sum contributions in other orders, the former in part in `f32`.
const EXPLAINED: f64 = 1e-6;

#[test]
fn others_answer_as_their_libraries_do() {
    let mut found = Vec::new();
    let mut checked = 0;
    for golden in goldens("others", "others/") {
        let name = &golden.name;
        let model =
            Model::from_bytes(&golden.model).unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = golden.floats("rows");
        let rows = Rows::new(&rows, model.feature_count());
        let mut out = vec![0.0; rows.len() * model.group_count()];
        let mut compare = |what: &str, out: &[f64]| {
            if let Some(expected) = golden.floats_if_any(what) {
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
    for golden in goldens("others", "others/") {
        let name = &golden.name;
        let Some(rows) = golden.floats_if_any("explained") else { continue };
        let explainer =
            Explainer::from_bytes(&golden.model).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rows = Rows::new(&rows, explainer.feature_count());
        let mut out = vec![0.0; rows.len() * explainer.width()];
        explainer.contributions(rows, &mut out);
        let expected = golden.floats("contributions");
        found.extend(differences(name, &out, &expected, EXPLAINED));
        checked += 1;
    }
    assert!(found.is_empty(), "{} differ: {:#?}", found.len(), &found[..found.len().min(40)]);
    assert_eq!(checked, 11);
}
