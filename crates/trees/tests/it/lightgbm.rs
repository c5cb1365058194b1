//! Models written by LightGBM, and what it answered (`tests/fixtures/generate_lightgbm.py`).

use trees::{Model, Rows};

use crate::fixtures::{goldens, read};

/// How far an answer may be from LightGBM's.
const TOLERANCE: f64 = 1e-12;

fn file(name: &str) -> Vec<u8> {
    read(&format!("lightgbm/{name}.model.txt"))
}

fn model(name: &str) -> Model {
    Model::from_bytes(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn difference(name: &str, computed: &[f64], expected: &[f64]) -> Option<String> {
    assert_eq!(computed.len(), expected.len(), "{name}");
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a - b).abs() <= TOLERANCE;
    let mut pairs = computed.iter().zip(expected).enumerate();
    let (place, (computed, expected)) = pairs.find(|(_, (a, b))| !same(**a, **b))?;
    Some(format!("{name} {place} is {computed}, not {expected}"))
}

#[test]
fn every_objective_answers_as_lightgbm_does() {
    let mut differences = Vec::new();
    let goldens = goldens("lightgbm", "lightgbm/");
    assert_eq!(goldens.len(), 33);
    for golden in &goldens {
        let (name, json) = (&golden.name, &golden.json);
        let model = model(name);
        assert_eq!(model.objective().name(), json["objective"], "{name}");
        assert_eq!(model.tree_count() as u64, json["trees"], "{name}");
        assert_eq!(model.feature_names(), json["feature_names"].as_array().expect("names"));
        let rows = golden.floats("rows");
        let rows = Rows::new(&rows, model.feature_count());
        let mut out = vec![0.0; rows.len() * model.group_count()];
        model.margins_f64(rows, &mut out);
        differences.extend(difference(&format!("{name}: margin"), &out, &golden.floats("margins")));
        let expected = golden.floats("predictions");
        model.predict_f64(rows, &mut out);
        differences.extend(difference(&format!("{name}: prediction"), &out, &expected));
        // One row takes another path than many.
        for (row, out) in rows.iter().zip(out.chunks_mut(model.prediction_width())) {
            model.predict_f64(Rows::new(row, row.len()), out);
        }
        differences.extend(difference(&format!("{name}: row alone"), &out, &expected));
    }
    assert_eq!(differences, [""; 0]);
}

#[test]
fn rows_reach_the_leaves_that_lightgbm_names() {
    for golden in goldens("lightgbm", "lightgbm/") {
        let name = &golden.name;
        let model = model(name);
        let rows: Vec<f32> = golden.floats("rows").iter().map(|value| *value as f32).collect();
        let rows = Rows::new(&rows, model.feature_count());
        let mut leaves = vec![0; rows.len() * model.tree_count()];
        model.leaves(rows, &mut leaves);
        assert_eq!(&leaves, golden.json["leaves"].as_array().expect("leaves"), "{name}");
    }
}

#[test]
fn some_iterations_are_some_of_the_sum() {
    let bytes = file("multiclass");
    let row = [0.5, 100.0, 1.0, f64::NAN, -2.0];
    let margins = |model: &Model| {
        let mut out = [0.0; 3];
        model.margins_f64(Rows::new(&row, 5), &mut out);
        out
    };
    let part = |range| Model::from_bytes_iterations(&bytes, range).expect("iterations");
    let whole = margins(&Model::from_bytes(&bytes).expect("a model"));
    let (first, last) = (margins(&part(0..2)), margins(&part(2..5)));
    for group in 0..3 {
        assert!((first[group] + last[group] - whole[group]).abs() < TOLERANCE);
        assert!((first[group] - whole[group]).abs() > 1e-3);
    }
    assert!(Model::from_bytes_iterations(&bytes, 2..6).is_err());
}

/// Rows of `f32` are widened, and the answers rounded.
#[test]
fn rows_of_either_precision_are_answered() {
    let model = model("multiclass");
    let values: Vec<f32> = (0..70 * 5).map(|i| (i * 37 % 101) as f32 / 20.0 - 2.0).collect();
    let mut narrow = vec![0.0; 70 * 3];
    model.predict(Rows::new(&values, 5), &mut narrow);
    let values: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
    let mut wide = vec![0.0; 70 * 3];
    model.predict_f64(Rows::new(&values, 5), &mut wide);
    let rounded: Vec<f32> = wide.iter().map(|value| *value as f32).collect();
    assert_eq!(narrow, rounded);
    model.margins_f64(Rows::new(&values, 5), &mut wide);
    let mut margins = vec![0.0; 70 * 3];
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    model.margins(Rows::new(&values, 5), &mut margins);
    assert_eq!(margins, wide.iter().map(|value| *value as f32).collect::<Vec<_>>());
}

/// A line of a good model, what it becomes, and what is said of it.
#[test]
fn what_contradicts_itself_is_refused() {
    let good = String::from_utf8(file("categories")).expect("text");
    for (from, to, words) in [
        ("max_feature_idx=4", "max_feature_idx=3", "splits on feature 4 of 4"),
        ("max_feature_idx=4", "max_feature_idx=x", "`max_feature_idx` is `x`, not a number"),
        (
            "max_feature_idx=4",
            "max_feature_idx=99999999999",
            "a row would have 100000000000 features",
        ),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=2", "5 trees for 2 groups"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=0", "0 margins"),
        ("objective=regression", "objective=own", "the objective `own` is not supported"),
        ("num_leaves=8", "num_leaves=9", "`leaf_value` has 8 values for 9 leaves"),
        ("left_child=3 ", "left_child=0 ", "points to 0 twice or out of range"),
        ("left_child=3 ", "left_child=77 ", "points to 77 twice or out of range"),
        ("left_child=3 ", "left_child=-99 ", "points to -99 twice or out of range"),
        ("left_child=3 ", "left_child=", "its lists differ in length"),
        ("cat_boundaries=0 ", "cat_boundaries=90 ", "which is not there"),
        ("cat_threshold=", "cat_threshold=x", "`cat_threshold` is `x4227862526`, not a number"),
        ("decision_type=9 9 8", "decision_type=9 9 12", "a decision of type 12"),
        ("feature_names=Column_0", "feature_names=", "4 names for 5 features"),
        ("end of trees", "end of tree", "tree 5: not a LightGBM model: it has no `num_leaves`"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = Model::from_bytes(good.replacen(from, to, 1).as_bytes()).expect_err(words);
        assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
    }
}
