//! Models small enough to be worked out by hand, and artifacts made of them.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

/// Names and contents of files.
pub(crate) type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A directory with these files.
pub(crate) fn artifact(files: Files<'_>) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, bytes) in files {
        put(&directory.path().join(name), bytes);
    }
    directory
}

#[expect(clippy::disallowed_methods, reason = "a test's artifact need not be durable")]
fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file in a directory")).expect("a directory");
    fs::write(path, bytes).expect("a file");
}

/// A model of one feature `x` with a tree per pair of leaves: the left one where `x` is less than
/// 0.5 or missing. Every margin starts at 0.
pub(crate) fn stumps(objective: &str, leaves: &[[f32; 2]]) -> Vec<u8> {
    let classes = if objective.starts_with("multi:") { leaves.len() } else { 0 };
    // The base score that is a margin of 0.
    let base_score = if objective == "binary:logistic" { "5E-1" } else { "0E0" };
    let trees: Vec<_> = leaves
        .iter()
        .map(|[left, right]| {
            json!({
                "left_children": [1, -1, -1],
                "right_children": [2, -1, -1],
                "split_indices": [0, 0, 0],
                "split_conditions": [0.5, left, right],
                "default_left": [1, 0, 0],
            })
        })
        .collect();
    let tree_info: Vec<usize> =
        if classes == 0 { vec![0; leaves.len()] } else { (0..classes).collect() };
    let model = json!({"learner": {
        "feature_names": ["x"],
        "gradient_booster": {"name": "gbtree", "model": {
            "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": leaves.len().to_string()},
            "tree_info": tree_info,
            "trees": trees,
        }},
        "learner_model_param": {
            "base_score": base_score,
            "num_class": classes.to_string(),
            "num_feature": "1",
        },
        "objective": {"name": objective},
    }});
    model.to_string().into_bytes()
}
