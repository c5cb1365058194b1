//! Content types: what a request's body is, and what its sender accepts.
//!
//! Owns the names of types and the reading of the two headers. The formats themselves are
//! `records`' business.

use crate::media_type::{essence, is_refused, parameters};

/// Formats of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Csv,
    Json,
    JsonLines,
    Libsvm,
    Npy,
    RecordIo,
}

/// Formats of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Csv,
    Json,
    JsonLines,
    Npy,
    RecordIo,
}

/// The names of bodies' formats. The container knows all of them but JSON, JSON Lines and arrays.
const INPUTS: [(&str, Input); 10] = [
    ("text/csv", Input::Csv),
    ("csv", Input::Csv),
    ("text/libsvm", Input::Libsvm),
    ("text/x-libsvm", Input::Libsvm),
    ("libsvm", Input::Libsvm),
    ("application/x-recordio-protobuf", Input::RecordIo),
    ("recordio-protobuf", Input::RecordIo),
    ("application/json", Input::Json),
    ("application/jsonlines", Input::JsonLines),
    ("application/x-npy", Input::Npy),
];

const INPUT_NAMES: &str = "`text/csv`, `csv`, `text/libsvm`, `text/x-libsvm`, `libsvm`, \
     `application/x-recordio-protobuf`, `recordio-protobuf`, `application/json`, \
     `application/jsonlines`, `application/x-npy`";

/// What the container reads to train, and lists as accepted, but refuses to predict.
const TRAINING_ONLY: [&str; 2] = ["application/x-parquet", "parquet"];

const OUTPUTS: [(&str, Output); 6] = [
    ("text/csv", Output::Csv),
    ("csv", Output::Csv),
    ("application/json", Output::Json),
    ("application/jsonlines", Output::JsonLines),
    ("application/x-recordio-protobuf", Output::RecordIo),
    ("application/x-npy", Output::Npy),
];

pub(super) const OUTPUT_NAMES: &str = "`text/csv`, `application/json`, `application/jsonlines`, \
     `application/x-recordio-protobuf`, `application/x-npy`";

impl Input {
    /// The format that a `Content-Type` names, or the reason why its body can't be read. Without
    /// one, a body is libsvm.
    pub(super) fn of(content_type: Option<&str>) -> Result<Self, String> {
        let content_type = content_type.map_or("", str::trim);
        let essence = essence(content_type);
        if essence.is_empty() {
            return Ok(Self::Libsvm);
        }
        match by_name(&INPUTS, essence) {
            Some(Self::Csv) => label_size_is_one(content_type).map(|()| Self::Csv),
            Some(input) => Ok(input),
            None if TRAINING_ONLY.iter().any(|name| name.eq_ignore_ascii_case(essence)) => {
                Err(format!(
                    "content type `{essence}` is for training, not for predictions; send one of \
                     {INPUT_NAMES}"
                ))
            }
            None => {
                Err(format!("content type `{essence}` is not accepted; send one of {INPUT_NAMES}"))
            }
        }
    }

    /// The format's name for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::Libsvm => "text/libsvm",
            Self::Npy => "application/x-npy",
            Self::RecordIo => "application/x-recordio-protobuf",
        }
    }
}

/// The container insists that a `label_size` is 1, though nothing is cut off when it predicts.
fn label_size_is_one(content_type: &str) -> Result<(), String> {
    for (name, value) in parameters(content_type) {
        if name.eq_ignore_ascii_case("label_size") && value != "1" {
            return Err(format!(
                "`label_size` of content type `text/csv` is `{value}`, must be 1 or left out"
            ));
        }
    }
    Ok(())
}

impl Output {
    /// The format that an `Accept` asks for: the first in its list that can be had. `None` if none
    /// can. `default` is meant by an empty list and by `*/*`.
    pub(super) fn of(accept: Option<&str>, default: Self) -> Option<Self> {
        let accept = accept.map_or("", str::trim);
        if accept.is_empty() {
            return Some(default);
        }
        let wanted = accept.split(',').filter(|range| !is_refused(range));
        wanted.map(essence).find_map(|range| match range {
            "*/*" => Some(default),
            "text/*" => Some(Self::Csv),
            "application/*" => Some(Self::Json),
            name => Self::by_name(name),
        })
    }

    pub(super) fn by_name(essence: &str) -> Option<Self> {
        by_name(&OUTPUTS, essence)
    }

    /// The `Content-Type` of the answer; the charset of CSV is what the container's server adds.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::Npy => "application/x-npy",
            Self::RecordIo => "application/x-recordio-protobuf",
        }
    }
}

fn by_name<T: Copy>(table: &[(&str, T)], essence: &str) -> Option<T> {
    let named = table.iter().find(|(name, _)| name.eq_ignore_ascii_case(essence));
    named.map(|(_, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (content_type, expect) in [
            ("text/csv", Ok(Input::Csv)),
            ("csv", Ok(Input::Csv)),
            (" Text/CSV ; charset=UTF-8", Ok(Input::Csv)),
            ("text/csv; label_size=1", Ok(Input::Csv)),
            ("text/csv;label_size = 1; charset=utf-8", Ok(Input::Csv)),
            ("text/csv;label_size=0", Err("`label_size`")),
            ("text/csv; label_size=1=1", Err("`label_size`")),
            ("text/csv; label_size=1; label_size=2", Err("`label_size`")),
            ("label_size=1; text/csv", Err("not accepted")),
            ("application/json", Ok(Input::Json)),
            ("application/json; charset=utf-8", Ok(Input::Json)),
            ("application/jsonlines; charset=utf-8", Ok(Input::JsonLines)),
            ("text/libsvm", Ok(Input::Libsvm)),
            ("text/x-libsvm ;charset=utf8", Ok(Input::Libsvm)),
            ("libsvm", Ok(Input::Libsvm)),
            ("", Ok(Input::Libsvm)),
            ("; charset=utf-8", Ok(Input::Libsvm)),
            ("application/x-recordio-protobuf", Ok(Input::RecordIo)),
            ("recordio-protobuf", Ok(Input::RecordIo)),
            ("application/x-npy", Ok(Input::Npy)),
            ("application/x-parquet", Err("is for training")),
            ("parquet", Err("is for training")),
            ("application/xml", Err("not accepted")),
            ("application/jsonx", Err("not accepted")),
        ] {
            match (Input::of(Some(content_type)), expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{content_type}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{content_type}: {found}"),
                (found, expect) => panic!("{content_type}: {found:?}, expected {expect:?}"),
            }
        }
        assert_eq!(Input::of(None), Ok(Input::Libsvm));
    }

    #[test]
    fn every_name_is_listed_where_a_sender_is_told_what_to_send() {
        for (name, _) in INPUTS {
            assert!(INPUT_NAMES.contains(&format!("`{name}`")), "{name}");
        }
        for (name, output) in OUTPUTS {
            let listed = OUTPUT_NAMES.contains(&format!("`{name}`"));
            assert!(listed || output == Output::Csv, "{name}");
            assert!(name == "csv" || output.content_type().starts_with(name), "{name}");
        }
    }

    #[test]
    fn accept_lists() {
        for (accept, expect) in [
            ("", Some(Output::JsonLines)),
            ("*/*", Some(Output::JsonLines)),
            ("text/csv", Some(Output::Csv)),
            ("application/json", Some(Output::Json)),
            ("Application/JSON; charset=utf-8", Some(Output::Json)),
            ("application/jsonlines", Some(Output::JsonLines)),
            ("application/x-recordio-protobuf", Some(Output::RecordIo)),
            ("application/x-npy", Some(Output::Npy)),
            ("image/png, application/json;q=0.5, text/csv", Some(Output::Json)),
            ("application/json;q=0, text/*", Some(Output::Csv)),
            ("application/*;q=0.9", Some(Output::Json)),
            ("text/csv; q=0.0", None),
            ("image/png", None),
            ("recordio-protobuf", None),
            ("text/libsvm", None),
        ] {
            assert_eq!(Output::of(Some(accept), Output::JsonLines), expect, "{accept}");
        }
        assert_eq!(Output::of(None, Output::Csv), Some(Output::Csv));
    }
}
