//! What a model's trees make of its features: how often they ask for each, and what that gained. The
//! trees are `read`'s.

use std::collections::BTreeMap;

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

/// Those features that splits ask for, by their numbers.
type Features = BTreeMap<usize, Importance>;

/// Reads what the features of a model came to, by their numbers, without those that no split asks
/// for: a model may claim more features than its bytes could tell of. The booster `gblinear` has no
/// splits.
///
/// Fails as [`Model::from_bytes`](crate::Model::from_bytes) does, and if what training saw is not
/// readable.
pub fn importance(bytes: &[u8]) -> Result<BTreeMap<usize, Importance>, Error> {
    let mut features = Features::new();
    match read::read(bytes, Detail::Statistics)? {
        Contents::Narrow(ensemble) => {
            for tree in &ensemble.trees {
                add_narrow(&mut features, tree);
            }
        }
        Contents::Wide(ensemble) => {
            for tree in ensemble.trees.iter().step_by(ensemble.values_per_leaf) {
                add_wide(&mut features, tree);
            }
        }
    }
    Ok(features)
}

fn add_narrow(features: &mut Features, tree: &Tree) {
    let statistics = &tree.statistics;
    for (number, node) in tree.nodes.iter().enumerate() {
        if let Some(feature) = node.feature() {
            let gain = statistics.gains.get(number).copied().unwrap_or(0.0);
            let cover = statistics.covers.get(number).copied().unwrap_or(0.0);
            features.entry(feature as usize).or_default().add(gain.into(), cover.into());
        }
    }
}

fn add_wide(features: &mut Features, tree: &WideTree) {
    let statistics = &tree.statistics;
    for (number, split) in tree.splits.iter().enumerate() {
        let gain = statistics.gains.get(number).copied().unwrap_or(0.0);
        let cover = statistics.split_covers.get(number).copied().unwrap_or(0.0);
        features.entry(split.feature as usize).or_default().add(gain, cover);
    }
}

impl Importance {
    fn add(&mut self, gain: f64, cover: f64) {
        self.splits += 1;
        self.gain += gain;
        self.cover += cover;
    }
}
