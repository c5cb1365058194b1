//! `ModelDataSource` and `AdditionalModelDataSources` of a container definition: their rules, and the
//! members of them that are served.
//!
//! The rules are those of
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html>. Whether
//! there is such an object is found out when an endpoint comes up, as on AWS.

use resources::{
    AdditionalSource, Error, ErrorKind, ModelDataForm, ModelDataManifest, ModelDataSource,
};
use serde_json::Value;

use crate::error::not_served;

/// Reads `ModelDataSource`; what it shows stays with the caller.
pub(super) fn read(source: &Value) -> Result<ModelDataSource, Error> {
    let s3 = source
        .get("S3DataSource")
        .ok_or_else(|| invalid("`ModelDataSource` needs an `S3DataSource`"))?;
    if s3.get("HubAccessConfig").is_some() {
        return Err(not_served("`HubAccessConfig` of an `S3DataSource`"));
    }
    let text = |member: &str| s3.get(member).and_then(Value::as_str);
    let uri = text("S3Uri").unwrap_or_default();
    let form = match (text("S3DataType"), text("CompressionType")) {
        (Some("S3Object"), Some("Gzip")) => ModelDataForm::Archive,
        (Some("S3Object"), _) => ModelDataForm::File,
        (_, Some("Gzip")) => {
            return Err(invalid(
                "`CompressionType` `Gzip` goes with `S3DataType` `S3Object`: name the archive \
                 itself, or set `CompressionType` to `None`",
            ));
        }
        _ => ModelDataForm::Prefix,
    };
    check_uri(uri, form)?;
    let manifest = manifest(text("ManifestS3Uri"), text("ManifestEtag"), form)?;
    let etag = text("ETag").map(str::to_owned);
    if etag.is_some() && form == ModelDataForm::Prefix {
        return Err(invalid(
            "`ETag` goes with `S3DataType` `S3Object`: a prefix has none; leave it out, or list the \
             objects in a manifest and give its `ManifestEtag`",
        ));
    }
    Ok(ModelDataSource { uri: uri.to_owned(), form, etag, manifest })
}

fn manifest(
    uri: Option<&str>,
    etag: Option<&str>,
    form: ModelDataForm,
) -> Result<Option<ModelDataManifest>, Error> {
    match uri {
        None if etag.is_some() => {
            Err(invalid("`ManifestEtag` needs a `ManifestS3Uri`; give it, or leave the tag out"))
        }
        None => Ok(None),
        Some(_) if form != ModelDataForm::Prefix => Err(invalid(
            "`ManifestS3Uri` goes with `S3DataType` `S3Prefix`: it lists objects under the prefix; \
             leave it out, or name the prefix",
        )),
        Some(uri) if !uri.starts_with("s3://") || uri.ends_with('/') => Err(invalid(&format!(
            "`ManifestS3Uri` `{uri}` names no object; give it as `s3://bucket/key`"
        ))),
        Some(uri) => {
            Ok(Some(ModelDataManifest { uri: uri.to_owned(), etag: etag.map(str::to_owned) }))
        }
    }
}

/// Reads `AdditionalModelDataSources`; what it shows stays with the caller.
pub(super) fn read_additional(sources: &Value) -> Result<Vec<AdditionalSource>, Error> {
    let mut found: Vec<AdditionalSource> = Vec::new();
    for source in sources.as_array().into_iter().flatten() {
        let channel = source.get("ChannelName").and_then(Value::as_str).unwrap_or_default();
        if let "." | ".." = channel {
            return Err(invalid(&format!(
                "`ChannelName` `{channel}` can't name a directory; give another"
            )));
        }
        if found.iter().any(|other| other.channel == channel) {
            return Err(invalid(&format!(
                "`ChannelName` `{channel}` is given twice; give each of \
                 `AdditionalModelDataSources` a name of its own"
            )));
        }
        found.push(AdditionalSource { channel: channel.to_owned(), source: read(source)? });
    }
    Ok(found)
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
    fn tags_and_manifests_go_with_what_has_them() {
        let prefix = ("s3://b/m/", "S3Prefix");
        let object = ("s3://b/m", "S3Object");
        for ((uri, data_type), more, expect) in [
            (object, json!({"ETag": "x"}), None),
            (prefix, json!({"ManifestS3Uri": "s3://b/list", "ManifestEtag": "x"}), None),
            (prefix, json!({"ETag": "x"}), Some("a prefix has none")),
            (prefix, json!({"ManifestEtag": "x"}), Some("needs a `ManifestS3Uri`")),
            (
                object,
                json!({"ManifestS3Uri": "s3://b/list"}),
                Some("goes with `S3DataType` `S3Prefix`"),
            ),
            (prefix, json!({"ManifestS3Uri": "https://b/list"}), Some("names no object")),
            (prefix, json!({"ManifestS3Uri": "s3://b/list/"}), Some("names no object")),
        ] {
            let mut s3 = json!({"S3Uri": uri, "S3DataType": data_type, "CompressionType": "None"});
            let members = more.as_object().expect("an object").clone();
            s3.as_object_mut().expect("an object").extend(members);
            let found = read(&json!({"S3DataSource": s3}));
            match expect {
                None => drop(found.unwrap_or_else(|error| panic!("{more}: {error}"))),
                Some(text) => {
                    let error = found.expect_err("it is refused");
                    assert!(error.message().contains(text), "{error}");
                }
            }
        }
    }

    #[test]
    fn channels_have_names_of_their_own() {
        let s3 = json!({"S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None"});
        let channels = |names: &[&str]| {
            let channel = |name| json!({"ChannelName": name, "S3DataSource": s3});
            read_additional(&names.iter().map(channel).collect())
        };
        let found = channels(&["draft", "b.2"]).expect("they differ");
        assert_eq!(
            found.iter().map(|source| &*source.channel).collect::<Vec<_>>(),
            ["draft", "b.2"]
        );
        for (names, text) in
            [(["a", "a"], "is given twice"), (["a", ".."], "can't name a directory")]
        {
            let error = channels(&names).expect_err("they are refused");
            assert!(error.message().contains(text), "{error}");
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
