//! The booster `dart`: trees whose leaves count by a weight each.

use crate::{
    Error,
    ensemble::{Ensemble, Node},
};

/// Multiplies the leaves of each tree by its weight.
pub(super) fn apply(ensemble: &mut Ensemble, weights: &[f32]) -> Result<(), Error> {
    if weights.len() != ensemble.trees.len() {
        let (weights, trees) = (weights.len(), ensemble.trees.len());
        return Err(Error::malformed(format!("`weight_drop` has {weights} weights, not {trees}")));
    }
    for (tree, weight) in ensemble.trees.iter_mut().zip(weights) {
        for node in &mut tree.nodes {
            if let Node::Leaf(value) = node {
                *value *= weight;
            }
        }
    }
    Ok(())
}
