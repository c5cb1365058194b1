//! What can be changed of a stage: a vocabulary of paths that is its own.
//!
//! Settings of methods are written as `/{path}/{METHOD}/{group}/{name}`, with the slashes of the
//! path as `~1`; a canary is promoted by copying its parts onto the stage's.

use resources::{
    Error,
    rest_apis::{ApiStage, CanarySettings},
};
use serde_json::Value;

use super::{
    patch::{Manner, PatchOperation, Rule, patched, segments, typed},
    refusals::invalid,
};

const RULES: &[Rule] = &[
    Rule::text("/deploymentId"),
    Rule::text("/description"),
    Rule::flag("/cacheClusterEnabled"),
    Rule::text("/cacheClusterSize"),
    Rule::text("/clientCertificateId"),
    Rule::text("/documentationVersion"),
    Rule::flag("/tracingEnabled"),
    Rule::text("/variables/*").any_op(),
    Rule::text("/canarySettings/stageVariableOverrides/*").any_op(),
    Rule::text("/canarySettings/deploymentId"),
    Rule::flag("/canarySettings/useStageCache"),
];

/// Of a method's settings: the path below `/{path}/{METHOD}/`, the member, what it is.
const METHOD_SETTINGS: [(&str, &str, Kind); 10] = [
    ("metrics/enabled", "metricsEnabled", Kind::Flag),
    ("logging/dataTrace", "dataTraceEnabled", Kind::Flag),
    ("logging/loglevel", "loggingLevel", Kind::Level),
    ("throttling/burstLimit", "throttlingBurstLimit", Kind::Whole),
    ("throttling/rateLimit", "throttlingRateLimit", Kind::Number),
    ("caching/enabled", "cachingEnabled", Kind::Flag),
    ("caching/ttlInSeconds", "cacheTtlInSeconds", Kind::Ttl),
    ("caching/dataEncrypted", "cacheDataEncrypted", Kind::Flag),
    (
        "caching/requireAuthorizationForCacheControl",
        "requireAuthorizationForCacheControl",
        Kind::Flag,
    ),
    (
        "caching/unauthorizedCacheControlHeaderStrategy",
        "unauthorizedCacheControlHeaderStrategy",
        Kind::Strategy,
    ),
];

/// The paths as the service names them when it refuses one.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, \
    /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, \
    /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, \
    /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
    /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, \
    /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, \
    /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, \
    /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
    /*/*/caching/requireAuthorizationForCacheControl, \
    /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Level,
    Whole,
    Number,
    Ttl,
    Strategy,
}

/// The stage after the operations.
pub(crate) fn patched_stage(
    mut stage: ApiStage,
    operations: &[PatchOperation],
) -> Result<ApiStage, Error> {
    for operation in operations {
        stage = step(stage, operation)?;
    }
    Ok(stage)
}

fn step(mut stage: ApiStage, operation: &PatchOperation) -> Result<ApiStage, Error> {
    let path = operation.path.as_deref().unwrap_or_default();
    match (operation.op.as_deref().unwrap_or_default(), path) {
        ("copy", _) => copy(&mut stage, operation)?,
        ("remove", "/canarySettings") => stage.canary_settings = None,
        ("remove", "/accessLogSettings") => stage.access_log_settings = None,
        (_, "/canarySettings/percentTraffic") => set_percent(&mut stage, operation)?,
        ("add", "/canarySettings/deploymentId") => {
            return Err(invalid(format!("Invalid add operation with path: {path}")));
        }
        (op, _) if path.starts_with("/accessLogSettings") => access_log(&mut stage, op, operation)?,
        (op, _) => return setting(stage, op, path, operation),
    }
    Ok(stage)
}

/// One path of the rules, else a method's setting.
fn setting(
    mut stage: ApiStage,
    op: &str,
    path: &str,
    operation: &PatchOperation,
) -> Result<ApiStage, Error> {
    let one = std::slice::from_ref(operation);
    if is_known(path) {
        if op == "replace" && path.starts_with("/canarySettings/") {
            canary(&mut stage);
        }
        let stage: ApiStage = patched(&stage, one, RULES, Manner::Names)?;
        return Ok(with_canary_deployment(stage));
    }
    match op {
        "remove" => remove_method_setting(&mut stage, path)?,
        _ => set_method_setting(&mut stage, path, operation)?,
    }
    Ok(stage)
}

fn is_known(path: &str) -> bool {
    let given = segments(path);
    match given.first().map(String::as_str) {
        Some("variables") => given.len() == 2,
        Some("canarySettings") => {
            given.len() == 3 && given[1] == "stageVariableOverrides"
                || given.len() == 2 && matches!(given[1].as_str(), "deploymentId" | "useStageCache")
        }
        _ => RULES.iter().any(|rule| rule.path == path),
    }
}

/// The stage's canary, made if need be.
fn canary(stage: &mut ApiStage) -> &mut CanarySettings {
    stage.canary_settings.get_or_insert_with(CanarySettings::default)
}

/// A canary that was made by a change of its settings serves what the stage serves.
fn with_canary_deployment(mut stage: ApiStage) -> ApiStage {
    if let Some(canary) = &mut stage.canary_settings {
        canary.deployment_id.get_or_insert_with(|| stage.deployment_id.clone());
    }
    stage
}

fn set_percent(stage: &mut ApiStage, operation: &PatchOperation) -> Result<(), Error> {
    let text = operation.value.as_deref().unwrap_or_default();
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    let percent = percent.ok_or_else(|| {
        invalid(format!("Invalid percentTraffic `{text}`; give a number from 0 to 100"))
    })?;
    canary(stage).percent_traffic = percent;
    let deployment = stage.deployment_id.clone();
    canary(stage).deployment_id.get_or_insert(deployment);
    Ok(())
}

fn copy(stage: &mut ApiStage, operation: &PatchOperation) -> Result<(), Error> {
    let from = operation.from.as_deref().unwrap_or_default();
    let to = operation.path.as_deref().unwrap_or_default();
    let Some(canary) = stage.canary_settings.clone() else {
        return Err(if legal_copy(from, to) {
            invalid("Promotion not available. Canary does not exist.")
        } else {
            illegal_copy(from, to)
        });
    };
    match (from, to) {
        ("/canarySettings/deploymentId", "/deploymentId") => {
            stage.deployment_id = canary.deployment_id.unwrap_or_default();
        }
        ("/canarySettings/stageVariableOverrides", "/variables") => {
            stage.variables.extend(canary.stage_variable_overrides.unwrap_or_default());
        }
        _ => return Err(illegal_copy(from, to)),
    }
    Ok(())
}

fn legal_copy(from: &str, to: &str) -> bool {
    matches!(
        (from, to),
        ("/canarySettings/deploymentId", "/deploymentId")
            | ("/canarySettings/stageVariableOverrides", "/variables")
    )
}

fn illegal_copy(from: &str, to: &str) -> Error {
    invalid(format!(
        "Invalid copy operation with path: {to} and from {from}. Valid copy:path are \
         [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
         /canarySettings/stageVariableOverrides]"
    ))
}

fn access_log(stage: &mut ApiStage, op: &str, operation: &PatchOperation) -> Result<(), Error> {
    let path = operation.path.as_deref().unwrap_or_default();
    if op == "remove" {
        return Err(no_setting(path));
    }
    let member = path.strip_prefix("/accessLogSettings/").unwrap_or_default();
    if !matches!(member, "destinationArn" | "format") {
        return Err(invalid(
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, \
             /accessLogSettings/format]",
        ));
    }
    let value = operation.value.clone().filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| invalid("Access Log value must not be empty"))?;
    let settings = stage.access_log_settings.get_or_insert_default();
    settings.insert(member.to_owned(), value);
    Ok(())
}

fn no_setting(path: &str) -> Error {
    let name = path.trim_start_matches('/');
    invalid(format!(
        "Cannot remove method setting {name} because there is no method setting for this method "
    ))
}

/// `/{path}/{METHOD}`, as the stage names it: without the path's first slash.
fn method_key(path: &str) -> Option<String> {
    let (resource, method) = path.strip_prefix('/')?.split_once('/')?;
    let resource = resource.strip_prefix("~1").unwrap_or(resource);
    (!method.is_empty() && !method.contains('/')).then(|| format!("{resource}/{method}"))
}

fn remove_method_setting(stage: &mut ApiStage, path: &str) -> Result<(), Error> {
    let removed = method_key(path).and_then(|key| stage.method_settings.remove(&key));
    removed.map(drop).ok_or_else(|| no_setting(path))
}

fn set_method_setting(
    stage: &mut ApiStage,
    path: &str,
    operation: &PatchOperation,
) -> Result<(), Error> {
    let unknown =
        || invalid(format!("Invalid method setting path: {path}. Must be one of: [{PATHS}]"));
    let mut parts = path.rsplitn(3, '/');
    let (name, group, method) = (parts.next(), parts.next(), parts.next());
    let setting = format!("{}/{}", group.unwrap_or_default(), name.unwrap_or_default());
    let known = METHOD_SETTINGS.iter().find(|(path, ..)| *path == setting);
    let key = method.and_then(method_key);
    let (Some((_, member, kind)), Some(key)) = (known, key) else { return Err(unknown()) };
    let value = value_of(*kind, operation.value.as_deref().unwrap_or_default())
        .ok_or_else(|| invalid(format!("Invalid value for method setting {path}")))?;
    let before = stage.method_settings.entry(key).or_default();
    let mut object = serde_json::to_value(&*before).map_err(Error::internal)?;
    object[*member] = value;
    *before = typed(object)?;
    Ok(())
}

fn value_of(kind: Kind, text: &str) -> Option<Value> {
    Some(match kind {
        Kind::Flag => text.eq_ignore_ascii_case("true").into(),
        Kind::Level => matches!(text, "OFF" | "ERROR" | "INFO").then(|| text.into())?,
        Kind::Whole => text.parse::<i64>().ok()?.into(),
        Kind::Number => text.parse::<f64>().ok().filter(|rate| rate.is_finite())?.into(),
        Kind::Ttl => text.parse::<i64>().ok().filter(|ttl| (0..=3600).contains(ttl))?.into(),
        Kind::Strategy => text.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(op: &str, path: &str, value: &str) -> PatchOperation {
        PatchOperation {
            op: Some(op.to_owned()),
            path: Some(path.to_owned()),
            value: Some(value.to_owned()),
            from: None,
        }
    }

    fn stage() -> ApiStage {
        let deployment_id = "d1".to_owned();
        ApiStage { stage_name: "dev".to_owned(), deployment_id, ..ApiStage::default() }
    }

    #[test]
    fn method_settings_are_set_by_path() {
        let operations = [
            operation("replace", "/*/*/throttling/burstLimit", "123"),
            operation("replace", "/~1a~1{id}/GET/caching/enabled", "true"),
        ];
        let settings = patched_stage(stage(), &operations).expect("legal").method_settings;
        assert_eq!(settings["*/*"].throttling_burst_limit, Some(123));
        assert!(settings["a~1{id}/GET"].caching_enabled);
        let reset = [operation("remove", "/*/*", "")];
        let error = patched_stage(stage(), &reset).expect_err("nothing to remove");
        assert!(error.message().starts_with("Cannot remove method setting */* because"));
    }

    #[test]
    fn a_canary_is_made_changed_and_promoted() {
        let mut after = patched_stage(
            stage(),
            &[
                operation("replace", "/canarySettings/deploymentId", "d2"),
                operation("replace", "/canarySettings/percentTraffic", "50"),
                operation("replace", "/canarySettings/stageVariableOverrides/v", "new"),
            ],
        )
        .expect("legal");
        let canary = after.canary_settings.clone().expect("a canary");
        assert_eq!((canary.deployment_id.as_deref(), canary.percent_traffic), (Some("d2"), 50.0));
        let copy = |from: &str, path: &str| PatchOperation {
            from: Some(from.to_owned()),
            ..operation("copy", path, "")
        };
        let promotion = [
            copy("/canarySettings/deploymentId", "/deploymentId"),
            copy("/canarySettings/stageVariableOverrides", "/variables"),
            operation("remove", "/canarySettings", ""),
        ];
        after = patched_stage(after, &promotion).expect("legal");
        assert_eq!(after.deployment_id, "d2");
        assert_eq!(after.variables["v"], "new");
        assert_eq!(after.canary_settings, None);
        let again = patched_stage(after, &promotion[..1]).expect_err("no canary is left");
        assert_eq!(again.message(), "Promotion not available. Canary does not exist.");
    }
}
