//! What an integration must be to be accepted: its address, its mappings, its templates.

use resources::{
    Error,
    rest_apis::{Integration, IntegrationType, TextMap},
};

use super::refusals::invalid;
use crate::{
    mapping::Template,
    parameters::{self, Target},
};

/// The error for a time-out out of bounds.
pub(crate) const TIMEOUT: &str = "Timeout should be between 50 ms and 29000 ms";
const TIMEOUT_MS: std::ops::RangeInclusive<i64> = 50..=29_000;
/// Bytes of a mapping template at most.
const TEMPLATE_BYTES_MAX: usize = 300 * 1024;

/// Holds an integration to API Gateway's rules.
pub(crate) fn check(integration: &Integration) -> Result<(), Error> {
    use IntegrationType as Kind;
    if integration.kind != Kind::Mock
        && integration.http_method.as_deref().is_none_or(str::is_empty)
    {
        return Err(invalid("Enumeration value for HttpMethod must be non-empty"));
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind {
        Kind::Mock => {}
        Kind::Http | Kind::HttpProxy => check_http(uri)?,
        Kind::Aws | Kind::AwsProxy => check_arn(uri, integration.kind == Kind::AwsProxy)?,
    }
    if !TIMEOUT_MS.contains(&integration.timeout_in_millis) {
        return Err(invalid(TIMEOUT));
    }
    check_parameters(&integration.request_parameters)?;
    check_templates(integration.request_templates.as_ref())
}

fn check_http(uri: &str) -> Result<(), Error> {
    let starts = ["http://", "https://"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    let host = starts.and_then(|rest| rest.split(['/', '?', '#']).next());
    // A stage variable may be all of the host, or of the address.
    let late = uri.starts_with("${stageVariables.");
    if host.is_some_and(|host| !host.is_empty() && !host.contains('@')) || late {
        return Ok(());
    }
    Err(invalid("Invalid HTTP endpoint specified for URI"))
}

/// `arn:aws:apigateway:{region}:{service}:{path|action}/{rest}`.
fn check_arn(uri: &str, proxy: bool) -> Result<(), Error> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let named = parts.len() >= 5
        && parts[0] == "arn"
        && parts[2] == "apigateway"
        && parts[3..5].iter().all(|part| !part.is_empty());
    if !named {
        return Err(invalid("Invalid ARN specified in the request"));
    }
    let rest = parts.get(5).copied().unwrap_or_default();
    if !rest.starts_with("path/") && !rest.starts_with("action/") {
        return Err(invalid("AWS ARN for integration must contain path or action"));
    }
    let for_functions = matches!(parts[4], "lambda" | "firehose");
    if proxy && !for_functions {
        return Err(invalid(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose \
             stream invocations.",
        ));
    }
    Ok(())
}

fn check_parameters(parameters: &TextMap) -> Result<(), Error> {
    for (target, source) in parameters {
        let target = parameters::target(target).filter(|target| match target {
            Target::Path(_) | Target::Query(_) | Target::Header(_) => true,
            Target::Answer(_) => false,
        });
        if target.is_none() || parameters::Source::of_request(source).is_none() {
            return Err(bad_expression(source));
        }
    }
    Ok(())
}

/// The error for a mapping that is none.
pub(crate) fn bad_expression(expression: &str) -> Error {
    invalid(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression specified: {expression}]"
    ))
}

/// The error for the name of a parameter that is none.
pub(crate) fn bad_parameter(parameter: &str) -> Error {
    invalid(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression parameter specified: {parameter}]"
    ))
}

/// Holds templates to their form: a media type each, not too long, and legal Velocity.
pub(crate) fn check_templates(templates: Option<&TextMap>) -> Result<(), Error> {
    for (media_type, text) in templates.into_iter().flatten() {
        if !media_type.contains('/') && media_type != "$default" {
            return Err(invalid(format!(
                "Validation Result: warnings : [], errors : [Invalid content type specified: \
                 {media_type}]"
            )));
        }
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(invalid(format!(
                "Mapping template for `{media_type}` is longer than {TEMPLATE_BYTES_MAX} bytes, \
                 the most that is accepted"
            )));
        }
        Template::compile(text).map_err(|error| {
            invalid(format!("Invalid mapping template for `{media_type}`: {error}"))
        })?;
    }
    Ok(())
}
