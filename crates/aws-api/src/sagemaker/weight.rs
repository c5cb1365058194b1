//! `VariantWeight`: a number on the wire, or a word for what is none.

use serde::{Deserialize, Serialize};

/// A weight. Whether it is one that can be used is for `hosting` to say: the wire also knows
/// `"NaN"`, `"Infinity"` and `"-Infinity"`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(from = "Wire", into = "f32")]
pub(super) struct Weight(pub(super) f32);

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Number(f32),
    Word(String),
}

impl From<Wire> for Weight {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Number(number) => Self(number),
            Wire::Word(word) => Self(word.parse().unwrap_or(f32::NAN)),
        }
    }
}

impl From<Weight> for f32 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}
