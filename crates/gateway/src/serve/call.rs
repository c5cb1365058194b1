//! One call on its way through the phases: what came in, and what is known of it.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use percent_encoding::percent_decode_str;
use resources::rest_apis::TextMap;

use super::{
    Deployment,
    log::Log,
    plan::{MethodPlan, Place},
};
use crate::mapping;

/// Names and values as they came.
pub(crate) type Pairs = Vec<(String, String)>;

/// One call.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) surroundings: Surroundings<'a>,
    pub(crate) place: &'a Place,
    pub(crate) plan: &'a MethodPlan,
    pub(crate) parameters: Parameters,
    pub(crate) body: Bytes,
    /// Who signed it, once that is known.
    pub(crate) caller: Option<Caller>,
}

/// What is known of a call before its method is.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) api: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) deployment: &'a Deployment,
    pub(crate) variables: Pairs,
    pub(crate) is_canary: Option<bool>,
    pub(crate) account: &'a resources::Account,
    pub(crate) head: &'a Parts,
    /// The path below the stage, escaped as it came.
    pub(crate) path: &'a str,
    pub(crate) ids: Ids,
    pub(crate) peer: IpAddr,
    pub(crate) received_ms: i64,
    pub(crate) log: Log,
    /// `destinationArn` and `format` of the stage's access log.
    pub(crate) access_log: Option<&'a TextMap>,
}

/// The names under which a call is found again.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) request: String,
    pub(crate) extended: String,
    pub(crate) trace: String,
}

/// Who signed a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) principal: String,
}

/// A call's parameters, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) path: Pairs,
    pub(crate) query: Pairs,
    pub(crate) header: Pairs,
}

impl Parameters {
    /// Reads the query and the headers; the path's come from the router.
    pub(crate) fn of(head: &Parts, path: Pairs) -> Self {
        Self {
            path,
            query: query(head.uri.query().unwrap_or_default()),
            header: headers(&head.headers),
        }
    }
}

/// Names and values, borrowed for a template.
#[derive(Debug)]
pub(crate) struct Borrowed<'p> {
    path: Vec<(&'p str, &'p str)>,
    query: Vec<(&'p str, &'p str)>,
    header: Vec<(&'p str, &'p str)>,
}

impl<'p> Borrowed<'p> {
    pub(crate) fn of(parameters: &'p Parameters) -> Self {
        Self {
            path: borrowed(&parameters.path),
            query: borrowed(&parameters.query),
            header: borrowed(&parameters.header),
        }
    }

    pub(crate) fn parameters(&self) -> mapping::Parameters<'_> {
        mapping::Parameters { path: &self.path, query: &self.query, header: &self.header }
    }
}

/// Pairs of slices.
pub(crate) fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A query's parameters in their order; `&` and `;` part them, a plus is a blank.
pub(crate) fn query(text: &str) -> Pairs {
    let pairs = text.split(['&', ';']).filter(|pair| !pair.is_empty());
    let read = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    });
    read.collect()
}

fn decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn headers(map: &HeaderMap) -> Pairs {
    let read = map.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    read.collect()
}

/// Of values with the same name, the last counts.
pub(crate) fn last<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// As [`last`], for headers, whose names are found whatever their case.
pub(crate) fn last_header<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    let found = pairs.iter().rfind(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_in_order() {
        let check = |text: &str, expect: &[(&str, &str)]| {
            assert_eq!(borrowed(&query(text)), expect, "{text}");
        };
        check("items=101,131,162&", &[("items", "101,131,162")]);
        check("a=1&a=2", &[("a", "1"), ("a", "2")]);
        check("a=b+c%20d&e", &[("a", "b c d"), ("e", "")]);
        check("a=1;b=2", &[("a", "1"), ("b", "2")]);
        check("a=b=c&&", &[("a", "b=c")]);
    }
}
