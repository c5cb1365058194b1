//! Manifests of model data: which objects below a prefix are the model's.
//!
//! AWS says that such a manifest is a CSV file that stores locations, and not what its columns are.
//! Taken are one location a line, and the JSON of `SageMaker`'s other manifests: a prefix, then what
//! comes after it for each object. A location is a whole URI, or what its key has after the prefix.

use std::{collections::BTreeSet, io::Read};

use serde::Deserialize;

use super::{ArtifactError, path};
use crate::{Error, Object, Target};

/// What a manifest may have; 100,000 long keys are less.
const BYTES_MAX: u64 = 64 << 20;

/// The keys that a manifest lists, all of them below `prefix`. `name` is the manifest's URI.
pub(super) fn keys(
    manifest: Object,
    name: &str,
    (prefix, entries_max): (&Target, usize),
) -> Result<Vec<String>, ArtifactError> {
    let refused = |rule: String| ArtifactError::Refused(format!("manifest `{name}`: {rule}"));
    if manifest.info().size > BYTES_MAX {
        let size = manifest.info().size;
        return Err(refused(format!(
            "it has {size} bytes, more than {BYTES_MAX}; list fewer objects"
        )));
    }
    let mut text = String::new();
    manifest.into_reader().read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => refused("it is not text in UTF-8".to_owned()),
        _ => Error::io("read", name.as_ref())(error).into(),
    })?;
    let keys = parse(&text, prefix).map_err(refused)?;
    match keys.len() {
        0 => Err(refused("it lists no object; give one a line".to_owned())),
        count if count > entries_max => Err(refused(format!(
            "it lists {count} objects, more than the {entries_max} that a model may have; list \
             fewer, or pack them into a `model.tar.gz`"
        ))),
        _ => Ok(keys.into_iter().collect()),
    }
}

/// The keys, in order and each once.
fn parse(text: &str, prefix: &Target) -> Result<BTreeSet<String>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let locations = if text.trim_start().starts_with('[') { json(text)? } else { csv(text)? };
    locations.into_iter().map(|(place, location)| key(&place, &location, prefix)).collect()
}

/// Where a location stands, and the location.
type Location = (String, String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Prefix { prefix: String },
    Rest(String),
}

fn json(text: &str) -> Result<Vec<Location>, String> {
    const FORM: &str = "as JSON it is `[{\"prefix\": \"s3://bucket/prefix/\"}, \"key\", …]`";
    let items: Vec<Item> =
        serde_json::from_str(text).map_err(|error| format!("{FORM}: {error}"))?;
    let mut items = items.into_iter();
    let Some(Item::Prefix { prefix }) = items.next() else { return Err(FORM.to_owned()) };
    let location = |(number, item)| match item {
        Item::Rest(rest) => Ok((format!("item {}", number + 2), format!("{prefix}{rest}"))),
        Item::Prefix { .. } => {
            Err(format!("{FORM}, with one prefix; item {} is another", number + 2))
        }
    };
    items.enumerate().map(location).collect()
}

fn csv(text: &str) -> Result<Vec<Location>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let location = |(number, line): (usize, &str)| {
        let place = format!("line {}", number + 1);
        match cell(line) {
            Some(location) => Ok((place, location)),
            None => Err(format!(
                "{place} has more than one column; give one location a line, in double quotes if \
                 it has a comma or a quote"
            )),
        }
    };
    lines.map(location).collect()
}

/// The one cell of a line.
fn cell(line: &str) -> Option<String> {
    let Some(quoted) = line.trim_end().strip_prefix('"') else {
        return (!line.contains([',', '"'])).then(|| line.to_owned());
    };
    let inner = quoted.strip_suffix('"')?.replace("\"\"", "\u{0}");
    // What is left of quotes ends the cell before the line ends.
    (!inner.contains('"')).then(|| inner.replace('\u{0}', "\""))
}

fn key(place: &str, location: &str, prefix: &Target) -> Result<String, String> {
    let whole = format!("s3://{}/{}", prefix.bucket, prefix.key);
    let rest = match location.strip_prefix(&whole) {
        Some(rest) => rest,
        None if location.starts_with("s3://") => {
            return Err(format!(
                "{place}, `{location}`, lies outside of `{whole}`; list objects below that, or \
                 give another `S3Uri`"
            ));
        }
        None if location.starts_with('/') => {
            return Err(format!(
                "{place}, `{location}`, is absolute; give what its key has after `{whole}`, or its \
                 whole URI"
            ));
        }
        None => location,
    };
    path::of_key(rest).map_err(|rule| {
        format!("{place}, `{location}`, can't be a file of the model: {rule}; list another name")
    })?;
    Ok(format!("{}{rest}", prefix.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_read_or_refused() {
        let json = |items: &str| format!("[{{\"prefix\": \"s3://b/m/\"}}{items}]");
        for (text, expect) in [
            ("a\nd/b\n", Ok("m/a m/d/b")),
            ("\u{feff}a\r\n\r\nd/b", Ok("m/a m/d/b")),
            ("s3://b/m/a\na\n", Ok("m/a")),
            ("\"a,b\"\n\"c\"\"d\"\n", Ok("m/a,b m/c\"d")),
            (&json(r#", "a", "d/b""#), Ok("m/a m/d/b")),
            (&json(""), Ok("")),
            ("a,b\n", Err("line 1 has more than one column")),
            ("a\n\"b\"c\"\n", Err("line 2 has more than one column")),
            ("/a\n", Err("line 1, `/a`, is absolute")),
            (
                "a\n../b\n",
                Err("line 2, `../b`, can't be a file of the model: a part of its name is `..`"),
            ),
            ("s3://b/mm\n", Err("lies outside of `s3://b/m/`")),
            ("s3://c/m/a\n", Err("lies outside of `s3://b/m/`")),
            ("s3://b/m/\n", Err("a part of its name is empty")),
            ("[\"a\"]", Err("as JSON it is")),
            ("[{", Err("as JSON it is")),
            (&json(r#", {"prefix": "x"}"#), Err("item 2 is another")),
            (r#"[{"prefix": "s3://b/"}, "a"]"#, Err("item 2, `s3://b/a`, lies outside")),
        ] {
            let found = parse(text, &Target::new("b", "m/"));
            match (found, expect) {
                (Ok(keys), Ok(expect)) => {
                    assert_eq!(keys.into_iter().collect::<Vec<_>>().join(" "), expect, "{text}");
                }
                (Err(error), Err(expect)) => assert!(error.contains(expect), "{text}: {error}"),
                (found, expect) => panic!("{text}: {found:?}, not {expect:?}"),
            }
        }
    }
}
