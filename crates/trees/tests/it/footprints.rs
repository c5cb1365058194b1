//! What of a model is fetched ahead: of small ones what a row would wait for, of large ones no trees.

use std::{fs, path::PathBuf};

use footprint::Footprint;
use serde_json::json;
use trees::{Isa, Model};

const LINE: usize = 64;

fn lines(model: &Model) -> usize {
    let mut footprint = Footprint::default();
    model.footprint(&mut footprint);
    footprint.fetch();
    footprint.lines()
}

fn of_file(name: &str) -> Vec<u8> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read(fixtures.join(name)).expect("readable")
}

/// A regression of alike complete trees, five levels deep.
fn of_trees(count: usize) -> Vec<u8> {
    let (inner, nodes) = (31, 63);
    let child = |side: usize| (0..nodes).map(move |at| if at < inner { 2 * at + side } else { 0 });
    let children = |side| child(side).map(|at| if at == 0 { -1 } else { at as i64 }).collect();
    let (lefts, rights): (Vec<i64>, Vec<i64>) = (children(1), children(2));
    let values: Vec<f64> = (0..nodes).map(|at| f64::from(at as u8) / 8.0).collect();
    let tree = |number: usize| {
        json!({
            "base_weights": values, "categories": [], "categories_nodes": [],
            "categories_segments": [], "categories_sizes": [], "default_left": vec![0; nodes],
            "id": number, "left_children": lefts, "right_children": rights,
            "loss_changes": vec![0.0; nodes], "parents": vec![0; nodes],
            "split_conditions": values, "split_indices": vec![0; nodes],
            "split_type": vec![0; nodes], "sum_hessian": vec![1.0; nodes],
            "tree_param": {"num_deleted": "0", "num_feature": "1", "num_nodes": nodes.to_string(),
                           "size_leaf_vector": "1"},
        })
    };
    let trees: Vec<_> = (0..count).map(tree).collect();
    let model = json!({
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": count.to_string()},
        "tree_info": vec![0; count], "trees": trees,
    });
    let learner = json!({
        "attributes": {}, "feature_names": [], "feature_types": [],
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "1",
                                "num_target": "1"},
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    });
    json!({"learner": learner, "version": [2, 1, 4]}).to_string().into_bytes()
}

#[test]
fn a_small_forest_is_walked_in_fetched_trees_and_a_large_one_is_not() {
    let small = Model::on_every_instruction_set(&of_trees(16)).expect("a model");
    let large = Model::on_every_instruction_set(&of_trees(2000)).expect("a model");
    // A leaf has four bytes, and each tree has 32.
    let leaves = 16 * 32 * 4 / LINE;
    let walked = lines(&small[0]);
    assert!(walked > leaves + lines(&large[0]) / 2, "{walked} lines");
    for (small, large) in small.iter().zip(&large) {
        let (small, large) = (lines(small), lines(large));
        assert!(large < leaves && large <= small, "{small} and {large} lines");
    }
}

/// Of the only column's 31 thresholds, where the search begins; it may end in two other lines. A leaf
/// has four bytes, and a register of two trees' splits has two lines.
#[test]
fn of_trees_that_are_decided_at_once_all_is_fetched_but_thresholds_between() {
    let best = Isa::detect();
    let model = Model::from_bytes_on(&of_trees(16), best).expect("a model");
    if best.to_string() == "avx512-vbmi" {
        let own = size_of::<Model>() / LINE;
        let (splits, leaves, first) = (16 / 2 * 2, 16 * 32 * 4 / LINE, 1);
        let read = own + splits + leaves + first;
        assert!((read..=read + 2).contains(&lines(&model)), "{} lines", lines(&model));
    }
}

#[test]
fn other_models_are_fetched_with_what_they_sum() {
    for name in ["goldens/gblinear-2.1.model.ubj", "lightgbm/binary-sigmoid.model.txt"] {
        let model = Model::from_bytes(&of_file(name)).expect(name);
        assert!(lines(&model) > size_of::<Model>().div_ceil(LINE) + 1, "{name}");
    }
}
