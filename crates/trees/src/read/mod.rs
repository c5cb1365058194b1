//! From bytes to an [`Ensemble`]: finds out the format, then lets the schema reader walk it.
//!
//! `document` is the cursor that both encodings offer, `json` (with `numbers`) and `ubjson` are the encodings,
//! `xgboost` is the schema, `tree_columns` its trees. `legacy` reads XGBoost's binary format, and
//! `pickle` (with `held` and `pickled_array`) finds any of these in what Python's `pickle` wrote. `lightgbm` reads LightGBM's text,
//! `catboost` CatBoost's JSON, `exported` what was exported from scikit-learn. A model never exists as a generic value: its arrays are read straight
//! into the vectors that the trees are built from, and what is not needed is skipped.

mod catboost;
mod catboost_hash;
mod catboost_trees;
mod dart;
mod document;
mod exported;
mod held;
mod json;
mod legacy;
mod lightgbm;
mod numbers;
mod pickle;
mod pickled_array;
mod tree_columns;
mod ubjson;
mod xgboost;

use std::ops::Range;

use crate::{
    Error,
    ensemble::{Detail, Ensemble, Places, check_names},
    shape::Format,
    wide_ensemble::WideEnsemble,
};

/// What a file holds: a model in `f32` or in `f64`.
#[derive(Debug)]
pub(crate) enum Contents {
    Narrow(Ensemble),
    Wide(WideEnsemble),
}

impl Contents {
    pub(crate) fn feature_count(&self) -> usize {
        match self {
            Self::Narrow(ensemble) => ensemble.feature_count,
            Self::Wide(ensemble) => ensemble.feature_count,
        }
    }

    /// Margins per row.
    pub(crate) fn group_count(&self) -> usize {
        match self {
            Self::Narrow(ensemble) => ensemble.base_margins.len(),
            Self::Wide(ensemble) => ensemble.group_count(),
        }
    }

    /// Keeps the trees of some rounds of training.
    pub(crate) fn slice(&mut self, iterations: Range<usize>) -> Result<(), Error> {
        match self {
            Self::Narrow(ensemble) => ensemble.slice(iterations),
            Self::Wide(ensemble) => ensemble.slice(iterations),
        }
    }
}

/// What stands before the model in the handle of a pickled booster, with the model's length.
const CONFIG_OFFSET: &[u8] = b"CONFIG-offset:";

/// Reads a model in any known format.
pub(crate) fn read(bytes: &[u8], detail: Detail) -> Result<Contents, Error> {
    if let [0x80, 0..=5, ..] = bytes {
        return pickled(bytes, detail);
    }
    if lightgbm::is_lightgbm(bytes) {
        return lightgbm::read(bytes, detail).map(Contents::Wide);
    }
    match json::Json::first_member(bytes).as_deref() {
        Some(exported::MEMBER) => exported::read(bytes, detail).map(Contents::Wide),
        Some(member) if catboost::MEMBERS.contains(&member) => {
            catboost::read(bytes, detail).map(Contents::Wide)
        }
        _ => booster(bytes, detail).map(Contents::Narrow),
    }
}

/// Which format [`read`] takes bytes for.
pub(crate) fn format(bytes: &[u8]) -> Format {
    let model = match bytes {
        [0x80, 0..=5, ..] => return Format::Pickle,
        _ if bytes.starts_with(CONFIG_OFFSET) => before_configuration(bytes).unwrap_or(bytes),
        _ => bytes,
    };
    if lightgbm::is_lightgbm(model) {
        return Format::LightgbmText;
    }
    if legacy::is_legacy(model) {
        return Format::Binary;
    }
    match model.trim_ascii_start() {
        [b'{', b'"' | b'}', ..] => json_format(model),
        [b'{', next, ..] if next.is_ascii_whitespace() => json_format(model),
        _ => Format::Ubjson,
    }
}

/// Whose JSON a document is, by its first member.
fn json_format(bytes: &[u8]) -> Format {
    match json::Json::first_member(bytes).as_deref() {
        Some(exported::MEMBER) => Format::SklearnJson,
        Some(member) if catboost::MEMBERS.contains(&member) => Format::CatboostJson,
        _ => Format::Json,
    }
}

/// A booster's model, with the names that stood beside it if it has none itself, and with the labels
/// of the classifier around it.
fn pickled(bytes: &[u8], detail: Detail) -> Result<Contents, Error> {
    let found = pickle::booster(bytes)?;
    let inside = |error: Error| {
        error.within("the pickled model").moved(|offset| found.model.place(offset, bytes))
    };
    if lightgbm::is_lightgbm(&found.model.bytes) {
        let mut ensemble = lightgbm::read(&found.model.bytes, detail).map_err(inside)?;
        if found.classes.len() == ensemble.class_count {
            ensemble.classes = found.classes;
        }
        return Ok(Contents::Wide(ensemble));
    }
    let mut ensemble = booster(&found.model.bytes, detail).map_err(inside)?;
    if ensemble.feature_names.is_empty() {
        let places = Places { feature_names: found.feature_names.at, ..Places::default() };
        check_names(&found.feature_names.value, ensemble.feature_count, places)?;
        ensemble.feature_names = found.feature_names.value;
    }
    let class_count = ensemble.objective.class_count(ensemble.base_margins.len());
    if found.classes.len() == class_count {
        ensemble.classes = found.classes;
    }
    ensemble.missing = ensemble.missing.or(found.missing);
    Ok(Contents::Narrow(ensemble))
}

/// Reads XGBoost's model that is not inside a pickle.
fn booster(bytes: &[u8], detail: Detail) -> Result<Ensemble, Error> {
    if bytes.starts_with(CONFIG_OFFSET) {
        let start = CONFIG_OFFSET.len() + size_of::<u64>();
        model(before_configuration(bytes)?, detail).map_err(|error| error.moved(|at| at + start))
    } else {
        model(bytes, detail)
    }
}

fn model(bytes: &[u8], detail: Detail) -> Result<Ensemble, Error> {
    if legacy::is_legacy(bytes) {
        return legacy::read(bytes, detail);
    }
    match bytes.trim_ascii_start() {
        [b'{', b'"' | b'}', ..] => xgboost::read(json::Json::new(bytes), detail),
        [b'{', next, ..] if next.is_ascii_whitespace() => {
            xgboost::read(json::Json::new(bytes), detail)
        }
        [b'{', ..] => xgboost::read(ubjson::Ubjson::new(bytes), detail),
        _ => Err(foreign(bytes).at(0)),
    }
}

/// The model that stands before its configuration.
fn before_configuration(bytes: &[u8]) -> Result<&[u8], Error> {
    let rest = &bytes[CONFIG_OFFSET.len()..];
    let parts = rest
        .split_first_chunk()
        .and_then(|(length, rest)| rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?));
    parts.ok_or_else(|| Error::malformed("the model ends too early").at(bytes.len()))
}

/// Names the file that someone probably meant to load.
fn foreign(bytes: &[u8]) -> Error {
    match bytes {
        [] => Error::malformed("the model is empty"),
        [0x1f, 0x8b, ..] => Error::unsupported("looks like a gzip archive; unpack it first"),
        _ => Error::malformed(
            "no model of a known format: neither JSON nor UBJSON, XGBoost's binary format, a pickle \
             nor LightGBM's text",
        ),
    }
}
