//! A method as it is served: everything that can be worked out before a call comes.

use std::{array, sync::OnceLock, time::Duration};

use jsonschema::Validator;
use regex_lite::Regex;
use resources::rest_apis::{AuthorizationType, ContentHandling, IntegrationType, Passthrough};

use super::{call::cut, target};
use crate::{
    mapping::Template,
    parameters::{Source, Target},
};

/// A resource with its methods.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) resource_id: String,
    pub(crate) path: String,
    methods: Vec<(String, MethodPlan)>,
}

/// What a call of one method goes through.
#[derive(Debug)]
pub(crate) struct MethodPlan {
    pub(crate) authorization: AuthorizationType,
    pub(crate) api_key_required: bool,
    /// Parameters that must be there, sorted by `{place}.{name}`; none if nobody checks.
    pub(crate) required: Vec<Required>,
    /// Schemas by media type, if the body is checked.
    pub(crate) bodies: Option<ByMediaType<Validator>>,
    pub(crate) integration: IntegrationPlan,
}

/// A parameter that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Required {
    pub(crate) place: ParameterPlace,
    pub(crate) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterPlace {
    Header,
    Path,
    Query,
}

/// What stands behind a method.
#[derive(Debug)]
pub(crate) struct IntegrationPlan {
    pub(crate) kind: IntegrationType,
    pub(crate) http_method: Option<String>,
    pub(crate) target: target::Target,
    pub(crate) credentials: Option<String>,
    pub(crate) mappings: Vec<(Target, Source)>,
    pub(crate) templates: ByMediaType<Template>,
    pub(crate) passthrough: Passthrough,
    pub(crate) content_handling: Option<ContentHandling>,
    pub(crate) timeout: Duration,
    /// Those with a pattern first, by status; then the one without.
    pub(crate) answers: Vec<AnswerPlan>,
}

/// What becomes of an answer.
#[derive(Debug)]
pub(crate) struct AnswerPlan {
    pub(crate) status: u16,
    pub(crate) pattern: Option<StatusPattern>,
    pub(crate) mappings: Vec<(String, Source)>,
    pub(crate) templates: ByMediaType<Template>,
    pub(crate) content_handling: Option<ContentHandling>,
}

/// A pattern that an integration's status must match. Statuses are few, so each is matched once,
/// when the first answer comes, and looked up from then on.
#[derive(Debug)]
pub(crate) struct StatusPattern {
    regex: Regex,
    matched: OnceLock<Box<[bool; STATUSES]>>,
}

/// Statuses have three digits.
const STATUSES: usize = 1000;

impl StatusPattern {
    pub(crate) fn new(regex: Regex) -> Self {
        Self { regex, matched: OnceLock::new() }
    }

    pub(crate) fn matches(&self, status: u16) -> bool {
        let matches = |status: usize| self.regex.is_match(&status.to_string());
        let matched = self.matched.get_or_init(|| Box::new(array::from_fn(matches)));
        matched.get(usize::from(status)).copied().unwrap_or_else(|| matches(status.into()))
    }
}

/// Things by media type; parameters of a media type do not count, nor does its case.
#[derive(Clone, Debug)]
pub(crate) struct ByMediaType<T>(Vec<(String, T)>);

impl Place {
    pub(crate) fn new(
        resource_id: String,
        path: String,
        methods: Vec<(String, MethodPlan)>,
    ) -> Self {
        Self { resource_id, path, methods }
    }

    /// The method of that name, else the one for all.
    pub(crate) fn method(&self, name: &str) -> Option<&MethodPlan> {
        let named = |wanted: &str| self.methods.iter().find(|(name, _)| name == wanted);
        named(name).or_else(|| named("ANY")).map(|(_, plan)| plan)
    }
}

impl ParameterPlace {
    /// The place that a mapping calls by this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "header" | "multivalueheader" => Some(Self::Header),
            "path" => Some(Self::Path),
            "querystring" | "multivaluequerystring" => Some(Self::Query),
            _ => None,
        }
    }
}

impl<T> ByMediaType<T> {
    pub(crate) fn new(entries: Vec<(String, T)>) -> Self {
        let bare = |(name, value): (String, T)| (media_type(&name).to_ascii_lowercase(), value);
        Self(entries.into_iter().map(bare).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands for this media type, else for `$default`, with the name that it stands under.
    pub(crate) fn get(&self, media_type: &str) -> Option<(&str, &T)> {
        self.exact(media_type).or_else(|| self.exact("$default"))
    }

    /// What stands for exactly this media type, with its name.
    pub(crate) fn exact(&self, media_type: &str) -> Option<(&str, &T)> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(media_type));
        found.map(|(name, value)| (name.as_str(), value))
    }

    /// The first, with its media type.
    pub(crate) fn first(&self) -> Option<(&str, &T)> {
        self.0.first().map(|(name, value)| (name.as_str(), value))
    }
}

/// A media type without its parameters.
pub(crate) fn media_type(value: &str) -> &str {
    cut(value, b';').0.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns;

    #[test]
    fn statuses_match_as_their_text_does() {
        for pattern in [r"4\d{2}", "200|503", ".*", "", "5"] {
            let regex = patterns::whole(pattern).expect("a pattern");
            let by_status = StatusPattern::new(regex.clone());
            for status in [0, 5, 99, 200, 404, 499, 500, 503, 999, 1404, u16::MAX] {
                let expect = regex.is_match(&status.to_string());
                assert_eq!(by_status.matches(status), expect, "{pattern} {status}");
            }
        }
    }
}
