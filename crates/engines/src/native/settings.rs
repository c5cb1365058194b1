//! What a container's environment changes about the answers.
//!
//! Owns the variables that the XGBoost container knows and this engine serves; those that need
//! another engine are `factory`'s business.

use std::collections::BTreeMap;

use engine_api::OpenError;

use super::media::{self, Output};

/// The settings of one container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// The type of the answer to a request without `Accept`.
    pub(super) default_output: Output,
    /// Batch transform: the answer is CSV, whatever `Accept` says.
    pub(super) batch: bool,
}

impl Settings {
    pub(super) fn read(environment: &BTreeMap<String, String>) -> Result<Self, OpenError> {
        const DEFAULT: &str = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT";
        let set = |name: &str| environment.get(name).map_or("", |value| value.trim());
        let default_output = match set(DEFAULT) {
            "" | "*/*" => Output::Csv,
            wanted => Output::by_name(wanted).ok_or_else(|| OpenError {
                message: format!(
                    "environment variable `{DEFAULT}` is `{wanted}`; use one of {}",
                    media::OUTPUTS
                ),
            })?,
        };
        let batch = set("SAGEMAKER_BATCH").eq_ignore_ascii_case("true");
        Ok(Self { default_output, batch })
    }
}
