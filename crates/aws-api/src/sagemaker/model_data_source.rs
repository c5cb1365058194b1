//! `ModelDataSource` of a container definition: its rules, and the members of it that are served.
//!
//! The rules are those of
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html>. Whether
//! there is such an object is found out when an endpoint comes up, as on AWS.

use resources::{Error, ErrorKind, ModelDataForm, ModelDataSource};
use serde_json::Value;

use crate::error::not_served;

/// Members of `S3DataSource` that ask for something that is not served.
const NOT_SERVED: [&str; 4] = ["ETag", "HubAccessConfig", "ManifestEtag", "ManifestS3Uri"];

/// Reads the member; what it shows stays with the caller.
pub(super) fn read(source: &Value) -> Result<ModelDataSource, Error> {
    let s3 = source
        .get("S3DataSource")
        .ok_or_else(|| invalid("`ModelDataSource` needs an `S3DataSource`"))?;
    if let Some(member) = NOT_SERVED.iter().find(|member| s3.get(**member).is_some()) {
        return Err(not_served(&format!("`{member}` of an `S3DataSource`")));
    }
    let text = |member: &str| s3.get(member).and_then(Value::as_str).unwrap_or_default();
    let uri = text("S3Uri");
    let form = match (text("S3DataType"), text("CompressionType")) {
        ("S3Object", "Gzip") => ModelDataForm::Archive,
        ("S3Object", _) => ModelDataForm::File,
        (_, "Gzip") => {
            return Err(invalid(
                "`CompressionType` `Gzip` goes with `S3DataType` `S3Object`: name the archive \
                 itself, or set `CompressionType` to `None`",
            ));
        }
        _ => ModelDataForm::Prefix,
    };
    check_uri(uri, form)?;
    Ok(ModelDataSource { uri: uri.to_owned(), form })
}

fn check_uri(uri: &str, form: ModelDataForm) -> Result<(), Error> {
    match form {
        _ if !uri.starts_with("s3://") => {
            Err(invalid(&format!("`S3Uri` `{uri}` is not served; give it as `s3://bucket/key`")))
        }
        ModelDataForm::Prefix if !uri.ends_with('/') => Err(invalid(&format!(
            "`S3Uri` `{uri}` must end with a slash with `S3DataType` `S3Prefix`; add it, or use \
             `S3Object` for one object"
        ))),
        ModelDataForm::Archive | ModelDataForm::File if uri.ends_with('/') => {
            Err(invalid(&format!(
                "`S3Uri` `{uri}` names no object; leave the slash out, or use `S3DataType` `S3Prefix`"
            )))
        }
        _ => Ok(()),
    }
}

fn invalid(text: &str) -> Error {
    Error::new(ErrorKind::Invalid, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_read_or_refused_with_what_to_do() {
        let s3 = |uri: &str, data_type: &str, compression: &str| {
            let s3 = json!({"S3Uri": uri, "S3DataType": data_type, "CompressionType": compression});
            read(&json!({"S3DataSource": s3}))
        };
        for (uri, data_type, compression, expect) in [
            ("s3://b/m/", "S3Prefix", "None", Ok(ModelDataForm::Prefix)),
            ("s3://b/", "S3Prefix", "None", Ok(ModelDataForm::Prefix)),
            ("s3://b/m", "S3Object", "None", Ok(ModelDataForm::File)),
            ("s3://b/m.tar.gz", "S3Object", "Gzip", Ok(ModelDataForm::Archive)),
            ("s3://b/m/", "S3Prefix", "Gzip", Err("name the archive itself")),
            ("s3://b/m", "S3Prefix", "None", Err("must end with a slash")),
            ("s3://b/m/", "S3Object", "None", Err("leave the slash out")),
            ("https://b/m/", "S3Prefix", "None", Err("give it as `s3://bucket/key`")),
        ] {
            match (s3(uri, data_type, compression), expect) {
                (Ok(source), Ok(form)) => assert_eq!((&*source.uri, source.form), (uri, form)),
                (Err(error), Err(text)) => assert!(error.message().contains(text), "{error}"),
                (found, _) => panic!("{uri} {data_type} {compression}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_served_is_named() {
        let hub = json!({
            "S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None",
            "HubAccessConfig": {"HubContentArn": "arn:aws:sagemaker:us-east-1:0:hub-content/x"},
        });
        let error = read(&json!({"S3DataSource": hub})).expect_err("it is refused");
        assert!(error.message().contains("`HubAccessConfig`"), "{error}");
        let error = read(&json!({})).expect_err("it is refused");
        assert!(error.message().contains("`S3DataSource`"), "{error}");
    }
}
