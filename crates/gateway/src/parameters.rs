//! The grammar of parameter mappings: where a value comes from and where it goes.
//!
//! `integration.request.header.X` ← `method.request.querystring.y`, `'static'`,
//! `stageVariables.z`, `context.w`; `method.response.header.X` ← `integration.response.header.y`.
//! What the values are is the pipeline's.

/// Where a mapped value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A placeholder in the integration's address.
    Path(String),
    /// A parameter of the integration's query.
    Query(String),
    /// A header of the integration's request.
    Header(String),
    /// A header of the method's answer.
    Answer(String),
}

/// Where a mapped value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A text as it stands.
    Static(String),
    /// A parameter of the path.
    Path(String),
    /// The last value of a parameter of the query.
    Query(String),
    /// All values of a parameter of the query.
    Queries(String),
    /// The last value of a header.
    Header(String),
    /// All values of a header.
    Headers(String),
    /// The body, or what a JSON path selects of it.
    Body(Option<String>),
    /// A variable of the stage.
    StageVariable(String),
    /// What `$context` has under a dotted name.
    Context(String),
}

/// Reads the left side of a mapping.
pub(crate) fn target(text: &str) -> Option<Target> {
    if let Some(name) = text.strip_prefix("method.response.header.") {
        return name_of(name).map(Target::Answer);
    }
    let (place, name) = text.strip_prefix("integration.request.")?.split_once('.')?;
    let name = name_of(name)?;
    match place {
        "path" => Some(Target::Path(name)),
        "querystring" => Some(Target::Query(name)),
        "header" => Some(Target::Header(name)),
        _ => None,
    }
}

/// Reads the left side of a gateway response's mapping.
pub(crate) fn gateway_header(text: &str) -> Option<&str> {
    text.strip_prefix("gatewayresponse.header.").filter(|name| !name.is_empty())
}

impl Source {
    /// Reads the right side of a mapping of the request.
    pub(crate) fn of_request(text: &str) -> Option<Self> {
        Self::anywhere(text).or_else(|| Self::placed(text.strip_prefix("method.request.")?, true))
    }

    /// Reads the right side of a mapping of the answer.
    pub(crate) fn of_response(text: &str) -> Option<Self> {
        Self::anywhere(text)
            .or_else(|| Self::placed(text.strip_prefix("integration.response.")?, false))
    }

    fn anywhere(text: &str) -> Option<Self> {
        if let Some(quoted) = text.strip_prefix('\'') {
            return quoted.strip_suffix('\'').map(|text| Self::Static(text.to_owned()));
        }
        if let Some(name) = text.strip_prefix("stageVariables.") {
            return name_of(name).map(Self::StageVariable);
        }
        text.strip_prefix("context.").and_then(name_of).map(Self::Context)
    }

    fn placed(text: &str, request: bool) -> Option<Self> {
        if text == "body" {
            return Some(Self::Body(None));
        }
        let (place, name) = text.split_once('.')?;
        let name = name_of(name)?;
        match place {
            "body" => Some(Self::Body(Some(format!("$.{name}")))),
            "header" => Some(Self::Header(name)),
            "multivalueheader" => Some(Self::Headers(name)),
            "path" if request => Some(Self::Path(name)),
            "querystring" if request => Some(Self::Query(name)),
            "multivaluequerystring" if request => Some(Self::Queries(name)),
            _ => None,
        }
    }
}

fn name_of(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let check = |text: &str, expect: Option<Target>| assert_eq!(target(text), expect, "{text}");
        check("integration.request.path.id", Some(Target::Path("id".into())));
        check("integration.request.querystring.q", Some(Target::Query("q".into())));
        check("integration.request.header.X-A", Some(Target::Header("X-A".into())));
        check("method.response.header.ETag", Some(Target::Answer("ETag".into())));
        for text in ["integration.request.body.a", "integration.request.header.", "x", ""] {
            check(text, None);
        }
    }

    #[test]
    fn sources_are_read() {
        let check = |text: &str, expect: Option<Source>| {
            assert_eq!(Source::of_request(text), expect, "{text}");
        };
        check("'a b'", Some(Source::Static("a b".into())));
        check("method.request.path.id", Some(Source::Path("id".into())));
        check("method.request.multivaluequerystring.q", Some(Source::Queries("q".into())));
        check("method.request.body", Some(Source::Body(None)));
        check("method.request.body.a[0].b", Some(Source::Body(Some("$.a[0].b".into()))));
        check("stageVariables.v", Some(Source::StageVariable("v".into())));
        check("context.identity.sourceIp", Some(Source::Context("identity.sourceIp".into())));
        for text in ["true", "'open", "method.request.cookie.a", "integration.response.header.a"] {
            check(text, None);
        }
        assert_eq!(
            Source::of_response("integration.response.header.ETag"),
            Some(Source::Header("ETag".into()))
        );
        assert_eq!(Source::of_response("integration.response.path.a"), None);
    }
}
