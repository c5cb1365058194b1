//! Content types of bodies and answers.
//!
//! Owns the names of the two formats, and what a request's headers ask for.

use std::ops::RangeInclusive;

use crate::media_type::{essence, is_refused, parameters};

/// How instances and predictions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One object with a list.
    Json,
    /// One object per line.
    JsonLines,
}

const NAMES: [(&str, Format); 2] =
    [("application/json", Format::Json), ("application/jsonlines", Format::JsonLines)];

/// What a sender is told to use.
pub(super) const LISTED: &str = "`application/json`, `application/jsonlines`";

impl Format {
    /// The format that a `Content-Type` names; a body without one is JSON.
    pub(super) fn of_body(content_type: Option<&str>) -> Option<Self> {
        let bare = content_type.and_then(Self::by_bare_name);
        if bare.is_some() {
            return bare;
        }
        match essence(content_type.unwrap_or_default()) {
            "" => Some(Self::Json),
            name => Self::by_name(name),
        }
    }

    /// The first format in a list of `Accept` that can be had. Without one, and for any, it is the
    /// body's.
    pub(super) fn of_answer(accept: Option<&str>, body: Self) -> Option<Self> {
        let bare = accept.and_then(Self::by_bare_name);
        if bare.is_some() {
            return bare;
        }
        let accept = accept.map_or("", str::trim);
        if accept.is_empty() {
            return Some(body);
        }
        let wanted = accept.split(',').filter(|range| !is_refused(range));
        wanted.map(essence).find_map(|range| match range {
            "*/*" | "application/*" => Some(body),
            name => Self::by_name(name),
        })
    }

    /// The format of a header that holds its name and nothing else, as most do.
    fn by_bare_name(header: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == header).map(|(_, format)| *format)
    }

    fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, format)| *format)
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
        }
    }
}

/// How many tokens of each input count, if `infer_max_seqlens=N,N` in a `Content-Type` says so.
pub(super) fn tokens_max(content_type: Option<&str>) -> Result<Option<[usize; 2]>, String> {
    let content_type = content_type.unwrap_or_default();
    if Format::by_bare_name(content_type).is_some() {
        return Ok(None);
    }
    let named =
        parameters(content_type).find(|(name, _)| name.eq_ignore_ascii_case("infer_max_seqlens"));
    let Some((_, value)) = named else { return Ok(None) };
    let length = |text: &str| text.trim().parse().ok().filter(|length| TOKENS.contains(length));
    let lengths = value.split_once(',').and_then(|(a, b)| Some([length(a)?, length(b)?]));
    lengths.map(Some).ok_or_else(|| {
        format!(
            "`infer_max_seqlens` of the content type is `{value}`; it takes two numbers from {} to \
             {}, such as `10,20`",
            TOKENS.start(),
            TOKENS.end()
        )
    })
}

/// What `infer_max_seqlens` can be.
const TOKENS: RangeInclusive<usize> = 1..=5000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_choose_the_formats() {
        assert_eq!(Format::of_body(None), Some(Format::Json));
        assert_eq!(
            Format::of_body(Some("application/json; infer_max_seqlens=3,4")),
            Some(Format::Json)
        );
        assert_eq!(Format::of_body(Some("text/csv")), None);
        for (accept, expect) in [
            (None, Some(Format::JsonLines)),
            (Some("*/*"), Some(Format::JsonLines)),
            (Some("application/json"), Some(Format::Json)),
            (Some("text/csv, application/json;q=0.5"), Some(Format::Json)),
            (Some("application/json;q=0"), None),
            (Some("text/csv"), None),
        ] {
            assert_eq!(Format::of_answer(accept, Format::JsonLines), expect, "{accept:?}");
        }
    }

    #[test]
    fn lengths_of_inputs() {
        for (content_type, expect) in [
            ("application/json", Ok(None)),
            ("application/json; infer_max_seqlens=3,4", Ok(Some([3, 4]))),
            ("application/json;charset=utf-8; Infer_Max_Seqlens = 1, 5000", Ok(Some([1, 5000]))),
            ("application/json; infer_max_seqlens=3", Err(())),
            ("application/json; infer_max_seqlens=0,4", Err(())),
            ("application/json; infer_max_seqlens=3,5001", Err(())),
        ] {
            assert_eq!(tokens_max(Some(content_type)).map_err(drop), expect, "{content_type}");
        }
    }
}
