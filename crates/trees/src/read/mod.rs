//! From bytes to an [`Ensemble`]: finds out the format, then lets the schema reader walk it.
//!
//! `document` is the cursor that both encodings offer, `json` and `ubjson` are the encodings,
//! `xgboost` is the schema. A model never exists as a generic value: its arrays are read straight
//! into the vectors that the trees are built from, and what is not needed is skipped.

mod document;
mod json;
mod ubjson;
mod xgboost;

use crate::{Error, ensemble::Ensemble};

/// Reads a model in any known format.
pub(crate) fn read(bytes: &[u8]) -> Result<Ensemble, Error> {
    match bytes.trim_ascii_start() {
        [b'{', b'"' | b'}', ..] => xgboost::read(json::Json::new(bytes)),
        [b'{', next, ..] if next.is_ascii_whitespace() => xgboost::read(json::Json::new(bytes)),
        [b'{', ..] => xgboost::read(ubjson::Ubjson::new(bytes)),
        _ => Err(foreign(bytes).at(0)),
    }
}

/// Names the file that someone probably meant to load.
fn foreign(bytes: &[u8]) -> Error {
    match bytes {
        [] => Error::malformed("the model is empty"),
        [b'b', b'i', b'n', b'f', ..] | [0, 0, 0, 0x3f, ..] => Error::unsupported(
            "looks like XGBoost's legacy binary format, which is not supported; \
             load it with XGBoost 2.1 and save it as `.ubj` or `.json`",
        ),
        [0x80, ..] => Error::unsupported(
            "looks like a Python pickle, which is not supported; \
             save the booster with `save_model` as `.ubj` or `.json`",
        ),
        [0x1f, 0x8b, ..] => Error::unsupported("looks like a gzip archive; unpack it first"),
        _ => Error::malformed("neither JSON nor UBJSON: a model starts with `{`"),
    }
}
