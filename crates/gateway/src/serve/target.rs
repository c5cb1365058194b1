//! The address of an integration: `{name}` and `${stageVariables.x}` filled in, and which AWS
//! service it names. What is the same for every call is worked out once.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{Pairs, last, query};
use crate::aws::{AwsTarget, owned, owned_pairs};

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

/// An address as its author wrote it.
#[derive(Debug)]
pub(crate) struct Target {
    text: String,
    /// Whether nothing in it depends on the call.
    is_fixed: bool,
    /// The AWS service that a fixed address names.
    service: Option<ServiceAddress<'static>>,
}

impl Target {
    pub(crate) fn new(text: String) -> Self {
        let is_fixed = !text.contains(['$', '{']);
        let service = ServiceAddress::read(&text).filter(|_| is_fixed);
        let service = service.map(ServiceAddress::into_owned);
        Self { text, is_fixed, service }
    }

    /// The address for a call with these values.
    pub(crate) fn filled(&self, path: &Pairs<'_>, variables: &Pairs<'_>) -> Cow<'_, str> {
        if self.is_fixed { (&*self.text).into() } else { filled(&self.text, path, variables) }
    }

    /// The AWS service that a filled address names; none if it names none.
    pub(crate) fn service<'s>(&'s self, filled: &'s str) -> Option<ServiceAddress<'s>> {
        match &self.service {
            Some(known) => Some(known.borrowed()),
            None => ServiceAddress::read(filled),
        }
    }
}

/// What of an AWS service is called: `arn:aws:apigateway:{region}:{service}:{path|action}/{rest}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServiceAddress<'a> {
    pub(crate) service: Cow<'a, str>,
    pub(crate) target: AwsTarget<'a>,
    /// The query that stands in the address.
    pub(crate) query: Pairs<'a>,
}

impl<'a> ServiceAddress<'a> {
    fn read(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let service = parts.nth(4)?;
        let rest = parts.next()?;
        let (form, rest) = rest.split_at(rest.find('/')?);
        let (rest, asked) = rest.split_once('?').unwrap_or((rest, ""));
        let target = match form {
            "path" => AwsTarget::Path(with_one_slash(rest).into()),
            "action" => AwsTarget::Action(rest[1..].into()),
            _ => return None,
        };
        Some(Self { service: service.into(), target, query: query(asked) })
    }

    fn into_owned(self) -> ServiceAddress<'static> {
        ServiceAddress {
            service: owned(self.service),
            target: self.target.into_owned(),
            query: owned_pairs(self.query),
        }
    }

    fn borrowed(&self) -> ServiceAddress<'_> {
        ServiceAddress {
            service: (&*self.service).into(),
            target: self.target.borrowed(),
            query: self.query.iter().map(|(n, v)| ((&**n).into(), (&**v).into())).collect(),
        }
    }
}

/// A path that begins with slashes, with one of them.
fn with_one_slash(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes - 1..]
}

/// The address with `${stageVariables.name}` and `{name}` replaced; the values of the latter are
/// escaped. A placeholder that has no value stays, as on AWS.
fn filled<'t>(template: &'t str, path: &Pairs<'_>, variables: &Pairs<'_>) -> Cow<'t, str> {
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

    #[test]
    fn addresses_of_services_are_read() {
        let check = |rest: &str, expect: Option<(&str, AwsTarget<'_>)>| {
            let arn = format!("arn:aws:apigateway:us-east-1:{rest}");
            let arn = Target::new(arn);
            let filled = arn.filled(&Pairs::new(), &Pairs::new());
            let found = arn.service(&filled);
            let found = found.as_ref().map(|found| (&*found.service, found.target.borrowed()));
            assert_eq!(found, expect, "{rest}");
        };
        let path = |path: &'static str| AwsTarget::Path(path.into());
        check("s3:path/bucket/key", Some(("s3", path("/bucket/key"))));
        check(
            "runtime.sagemaker:path//endpoints/e/invocations",
            Some(("runtime.sagemaker", path("/endpoints/e/invocations"))),
        );
        check(
            "sts:action/GetCallerIdentity",
            Some(("sts", AwsTarget::Action("GetCallerIdentity".into()))),
        );
        check(
            "lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations",
            Some((
                "lambda",
                path("/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations"),
            )),
        );
        check("s3:other/x", None);
        check("s3", None);
    }
}
