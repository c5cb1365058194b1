//! The booster `dart`: trees whose leaves count by a weight each.

use super::document::Placed;
use crate::{
    Error,
    ensemble::{Ensemble, Node},
};

/// Multiplies the leaves of each tree by its weight.
pub(super) fn apply(ensemble: &mut Ensemble, weights: &Placed<Vec<f32>>) -> Result<(), Error> {
    let Placed { value: weights, at } = weights;
    if weights.len() != ensemble.trees.len() {
        let (weights, trees) = (weights.len(), ensemble.trees.len());
        let message = format!("`weight_drop` has {weights} weights, not {trees}");
        return Err(Error::malformed(message).at(*at));
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
