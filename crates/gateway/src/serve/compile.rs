//! From a frozen API to what serves it. All or nothing: what cannot be compiled is not deployed.

use std::{collections::HashMap, time::Duration};

use resources::rest_apis::{
    ApiResource, ApiSnapshot, GatewayResponse, Integration, IntegrationResponse, Method,
    RequestValidator, TextMap,
};

use super::{
    plan::{
        AnswerPlan, ByMediaType, IntegrationPlan, MethodPlan, ParameterPlace, Place, Required,
        StatusPattern,
    },
    router::Router,
    target,
};
use crate::{
    mapping::Template,
    parameters::{self, Source, Target},
    patterns, schemas,
};

/// Milliseconds that an integration may take whatever it says.
const TIMEOUT_MS_MAX: i64 = 29_000;

/// A frozen API, ready to serve.
#[derive(Debug)]
pub struct Deployment {
    pub(crate) id: String,
    pub(crate) router: Router<Place>,
    /// The author's own, by kind.
    pub(crate) gateway_responses: HashMap<String, GatewayResponse>,
    pub(crate) binary_media_types: Vec<String>,
    pub(crate) closed: bool,
    /// Bytes of a body from which on it is compressed.
    pub(crate) compressed_from: Option<i64>,
}

/// Why a frozen API cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    place: String,
    problem: String,
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for CompileError {}

impl Deployment {
    /// Compiles a frozen API.
    pub fn compile(id: &str, snapshot: &ApiSnapshot) -> Result<Self, CompileError> {
        let mut router = Router::default();
        for resource in &snapshot.resources {
            if !resource.resource_methods.is_empty() {
                router.insert(&resource.path, place(snapshot, resource)?);
            }
        }
        let own = snapshot.gateway_responses.iter();
        Ok(Self {
            id: id.to_owned(),
            router,
            gateway_responses: own.map(|own| (own.response_type.clone(), own.clone())).collect(),
            binary_media_types: snapshot.api.binary_media_types.clone(),
            closed: snapshot.api.disable_execute_api_endpoint,
            compressed_from: snapshot.api.minimum_compression_size,
        })
    }

    /// Whether bodies of this media type are bytes.
    pub(crate) fn is_binary(&self, media_type: &str) -> bool {
        self.binary_media_types.iter().any(|known| fits(known, media_type))
    }
}

/// Whether a pattern such as `image/*` or `*/*` stands for a media type.
fn fits(pattern: &str, media_type: &str) -> bool {
    if media_type.is_empty() {
        return false;
    }
    match pattern.strip_suffix("/*") {
        Some("*") => true,
        Some(group) => {
            media_type.split_once('/').is_some_and(|(found, _)| found.eq_ignore_ascii_case(group))
        }
        None => pattern.eq_ignore_ascii_case(media_type),
    }
}

fn place(snapshot: &ApiSnapshot, resource: &ApiResource) -> Result<Place, CompileError> {
    let mut methods = Vec::new();
    for (name, method) in &resource.resource_methods {
        let plan = plan(snapshot, method).map_err(|problem| CompileError {
            place: format!("{name} {}", resource.path),
            problem,
        })?;
        methods.push((name.clone(), plan));
    }
    Ok(Place::new(resource.id.clone(), resource.path.clone(), methods))
}

fn plan(snapshot: &ApiSnapshot, method: &Method) -> Result<MethodPlan, String> {
    let integration =
        method.method_integration.as_ref().ok_or("No integration defined for method")?;
    let validator = method.request_validator_id.as_ref().and_then(|id| {
        snapshot.validators.iter().find(|validator: &&RequestValidator| validator.id == *id)
    });
    let checks_parameters =
        validator.is_some_and(|validator| validator.validate_request_parameters);
    let checks_body = validator.is_some_and(|validator| validator.validate_request_body);
    Ok(MethodPlan {
        authorization: method.authorization_type,
        api_key_required: method.api_key_required,
        required: if checks_parameters { required(method) } else { Vec::new() },
        bodies: checks_body.then(|| bodies(snapshot, method)).transpose()?,
        integration: integration_plan(integration)?,
    })
}

fn required(method: &Method) -> Vec<Required> {
    let needed = method.request_parameters.iter().filter(|(_, needed)| **needed);
    // The map is sorted by the whole key, which is the order that callers are told.
    let placed = needed.filter_map(|(key, _)| {
        let (place, name) = key.strip_prefix("method.request.")?.split_once('.')?;
        Some(Required { place: ParameterPlace::named(place)?, name: name.to_owned() })
    });
    placed.collect()
}

fn bodies(
    snapshot: &ApiSnapshot,
    method: &Method,
) -> Result<ByMediaType<jsonschema::Validator>, String> {
    let mut entries = Vec::new();
    for (media_type, name) in &method.request_models {
        let model = snapshot.models.iter().find(|model| model.name == *name);
        let model = model.ok_or_else(|| format!("model `{name}` does not exist"))?;
        let validator = schemas::compile(model, &snapshot.models)
            .map_err(|problem| format!("model `{name}`: {problem}"))?;
        entries.push((media_type.clone(), validator));
    }
    Ok(ByMediaType::new(entries))
}

fn integration_plan(integration: &Integration) -> Result<IntegrationPlan, String> {
    let mut mappings = Vec::new();
    for (target, source) in &integration.request_parameters {
        mappings.push((mapped_target(target)?, mapped_source(Source::of_request(source), source)?));
    }
    let mut answers = Vec::new();
    for response in integration.integration_responses.values() {
        answers.push(answer_plan(response)?);
    }
    answers.sort_by_key(|answer| answer.pattern.is_none());
    Ok(IntegrationPlan {
        kind: integration.kind,
        http_method: integration.http_method.clone(),
        target: target::Target::new(integration.uri.clone().unwrap_or_default()),
        credentials: integration.credentials.clone(),
        mappings,
        templates: templates(integration.request_templates.as_ref())?,
        passthrough: integration.passthrough_behavior,
        content_handling: integration.content_handling,
        timeout: Duration::from_millis(
            integration.timeout_in_millis.clamp(1, TIMEOUT_MS_MAX) as u64
        ),
        answers,
    })
}

fn answer_plan(response: &IntegrationResponse) -> Result<AnswerPlan, String> {
    let pattern = response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(patterns::whole).transpose().map_err(|error| error.to_string())?;
    let mut mappings = Vec::new();
    for (target, source) in &response.response_parameters {
        let source = mapped_source(Source::of_response(source), source)?;
        if let Some(Target::Answer(name)) = parameters::target(target) {
            mappings.push((name, source));
        }
    }
    Ok(AnswerPlan {
        status: response.status_code.parse().map_err(|_| "a status that is no number")?,
        pattern: pattern.map(StatusPattern::new),
        mappings,
        templates: templates(response.response_templates.as_ref())?,
        content_handling: response.content_handling,
    })
}

fn mapped_target(text: &str) -> Result<Target, String> {
    parameters::target(text).ok_or_else(|| format!("`{text}` is no target of a mapping"))
}

fn mapped_source(source: Option<Source>, text: &str) -> Result<Source, String> {
    source.ok_or_else(|| format!("`{text}` is no source of a mapping"))
}

fn templates(texts: Option<&TextMap>) -> Result<ByMediaType<Template>, String> {
    let mut entries = Vec::new();
    for (media_type, text) in texts.into_iter().flatten() {
        let template = Template::compile(text)
            .map_err(|error| format!("the template for `{media_type}`: {error}"))?;
        entries.push((media_type.clone(), template));
    }
    Ok(ByMediaType::new(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_match_by_group_and_by_name() {
        let check = |pattern: &str, media_type: &str, expect: bool| {
            assert_eq!(fits(pattern, media_type), expect, "{pattern} {media_type}");
        };
        check("image/png", "image/PNG", true);
        check("image/png", "image/jpeg", false);
        check("image/*", "image/jpeg", true);
        check("image/*", "text/plain", false);
        check("*/*", "text/plain", true);
        check("*/*", "", false);
    }
}
