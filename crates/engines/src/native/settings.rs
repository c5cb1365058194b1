//! What a container's environment changes about the answers.
//!
//! Owns the variables that the XGBoost container knows and this engine serves; those that need
//! another engine are `factory`'s business.

use std::collections::BTreeMap;

use engine_api::OpenError;

use super::media::{self, Output};

const DEFAULT_ACCEPT: &str = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT";
const BYTES_MAX: &str = "MAX_CONTENT_LENGTH";

/// What the container takes without being told otherwise: 6 MiB.
const BODY_BYTES_MAX: usize = 6 << 20;

/// The settings of one container.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The type of the answer to a request without `Accept`.
    pub(super) default_output: Output,
    /// Batch transform: an answer has one line per row, whatever `Accept` says.
    pub(super) batch: bool,
    /// Whether several model files answer together; else the first one does.
    pub(super) ensemble: bool,
    /// The names of what an answer holds, in lower case and each once; empty for plain scores.
    pub(super) selected: Vec<String>,
    /// Longer bodies are refused.
    pub(super) body_bytes_max: usize,
}

impl Settings {
    pub(super) fn read(environment: &BTreeMap<String, String>) -> Result<Self, OpenError> {
        let set = |name: &str| environment.get(name).map_or("", |value| value.trim());
        let ensemble = set("SAGEMAKER_INFERENCE_ENSEMBLE");
        Ok(Self {
            default_output: default_output(set(DEFAULT_ACCEPT))?,
            batch: set("SAGEMAKER_BATCH").eq_ignore_ascii_case("true"),
            ensemble: ensemble.is_empty() || ensemble.eq_ignore_ascii_case("true"),
            selected: selected(set("SAGEMAKER_INFERENCE_OUTPUT")),
            body_bytes_max: body_bytes_max(set(BYTES_MAX))?,
        })
    }
}

fn default_output(wanted: &str) -> Result<Output, OpenError> {
    if wanted.is_empty() || wanted == "*/*" {
        return Ok(Output::Csv);
    }
    Output::by_name(wanted).ok_or_else(|| OpenError {
        message: format!(
            "environment variable `{DEFAULT_ACCEPT}` is `{wanted}`; use one of {}",
            media::OUTPUT_NAMES
        ),
    })
}

fn selected(list: &str) -> Vec<String> {
    let list = list.replace(' ', "").to_lowercase();
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',').filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn body_bytes_max(text: &str) -> Result<usize, OpenError> {
    if text.is_empty() {
        return Ok(BODY_BYTES_MAX);
    }
    text.parse().map_err(|_| OpenError {
        message: format!(
            "environment variable `{BYTES_MAX}` is `{text}`; use a number of bytes, or leave it out \
             for {BODY_BYTES_MAX}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_selected_content_are_listed_once_in_lower_case() {
        for (list, expect) in [
            ("", &[][..]),
            (" , ", &[]),
            ("predicted_label", &["predicted_label"]),
            ("Labels, raw_score ,LABELS", &["labels", "raw_score"]),
        ] {
            assert_eq!(selected(list), expect, "{list}");
        }
    }
}
