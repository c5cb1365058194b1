//! What the schema reader takes and refuses, on one small model and changes to it.

use serde_json::{Value, json};
use trees::{ErrorKind, Model, Rows};

/// One split of feature 1 at 0.5, written as XGBoost 3.2 does.
fn stump() -> Value {
    json!({
        "learner": {
            "attributes": {"best_iteration": "0"},
            "feature_names": ["a", "b"],
            "feature_types": ["float", "float"],
            "gradient_booster": {
                "model": {
                    "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
                    "iteration_indptr": [0, 1],
                    "tree_info": [0],
                    "trees": [{
                        "base_weights": [0.0, 0.0, 0.0],
                        "default_left": [1, 0, 0],
                        "left_children": [1, -1, -1],
                        "right_children": [2, -1, -1],
                        "split_conditions": [0.5, 1.0, 2.0],
                        "split_indices": [1, 0, 0],
                        "split_type": [0, 0, 0],
                        "tree_param": {"num_nodes": "3", "size_leaf_vector": "1"},
                    }],
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": "[1E1]", "num_class": "0", "num_feature": "2", "num_target": "1",
            },
            "objective": {"name": "reg:squarederror"},
        },
        "version": [3, 2, 0],
    })
}

const TREE: &str = "/learner/gradient_booster/model/trees/0";
const PARAMS: &str = "/learner/learner_model_param";

/// The stump with members set (`null` removes one), each named by JSON pointers to its parent and
/// its key.
fn changed(changes: &[(&str, &str, Value)]) -> Value {
    let mut model = stump();
    for (parent, key, value) in changes {
        let parent = model.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        match value {
            Value::Null => parent.remove(*key),
            value => parent.insert((*key).to_owned(), value.clone()),
        };
    }
    model
}

/// The predictions for rows whose feature 1 is 0, 1 and missing.
fn predict(model: &Value) -> Vec<f32> {
    let model = Model::from_bytes(model.to_string().as_bytes()).expect("a model");
    let mut out = vec![0.0; 3 * model.prediction_width()];
    model.predict(Rows::new(&[0.0, 0.0, 0.0, 1.0, 0.0, f32::NAN], 2), &mut out);
    out
}

#[test]
fn a_split_goes_by_value_and_by_default() {
    assert_eq!(predict(&stump()), [11.0, 12.0, 11.0]);
    assert_eq!(predict(&changed(&[(TREE, "default_left", json!([0, 0, 0]))])), [11.0, 12.0, 12.0]);
}

#[test]
fn models_of_version_1_0_are_read() {
    let old = changed(&[
        (TREE, "default_left", json!([true, false, false])),
        (TREE, "split_type", Value::Null),
        (TREE, "tree_param", json!({"num_nodes": "3", "size_leaf_vector": "0"})),
        (PARAMS, "base_score", json!("0.500000")),
        (PARAMS, "num_target", Value::Null),
        ("/learner", "feature_names", Value::Null),
        ("/learner", "attributes", Value::Null),
        ("/learner/gradient_booster/model", "iteration_indptr", Value::Null),
        ("/learner/gradient_booster/model", "cats", Value::Null),
        ("/learner", "objective", json!({"name": "reg:linear"})),
    ]);
    assert_eq!(predict(&old), [1.5, 2.5, 1.5]);
}

#[test]
fn the_snapshot_in_a_pickle_is_read() {
    let snapshot = json!({"Config": {"learner": {"generic_param": {}}}, "Model": stump()});
    assert_eq!(predict(&snapshot), [11.0, 12.0, 11.0]);
}

#[test]
fn white_space_and_order_do_not_matter() {
    let text = serde_json::to_string_pretty(&stump()).expect("text");
    let text = format!("\n {}\n", text.replacen('{', "{\n\t", 1));
    assert!(Model::from_bytes(text.as_bytes()).is_ok());
    let text = stump().to_string();
    let objective = r#""objective":{"name":"reg:squarederror"}"#;
    let moved = text.replace(&format!(",{objective}"), "").replacen(
        "{\"learner\":{",
        &format!("{{\"learner\":{{{objective},"),
        1,
    );
    assert!(moved.starts_with(&format!("{{\"learner\":{{{objective}")), "{moved}");
    assert!(Model::from_bytes(moved.as_bytes()).is_ok());
}

#[test]
fn base_scores_become_margins() {
    let classes = |scores: &str| {
        changed(&[
            (PARAMS, "base_score", json!(scores)),
            (PARAMS, "num_class", json!("3")),
            ("/learner", "objective", json!({"name": "multi:softmax"})),
        ])
    };
    // The only tree adds to class 0.
    assert_eq!(predict(&classes("[0,1.5,-3E0]")), [1.0, 0.0, 1.0]);
    assert_eq!(predict(&classes("[0,2,2.5]")), [2.0, 2.0, 2.0]);
    assert_eq!(predict(&classes("5E-1")), [0.0, 0.0, 0.0]);
}

#[test]
fn a_model_without_trees_answers_its_base_score() {
    let empty = changed(&[
        ("/learner/gradient_booster/model", "trees", json!([])),
        ("/learner/gradient_booster/model", "tree_info", json!([])),
        ("/learner/gradient_booster/model/gbtree_model_param", "num_trees", json!("0")),
    ]);
    assert_eq!(predict(&empty), [10.0, 10.0, 10.0]);
}

#[test]
fn the_model_tells_of_itself() {
    let model = Model::from_bytes(stump().to_string().as_bytes()).expect("a model");
    assert_eq!(model.feature_count(), 2);
    assert_eq!(model.feature_names(), ["a", "b"]);
    assert_eq!((model.group_count(), model.prediction_width(), model.tree_count()), (1, 1, 1));
    assert_eq!(model.objective().name(), "reg:squarederror");
    assert!((100..10_000).contains(&model.byte_size()), "{}", model.byte_size());
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (parent, key, value, words) in [
        (TREE, "left_children", json!([1, -1]), "tree 0: its arrays differ in length"),
        (TREE, "split_conditions", json!([0.5]), "tree 0: its arrays differ in length"),
        (TREE, "left_children", json!([0, -1, -1]), "tree 0: reaches node 0 twice"),
        (TREE, "right_children", json!([1, -1, -1]), "tree 0: reaches node 1 twice"),
        (TREE, "right_children", json!([3, -1, -1]), "tree 0: points to node 3, but has 3 nodes"),
        (TREE, "right_children", json!([-7, -1, -1]), "tree 0: points to node"),
        (TREE, "left_children", json!([1.5, -1, -1]), "tree 0: a whole number expected"),
        (TREE, "split_indices", json!([2, 0, 0]), "tree 0: splits on feature 2 of 2"),
        (TREE, "split_indices", json!([-1, 0, 0]), "tree 0: splits on feature"),
        (TREE, "split_conditions", json!(["x", 1, 2]), "tree 0: a value expected"),
        (TREE, "tree_param", json!({"size_leaf_vector": "x"}), "`size_leaf_vector` is `x`"),
        (TREE, "split_type", json!([1, 0, 0]), "tree 0: node 0 splits by category, but has none"),
        (TREE, "categories_nodes", json!([0]), "tree 0: its arrays of categories differ in length"),
        (
            TREE,
            "tree_param",
            json!({"size_leaf_vector": "9"}),
            "a leaf has 9 values, but the tree only 3",
        ),
        (
            TREE,
            "tree_param",
            json!({"size_leaf_vector": "3"}),
            "a leaf has 3 values, but the tree only 3",
        ),
        (TREE, "tree_param", json!({"size_leaf_vector": "2"}), "leaf 2 lacks its 2 values"),
        ("/learner/gradient_booster", "name", json!("dart"), "it has no `weight_drop`"),
        ("/learner/gradient_booster", "weight_drop", json!([1, "x"]), "a value expected"),
        ("/learner/gradient_booster", "name", json!("gblinear"), "it has no `weights`"),
        ("/learner/gradient_booster/model", "weights", json!([1]), "`weights` has 1 values, not 3"),
        (PARAMS, "num_feature", json!("0"), "a row would have 0 features"),
        (PARAMS, "num_feature", json!("4000000000"), "a row would have 4000000000 features"),
        (PARAMS, "num_feature", json!("3"), "`feature_names` has 2 names for 3 features"),
        (PARAMS, "num_class", json!("2000000000"), "2000000000 margins"),
        (PARAMS, "num_class", json!("-1"), "`num_class` is `-1`, not a number"),
        (PARAMS, "base_score", json!("[]"), "`base_score` is `[]`, not a number"),
        (PARAMS, "base_score", json!("[1,2]"), "`base_score` has 2 values, not 1"),
        (PARAMS, "base_score", json!("nan"), "`base_score` [NaN] is out of range"),
        (PARAMS, "base_score", Value::Null, "`base_score` has 0 values"),
        (
            "/learner/gradient_booster/model",
            "tree_info",
            json!([1]),
            "tree 0: adds to margin 1 of 1",
        ),
        ("/learner/gradient_booster/model", "tree_info", json!([-1]), "tree 0: adds to margin"),
        ("/learner/gradient_booster/model", "tree_info", json!([]), "`tree_info`"),
        ("/learner/gradient_booster/model", "trees", json!([]), "`num_trees`"),
        ("/learner/gradient_booster", "model", json!([]), "`{` expected"),
        ("/learner", "gradient_booster", Value::Null, "it has no `gradient_booster`"),
        ("/learner", "objective", Value::Null, "it has no `objective`"),
        ("", "learner", Value::Null, "it has no `learner`"),
    ] {
        refused(&changed(&[(parent, key, value)]), ErrorKind::Malformed, words);
    }
}

#[test]
fn what_is_not_computed_is_named() {
    for (parent, key, value, words) in [
        ("/learner/gradient_booster", "name", json!("gbforest"), "the booster `gbforest`"),
        ("/learner", "objective", json!({"name": "reg:own"}), "the objective `reg:own`"),
    ] {
        refused(&changed(&[(parent, key, value)]), ErrorKind::Unsupported, words);
    }
}

fn refused(model: &Value, kind: ErrorKind, words: &str) {
    let error = Model::from_bytes(model.to_string().as_bytes()).expect_err(words);
    assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
    assert_eq!(error.kind(), kind, "{error}");
}

#[test]
#[should_panic(expected = "rows of `3` values for a model of `2` features")]
fn rows_of_another_width_are_a_bug_of_the_caller() {
    let model = Model::from_bytes(stump().to_string().as_bytes()).expect("a model");
    model.predict(Rows::new(&[0.0; 3], 3), &mut [0.0]);
}

#[test]
#[should_panic(expected = "room for `1` values where `2` are computed")]
fn too_little_room_is_a_bug_of_the_caller() {
    let model = Model::from_bytes(stump().to_string().as_bytes()).expect("a model");
    model.margins(Rows::new(&[0.0; 4], 2), &mut [0.0]);
}
