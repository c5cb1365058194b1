//! Bringing a deployment up: fetch each variant's artifact, open its model, lay out its instances.
//! It only builds; publishing what was built is the reconciler's.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32},
};

use bytes::Bytes;
use engine_api::{Engine, LogSink, ModelSource, OpenError};
use resources::{Container, DeployedVariant, Deployment};
use store::ArtifactId;

use crate::{
    Hosting,
    instance_log::InstanceLog,
    routes::{Instance, Serving, Variant},
};

/// A deployment ready to serve, and the record of it with every artifact named.
#[derive(Debug)]
pub(crate) struct BroughtUp {
    pub(crate) deployment: Deployment,
    pub(crate) serving: Arc<Serving>,
}

/// Why a deployment can't serve: the endpoint's `FailureReason`.
#[derive(Debug)]
pub(crate) struct FailureReason(pub(crate) String);

/// `FailureReason` is at most this long on the wire.
const FAILURE_REASON_CHARS_MAX: usize = 1024;

impl FailureReason {
    fn of(variant: &str, cause: &str) -> Self {
        let text = format!(
            "The primary container for production variant {variant} did not start: {cause}"
        );
        Self(text.chars().take(FAILURE_REASON_CHARS_MAX).collect())
    }
}

/// Brings up every variant, one after the other.
pub(crate) async fn deployment(
    hosting: Hosting,
    endpoint: String,
    mut deployment: Deployment,
) -> Result<BroughtUp, FailureReason> {
    let mut variants = Vec::with_capacity(deployment.variants.len());
    for planned in &mut deployment.variants {
        let limit = hosting.on().limits.startup_timeout;
        let log = hosting.stream(&endpoint, planned);
        let start = variant(&hosting, &endpoint, planned, &log);
        let brought_up = tokio::time::timeout(limit, start).await;
        let cause = match brought_up {
            Ok(Ok(variant)) => {
                variants.push(Arc::new(variant));
                continue;
            }
            Ok(Err(cause)) => cause,
            Err(_) => format!("it was not ready within {} s", limit.as_secs()),
        };
        log.line(&cause);
        return Err(FailureReason::of(&planned.name, &cause));
    }
    let serving = Arc::new(Serving::new(deployment.id.clone(), variants));
    Ok(BroughtUp { deployment, serving })
}

async fn variant(
    hosting: &Hosting,
    endpoint: &str,
    planned: &mut DeployedVariant,
    log: &Arc<dyn LogSink>,
) -> Result<Variant, String> {
    let directory = fetch(hosting, planned).await?;
    let engine = open(hosting, planned.container.clone(), directory, Arc::clone(log))
        .await
        .map_err(|error| error.message)?;
    let instance = || Instance {
        engine: Arc::clone(&engine),
        log: Arc::clone(log),
        calls_max: hosting.on().limits.calls_per_instance,
        calls: AtomicU32::new(0),
    };
    Ok(Variant {
        name: Bytes::from(planned.name.clone()),
        weight: planned.weight,
        instances: (0..planned.instance_count.max(1)).map(|_| instance()).collect(),
        metrics: hosting.on().metrics.variant(endpoint, &planned.name),
    })
}

/// The artifact's directory. An artifact fetched before a restart is used as it was, even if the
/// object has changed since.
async fn fetch(hosting: &Hosting, planned: &mut DeployedVariant) -> Result<PathBuf, String> {
    let artifacts = hosting.on().store.artifacts();
    let kept = planned.artifact_id.clone().map(|id| artifacts.path(&ArtifactId(id)));
    if let Some(path) = kept.filter(|path| path.is_dir()) {
        return Ok(path);
    }
    let Some(url) = &planned.container.model_data_url else {
        return Err(format!(
            "model `{}` has no ModelDataUrl; give it one that names a model.tar.gz",
            planned.model_name
        ));
    };
    let id = artifacts.fetch(url).await.map_err(|error| error.to_string())?;
    let path = artifacts.path(&id);
    planned.artifact_id = Some(id.0);
    Ok(path)
}

/// Opens a model on a blocking thread, since reading one is work.
async fn open(
    hosting: &Hosting,
    container: Container,
    directory: PathBuf,
    log: Arc<dyn LogSink>,
) -> Result<Arc<dyn Engine>, OpenError> {
    let engines = Arc::clone(&hosting.on().engines);
    let background = hosting.on().background.clone();
    let opening = hosting.on().background.spawn_blocking(move || {
        let source = ModelSource {
            image: &container.image,
            directory: &directory,
            environment: &container.environment,
            log: &log,
        };
        background.block_on(engines.open(source))
    });
    opening.await.unwrap_or_else(|panic| {
        Err(OpenError { message: format!("the engine panicked while it read the model: {panic}") })
    })
}

impl Hosting {
    /// The log stream of a variant's instances, named after a fresh instance id.
    fn stream(&self, endpoint: &str, planned: &DeployedVariant) -> Arc<dyn LogSink> {
        let instance_id = format!("i-{:017x}", fastrand::u64(..));
        let group = telemetry::endpoint_group(endpoint);
        let stream = telemetry::instance_stream(&planned.name, &instance_id);
        let clock = Arc::clone(&self.on().clock);
        let writer = self.on().logs.writer(&group, &stream, clock.now());
        Arc::new(InstanceLog { writer, clock })
    }
}
