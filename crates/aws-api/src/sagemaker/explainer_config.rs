//! `ExplainerConfig` of an endpoint configuration: its rules, and the members of it that are served.
//!
//! Whether the expression, the headers and the baseline go with the model is found out when an
//! endpoint comes up, as on AWS.

use resources::{Baseline, Error, ErrorKind, Explainer};
use serde::Deserialize;
use serde_json::Value;

use crate::error::not_served;

/// `ExplainerConfig`. Of `ClarifyInferenceConfig` and `ClarifyShapConfig`, what only steers how a
/// sampler reads and batches the model's answers is kept and shown: nothing is sampled here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExplainerConfig {
    clarify_explainer_config: Option<ClarifyExplainerConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClarifyExplainerConfig {
    enable_explanations: Option<String>,
    #[serde(default)]
    inference_config: InferenceConfig,
    shap_config: ShapConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InferenceConfig {
    feature_headers: Vec<String>,
    feature_types: Vec<String>,
    label_headers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShapConfig {
    shap_baseline_config: ShapBaselineConfig,
    text_config: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShapBaselineConfig {
    mime_type: Option<String>,
    shap_baseline: Option<String>,
    shap_baseline_uri: Option<String>,
}

/// Reads the member of a configuration.
pub(super) fn read(given: Value) -> Result<Explainer, Error> {
    let config =
        ExplainerConfig::deserialize(&given).map_err(|error| invalid(error.to_string()))?;
    let clarify = config.clarify_explainer_config.ok_or_else(|| {
        invalid("`ExplainerConfig` needs a `ClarifyExplainerConfig`, or leave it out".to_owned())
    })?;
    let InferenceConfig { feature_headers, feature_types, label_headers } =
        clarify.inference_config;
    check_features(&feature_headers, &feature_types)?;
    if clarify.shap_config.text_config.is_some() {
        return Err(not_served("`TextConfig` of a `ClarifyShapConfig`"));
    }
    Ok(Explainer {
        enable: clarify.enable_explanations,
        feature_headers,
        feature_types,
        label_headers,
        baseline: baseline(clarify.shap_config.shap_baseline_config)?,
        shown: given,
    })
}

fn check_features(headers: &[String], types: &[String]) -> Result<(), Error> {
    if types.iter().any(|name| name == "text") {
        return Err(not_served("`text` among the `FeatureTypes` of a `ClarifyInferenceConfig`"));
    }
    let (have, want) = (types.len(), headers.len());
    if have != 0 && want != 0 && have != want {
        return Err(invalid(format!(
            "`FeatureTypes` has {have} and `FeatureHeaders` {want} members; give one of each for \
             every feature"
        )));
    }
    Ok(())
}

fn baseline(config: ShapBaselineConfig) -> Result<Option<Baseline>, Error> {
    let ShapBaselineConfig { mime_type, shap_baseline, shap_baseline_uri } = config;
    if shap_baseline_uri.is_some() {
        if shap_baseline.is_some() {
            let text = "Give either `ShapBaseline` or `ShapBaselineUri`, one of the two";
            return Err(invalid(text.to_owned()));
        }
        return Err(not_served(
            "`ShapBaselineUri` of a `ClarifyShapBaselineConfig` (`ShapBaseline`, the rows \
             themselves, is)",
        ));
    }
    let content_type = mime_type.unwrap_or_else(|| "text/csv".to_owned());
    if !["text/csv", "application/jsonlines"].contains(&&*content_type) {
        return Err(invalid(format!(
            "`MimeType` of a `ShapBaselineConfig` is `{content_type}`; use `text/csv` or \
             `application/jsonlines`"
        )));
    }
    Ok(shap_baseline.map(|rows| Baseline { content_type, rows }))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::Invalid, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configurations_are_read_or_refused_with_what_to_do() {
        let uri = json!({"ShapBaselineUri": "s3://b/k"});
        let both = json!({"ShapBaselineUri": "s3://b/k", "ShapBaseline": "1,2"});
        let parquet = json!({"MimeType": "application/x-parquet", "ShapBaseline": "1,2"});
        let rows = json!({"ShapBaseline": "1,2"});
        let none = json!({});
        for (baseline, inference, expect) in [
            (&rows, json!({}), ""),
            (&none, json!({"FeatureHeaders": ["a", "b"]}), ""),
            (&none, json!({"FeatureTypes": ["numerical", "categorical"]}), ""),
            (&uri, json!({}), "`ShapBaselineUri`"),
            (&both, json!({}), "one of the two"),
            (&parquet, json!({}), "use `text/csv` or `application/jsonlines`"),
            (&rows, json!({"FeatureTypes": ["text"]}), "`text` among the `FeatureTypes`"),
            (
                &rows,
                json!({"FeatureTypes": ["numerical"], "FeatureHeaders": ["a", "b"]}),
                "`FeatureTypes` has 1 and `FeatureHeaders` 2 members",
            ),
        ] {
            let shap = json!({"ShapBaselineConfig": baseline});
            let clarify = json!({"InferenceConfig": inference, "ShapConfig": shap});
            let given = json!({"ClarifyExplainerConfig": clarify});
            match read(given.clone()) {
                Ok(explainer) => {
                    assert_eq!(expect, "", "{given}");
                    assert_eq!(explainer.shown, given);
                }
                Err(error) => {
                    assert!(!expect.is_empty() && error.message().contains(expect), "{error}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_served_is_named() {
        let text = json!({"Granularity": "token", "Language": "en"});
        let shap = json!({"ShapBaselineConfig": {"ShapBaseline": "1"}, "TextConfig": text});
        let given = json!({"ClarifyExplainerConfig": {"ShapConfig": shap}});
        let error = read(given).expect_err("it is refused");
        assert!(error.message().contains("`TextConfig`"), "{error}");
        let error = read(json!({})).expect_err("it is refused");
        assert!(error.message().contains("needs a `ClarifyExplainerConfig`"), "{error}");
    }
}
