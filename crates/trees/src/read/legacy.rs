//! XGBoost's first binary format, which versions before 2.2 write and no later one reads: C
//! structures one after the other, little-endian. Source: `learner.cc`, `gbtree_model.h` and
//! `tree_model.h` of versions 0.90 to 2.1.

use super::{dart, document::Placed};
use crate::{
    Error, Objective,
    ensemble::{Detail, Ensemble, Node, Places, Split, Statistics, Tree, check_shape},
};

/// What some versions write before the model.
const PREFIX: &[u8] = b"binf";
/// Bytes of the learner's, a tree booster's, a tree's and a linear booster's parameters.
const LEARNER_BYTES: usize = 136;
const TREES_BYTES: usize = 160;
const TREE_BYTES: usize = 148;
const LINEAR_BYTES: usize = 136;
/// Where the learner's parameters have the numbers of features and of classes.
const FEATURE_COUNT_AT: usize = 4;
const CLASS_COUNT_AT: usize = 8;
/// Bytes of a node and of the statistics that follow for each.
const NODE_BYTES: usize = 20;
const STATISTICS_BYTES: usize = 16;
/// No objective or booster has a longer name.
const NAME_MAX: u64 = 64;

/// Whether bytes look like this format: it has no mark of its own, but an objective's name stands
/// at a fixed place.
pub(super) fn is_legacy(bytes: &[u8]) -> bool {
    if bytes.starts_with(PREFIX) {
        return true;
    }
    let mut cursor = Cursor { bytes, at: 0 };
    let name = cursor.take(LEARNER_BYTES).and_then(|_| cursor.name());
    let is_objective =
        |name: &str| name.contains(':') && name.bytes().all(|byte| byte.is_ascii_graphic());
    name.is_ok_and(is_objective)
}

/// Reads a model; what follows it is ignored, for that is attributes and metrics.
pub(super) fn read(bytes: &[u8], detail: Detail) -> Result<Ensemble, Error> {
    let at = if bytes.starts_with(PREFIX) { PREFIX.len() } else { 0 };
    let mut cursor = Cursor { bytes, at };
    let params = LearnerParams::read(&mut cursor)?;
    let name_at = cursor.at;
    let objective = Objective::from_name(cursor.name()?).map_err(|error| error.at(name_at))?;
    let group_count = params.class_count.max(params.target_count).max(1);
    let places = Places {
        feature_count: at + FEATURE_COUNT_AT,
        group_count: at + CLASS_COUNT_AT,
        weights: cursor.at,
        ..Places::default()
    };
    check_shape(params.feature_count, group_count, places)?;
    // Before 1.0 the margin itself was written.
    let base = if params.major == 0 { params.base } else { objective.margin(params.base) };
    if !base.is_finite() {
        let message = format!("`base_score` {} is out of range for `{objective}`", params.base);
        return Err(Error::malformed(message).at(at));
    }
    let ensemble = Ensemble {
        objective,
        feature_count: params.feature_count,
        feature_names: Vec::new(),
        classes: Vec::new(),
        missing: None,
        base_margins: vec![base; group_count],
        tree_count: 0,
        trees: Vec::new(),
        trees_per_iteration: group_count,
        best_iteration: None,
        linear: None,
    };
    booster(&mut cursor, ensemble, detail)?.check(places)
}

fn booster(
    cursor: &mut Cursor<'_>,
    mut ensemble: Ensemble,
    detail: Detail,
) -> Result<Ensemble, Error> {
    let name_at = cursor.at;
    match cursor.name()? {
        "gbtree" => ensemble.trees = trees(cursor, detail)?,
        "dart" => {
            ensemble.trees = trees(cursor, detail)?;
            let at = cursor.at;
            let value = if ensemble.trees.is_empty() { Vec::new() } else { cursor.floats()? };
            dart::apply(&mut ensemble, &Placed { value, at })?;
        }
        "gblinear" => {
            cursor.take(LINEAR_BYTES)?;
            ensemble.linear = Some(cursor.floats()?);
        }
        name => {
            let message = format!("the booster `{name}` is not supported");
            return Err(Error::unsupported(message).at(name_at));
        }
    }
    ensemble.tree_count = ensemble.trees.len();
    Ok(ensemble)
}

struct LearnerParams {
    base: f32,
    feature_count: usize,
    class_count: usize,
    target_count: usize,
    /// Of the version that wrote the model; 0 before 1.0.
    major: u32,
}

impl LearnerParams {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut own = Cursor { bytes: cursor.take(LEARNER_BYTES)?, at: 0 };
        let base = f32::from_bits(own.word()?);
        let (feature_count, class_count) = (own.word()? as usize, own.word()? as usize);
        own.take(8)?;
        let (major, _minor) = (own.word()?, own.word()?);
        let target_count = if major == 0 { 1 } else { own.word()? as usize };
        Ok(Self { base, feature_count, class_count, target_count, major })
    }
}

fn trees(cursor: &mut Cursor<'_>, detail: Detail) -> Result<Vec<Tree>, Error> {
    let mut params = Cursor { bytes: cursor.take(TREES_BYTES)?, at: 0 };
    let count = params.word()?;
    let mut trees = Vec::new();
    for number in 0..count {
        let start = cursor.at;
        let tree = tree(cursor, detail);
        let tree = tree.map_err(|e| e.at(start).within(format_args!("tree {number}")))?;
        trees.push(Tree { start, ..tree });
    }
    for tree in &mut trees {
        tree.group = cursor.word()?;
    }
    Ok(trees)
}

fn tree(cursor: &mut Cursor<'_>, detail: Detail) -> Result<Tree, Error> {
    let mut params = Cursor { bytes: cursor.take(TREE_BYTES)?, at: 0 };
    let (root_count, node_count) = (params.word()?, params.word()? as usize);
    params.take(12)?;
    let values_per_leaf = params.word()?;
    if root_count != 1 || values_per_leaf > 1 {
        return Err(Error::unsupported(format!(
            "a tree of {root_count} roots and {values_per_leaf} values per leaf is not supported"
        )));
    }
    let nodes_at = cursor.at;
    let nodes = cursor.array(node_count, NODE_BYTES)?;
    let statistics = cursor.array(node_count, STATISTICS_BYTES)?;
    let mut tree = Tree::new(node_count, 0, |index| {
        let place = index * NODE_BYTES;
        node(&nodes[place..]).map_err(|error| error.at(nodes_at + place))
    })?;
    if detail == Detail::Statistics {
        let column = |word: usize| {
            let rows = statistics.chunks_exact(STATISTICS_BYTES);
            rows.map(|row| f32::from_bits(word_of(row, word))).collect::<Vec<_>>()
        };
        let [gains, covers] = [0, 1].map(|word| tree.in_order(&column(word)).unwrap_or_default());
        tree.statistics = Statistics { covers, gains };
    }
    Ok(tree)
}

/// One of the little-endian words of a structure.
fn word_of(bytes: &[u8], number: usize) -> u32 {
    u32::from_le_bytes(bytes.as_chunks().0[number])
}

/// Parent, children, feature with the default direction on top, threshold or value.
fn node(bytes: &[u8]) -> Result<Node, Error> {
    let mut cursor = Cursor { bytes, at: 4 };
    let (left, right, feature) = (cursor.word()?, cursor.word()?, cursor.word()?);
    let value = f32::from_bits(cursor.word()?);
    if left == u32::MAX {
        return Ok(Node::Leaf(value));
    }
    if value.is_nan() {
        return Err(Error::malformed("a node splits at no number"));
    }
    Ok(Node::Split(Split {
        feature: feature & (u32::MAX >> 1),
        threshold: value,
        default_left: feature >> 31 == 1,
        left,
        right,
    }))
}

/// What is left to read.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let taken = self.bytes[self.at..].get(..length);
        let taken = taken
            .ok_or_else(|| Error::malformed("the model ends too early").at(self.bytes.len()))?;
        self.at += length;
        Ok(taken)
    }

    fn array(&mut self, count: usize, item_bytes: usize) -> Result<&'a [u8], Error> {
        self.take(count.saturating_mul(item_bytes))
    }

    fn word(&mut self) -> Result<u32, Error> {
        let word = self.take(4)?.first_chunk().expect("four bytes: this is a bug");
        Ok(u32::from_le_bytes(*word))
    }

    fn length(&mut self) -> Result<u64, Error> {
        let length = self.take(8)?.first_chunk().expect("eight bytes: this is a bug");
        Ok(u64::from_le_bytes(*length))
    }

    fn floats(&mut self) -> Result<Vec<f32>, Error> {
        let count = usize::try_from(self.length()?).unwrap_or(usize::MAX);
        let bytes = self.array(count, 4)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn name(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        let length = self.length()?;
        if length > NAME_MAX {
            let message = format!("a name of {length} bytes, not at most {NAME_MAX}");
            return Err(Error::malformed(message).at(start));
        }
        let name = std::str::from_utf8(self.take(length as usize)?);
        name.map_err(|_| Error::malformed("a name that is not UTF-8").at(start))
    }
}
