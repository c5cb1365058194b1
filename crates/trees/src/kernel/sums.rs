//! Adding one row's leaves to its margins, tree by tree as XGBoost does, for the usual orders of
//! groups without going through memory at each addition. Many rows are added up by the walks.

use super::Lanes;
use crate::ensemble::Tree;

/// The most groups whose sums fit one register or two.
const CYCLE_MAX: usize = 16;

/// In which order trees add to groups.
#[derive(Debug)]
pub(super) enum Order {
    /// All to the only group.
    One,
    /// Each round has one tree for each group, in order.
    Cycle,
    /// The group of each tree.
    Any(Vec<u32>),
}

impl Order {
    pub(super) fn of(trees: &[Tree], group_count: usize) -> Self {
        let cycles =
            trees.iter().enumerate().all(|(i, tree)| tree.group as usize == i % group_count);
        match group_count {
            1 => Self::One,
            2..=CYCLE_MAX if cycles && trees.len().is_multiple_of(group_count) => Self::Cycle,
            _ => Self::Any(trees.iter().map(|tree| tree.group).collect()),
        }
    }

    pub(super) fn byte_size(&self) -> usize {
        match self {
            Self::One | Self::Cycle => 0,
            Self::Any(groups) => size_of_val(&groups[..]),
        }
    }

    /// Adds the leaves of the first `tree_count` lanes. After these there is room for
    /// [`CYCLE_MAX`] more, whose values do not matter.
    pub(super) fn add(&self, leaves: &[Lanes<f32>], tree_count: usize, sums: &mut [f32]) {
        let leaves = leaves.as_flattened();
        match self {
            Self::One => {
                sums[0] = leaves[..tree_count].iter().fold(sums[0], |sum, leaf| sum + leaf);
            }
            Self::Cycle if sums.len() <= 8 => cycle::<8>(leaves, tree_count, sums),
            Self::Cycle => cycle::<CYCLE_MAX>(leaves, tree_count, sums),
            Self::Any(groups) => {
                for (leaf, group) in leaves.iter().zip(groups) {
                    sums[*group as usize] += leaf;
                }
            }
        }
    }
}

/// Sums in `W` lanes, of which as many count as there are sums.
fn cycle<const W: usize>(leaves: &[f32], tree_count: usize, sums: &mut [f32]) {
    let mut wide = [0.0; W];
    wide[..sums.len()].copy_from_slice(sums);
    for round in (0..tree_count).step_by(sums.len()) {
        let leaves: &[f32; W] =
            leaves[round..].first_chunk().expect("there is room: this is a bug");
        for (sum, leaf) in wide.iter_mut().zip(leaves) {
            *sum += leaf;
        }
    }
    sums.copy_from_slice(&wide[..sums.len()]);
}
