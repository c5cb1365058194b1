//! The address of an integration: `{name}` and `${stageVariables.x}` filled in.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{Pairs, last};

/// What stays as it is in a path: RFC 3986's unreserved characters, and what parts a greedy value.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// What stays as it is in a query.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b',')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'*')
    .remove(b'(')
    .remove(b')');

/// The address with `${stageVariables.name}` and `{name}` replaced; the values of the latter are
/// escaped. A placeholder that has no value stays, as on AWS.
pub(crate) fn filled<'t>(
    template: &'t str,
    path: &Pairs<'_>,
    variables: &Pairs<'_>,
) -> Cow<'t, str> {
    if !template.bytes().any(|byte| matches!(byte, b'$' | b'{')) {
        return template.into();
    }
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(start) = rest.find(['$', '{']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = variable(&mut out, rest, variables)
            .or_else(|| placeholder(&mut out, rest, path))
            .unwrap_or_else(|| {
                out.push_str(&rest[..1]);
                &rest[1..]
            });
    }
    out.push_str(rest);
    out.into()
}

/// Writes the stage variable at the start of `rest` and says what follows it.
fn variable<'r>(out: &mut String, rest: &'r str, variables: &Pairs<'_>) -> Option<&'r str> {
    let (name, after) = rest.strip_prefix("${stageVariables.")?.split_once('}')?;
    out.push_str(last(variables, name).unwrap_or_default());
    Some(after)
}

/// Writes the value at the start of `rest` and says what follows it.
fn placeholder<'r>(out: &mut String, rest: &'r str, path: &Pairs<'_>) -> Option<&'r str> {
    let (name, after) = rest.strip_prefix('{')?.split_once('}')?;
    let value = last(path, name.trim_end_matches('+'))?;
    out.extend(utf8_percent_encode(value, IN_PATH));
    Some(after)
}

/// A query as it is sent.
pub(crate) fn query_text(query: &Pairs<'_>) -> String {
    let mut out = String::new();
    for (name, value) in query {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name, IN_QUERY));
        out.push('=');
        out.extend(utf8_percent_encode(value, IN_QUERY));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_escaped() {
        let pairs = |pairs: &[(&'static str, &'static str)]| -> Pairs<'static> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let path = pairs(&[("id", "a b?"), ("proxy", "x/y z")]);
        let variables = pairs(&[("host", "example.com"), ("v", "1")]);
        let check = |template: &str, expect: &str| {
            assert_eq!(filled(template, &path, &variables), expect, "{template}");
        };
        check(
            "http://${stageVariables.host}/v${stageVariables.v}/{id}",
            "http://example.com/v1/a%20b%3F",
        );
        check("http://h/{proxy+}", "http://h/x/y%20z");
        check("http://h/{proxy}", "http://h/x/y%20z");
        check("http://h/{other}/$x${stageVariables.no}", "http://h/{other}/$x");
        assert_eq!(query_text(&pairs(&[("a b", "1&2"), ("c", "x,y")])), "a%20b=1%262&c=x,y");
    }
}
