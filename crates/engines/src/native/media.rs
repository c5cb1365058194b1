//! Content types: what a request's body is, and what its sender accepts.
//!
//! Owns the names of types and the reading of the two headers. The formats themselves are
//! `records`' business.

/// Formats of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Csv,
    Json,
}

/// Formats of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Csv,
    Json,
    JsonLines,
}

pub(super) const INPUTS: &str = "`text/csv`, `application/json`";
pub(super) const OUTPUTS: &str = "`text/csv`, `application/json`, `application/jsonlines`";

/// What the XGBoost container reads besides CSV.
const NOT_YET: [&str; 8] = [
    "libsvm",
    "text/libsvm",
    "text/x-libsvm",
    "parquet",
    "application/x-parquet",
    "recordio-protobuf",
    "application/x-recordio-protobuf",
    "application/x-recordio",
];

impl Input {
    /// The format that a `Content-Type` names, or the reason why its body can't be read.
    pub(super) fn of(content_type: Option<&str>) -> Result<Self, String> {
        let content_type = content_type.map_or("", str::trim);
        let essence = essence(content_type);
        if essence.is_empty() {
            return Err(format!(
                "the request has no content type, which means `text/libsvm` to XGBoost, and that is \
                 not served yet; say which of {INPUTS} the body is"
            ));
        }
        match Self::by_name(essence) {
            Some(Self::Csv) => label_size_is_one(content_type).map(|()| Self::Csv),
            Some(input) => Ok(input),
            None if is_any(essence, &NOT_YET) => {
                Err(format!("content type `{essence}` is not served yet; send one of {INPUTS}"))
            }
            None => Err(format!("content type `{essence}` is not accepted; send one of {INPUTS}")),
        }
    }

    fn by_name(essence: &str) -> Option<Self> {
        if is_any(essence, &["text/csv", "csv"]) {
            return Some(Self::Csv);
        }
        essence.eq_ignore_ascii_case("application/json").then_some(Self::Json)
    }
}

/// The container insists that a `label_size` is 1, though nothing is cut off when it predicts.
fn label_size_is_one(content_type: &str) -> Result<(), String> {
    for parameter in content_type.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.trim().eq_ignore_ascii_case("label_size") && value.trim() != "1" {
            return Err(format!(
                "`label_size` of content type `text/csv` is `{}`, must be 1 or left out",
                value.trim()
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
        let names = [
            ("text/csv", Self::Csv),
            ("csv", Self::Csv),
            ("application/json", Self::Json),
            ("application/jsonlines", Self::JsonLines),
        ];
        let named = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(essence));
        named.map(|(_, output)| *output)
    }

    /// The `Content-Type` of the answer; the charset of CSV is what the container's server adds.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
        }
    }
}

/// Whether a range of `Accept` has the weight 0, which means "anything but this".
fn is_refused(range: &str) -> bool {
    range.split(';').skip(1).any(|parameter| {
        let weight = parameter.trim().strip_prefix("q=").or(parameter.trim().strip_prefix("Q="));
        weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0))
    })
}

/// A type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn is_any(essence: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(essence))
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
            ("text/csv;label_size=0", Err("`label_size`")),
            ("application/json", Ok(Input::Json)),
            ("application/json; charset=utf-8", Ok(Input::Json)),
            ("text/libsvm", Err("not served yet")),
            ("application/x-parquet", Err("not served yet")),
            ("application/xml", Err("not accepted")),
            ("application/jsonx", Err("not accepted")),
            ("", Err("no content type")),
        ] {
            match (Input::of(Some(content_type)), expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{content_type}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{content_type}: {found}"),
                (found, expect) => panic!("{content_type}: {found:?}, expected {expect:?}"),
            }
        }
        assert!(Input::of(None).is_err_and(|text| text.contains("text/libsvm")));
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
            ("image/png, application/json;q=0.5, text/csv", Some(Output::Json)),
            ("application/json;q=0, text/*", Some(Output::Csv)),
            ("application/*;q=0.9", Some(Output::Json)),
            ("text/csv; q=0.0", None),
            ("image/png", None),
            ("application/x-recordio-protobuf", None),
        ] {
            assert_eq!(Output::of(Some(accept), Output::JsonLines), expect, "{accept}");
        }
        assert_eq!(Output::of(None, Output::Csv), Some(Output::Csv));
    }
}
