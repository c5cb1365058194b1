//! What a model's trees make of its features: how often they ask for each, and what that gained. The
//! trees are `read`'s.

use crate::{
    Error,
    ensemble::{Detail, Tree},
    read::{self, Contents},
    wide_ensemble::WideTree,
};

/// What the splits on one feature came to in training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Importance {
    /// How many splits there are: XGBoost's `weight`, LightGBM's `split`.
    pub splits: u64,
    /// The sum of what they gained: XGBoost's `total_gain`, LightGBM's `gain`. Zero if the model does
    /// not say.
    pub gain: f64,
    /// The sum of the weights of the rows that met them: XGBoost's `total_cover`. Zero if the model
    /// does not say.
    pub cover: f64,
}

/// Reads what each of a model's features came to, one per feature; the booster `gblinear` has no
/// splits.
///
/// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does.
pub fn importance(bytes: &[u8]) -> Result<Vec<Importance>, Error> {
    Ok(match read::read(bytes, Detail::Statistics)? {
        Contents::Narrow(ensemble) => {
            let mut features = vec![Importance::default(); ensemble.feature_count];
            for tree in &ensemble.trees {
                add_narrow(&mut features, tree);
            }
            features
        }
        Contents::Wide(ensemble) => {
            let mut features = vec![Importance::default(); ensemble.feature_count];
            for tree in ensemble.trees.iter().step_by(ensemble.values_per_leaf) {
                add_wide(&mut features, tree);
            }
            features
        }
    })
}

fn add_narrow(features: &mut [Importance], tree: &Tree) {
    let statistics = &tree.statistics;
    for (number, node) in tree.nodes.iter().enumerate() {
        if let Some(feature) = node.feature() {
            let gain = statistics.gains.get(number).copied().unwrap_or(0.0);
            let cover = statistics.covers.get(number).copied().unwrap_or(0.0);
            features[feature as usize].add(gain.into(), cover.into());
        }
    }
}

fn add_wide(features: &mut [Importance], tree: &WideTree) {
    let statistics = &tree.statistics;
    for (number, split) in tree.splits.iter().enumerate() {
        let gain = statistics.gains.get(number).copied().unwrap_or(0.0);
        let cover = statistics.split_covers.get(number).copied().unwrap_or(0.0);
        features[split.feature as usize].add(gain, cover);
    }
}

impl Importance {
    fn add(&mut self, gain: f64, cover: f64) {
        self.splits += 1;
        self.gain += gain;
        self.cover += cover;
    }
}
