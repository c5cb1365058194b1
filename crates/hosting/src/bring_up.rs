//! Bringing a deployment up: fetch each variant's artifact and open its model. Laying out what
//! serves, and publishing it, is the reconciler's.

use std::{path::PathBuf, sync::Arc};

use engine_api::{Engine, Explaining, LogSink, ModelSource};
use resources::{
    AdditionalSource, Container, DeployedVariant, Deployment, Explainer, ModelDataForm,
    ModelDataSource,
};
use store::{ArtifactError, ArtifactId, Etags, Look, Source};

use crate::{
    Hosting,
    engine_calls::{self, Interruption},
    instance_log::InstanceLog,
    routes::Serving,
};

/// A deployment whose models are open, and the record of it with every artifact named.
#[derive(Debug)]
pub(crate) struct BroughtUp {
    pub(crate) deployment: Deployment,
    /// One for each variant, in their order.
    pub(crate) models: Vec<OpenModel>,
}

/// A model that answers, and where it logs.
#[derive(Clone, Debug)]
pub(crate) struct OpenModel {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) log: Arc<dyn LogSink>,
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

/// What is to be brought up.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) endpoint: String,
    pub(crate) deployment: Deployment,
    /// What serves meanwhile. A variant planned with a model that is open there shares it.
    pub(crate) beside: Option<Arc<Serving>>,
}

/// Brings up every variant, one after the other.
pub(crate) async fn deployment(hosting: Hosting, plan: Plan) -> Result<BroughtUp, FailureReason> {
    let Plan { endpoint, mut deployment, beside } = plan;
    let mut models = Vec::with_capacity(deployment.variants.len());
    for planned in &mut deployment.variants {
        if let Some(open) = beside.as_ref().and_then(|beside| beside.open_model(planned)) {
            models.push(open);
            continue;
        }
        // One at a time of those that may start together; waiting here is not starting yet.
        let _turn = hosting.shared.starts.acquire().await;
        let log = hosting.stream(&endpoint, planned);
        let explainer = deployment.explainer.as_deref();
        match in_time(&hosting, planned, (explainer, &log)).await {
            Ok(engine) => models.push(OpenModel { engine, log }),
            Err(cause) => {
                log.line(&cause);
                return Err(FailureReason::of(&planned.name, &cause));
            }
        }
    }
    Ok(BroughtUp { deployment, models })
}

async fn in_time(
    hosting: &Hosting,
    planned: &mut DeployedVariant,
    (explainer, log): (Option<&Explainer>, &Arc<dyn LogSink>),
) -> Result<Arc<dyn Engine>, String> {
    let limit = hosting.on().limits.startup_timeout;
    let start = async {
        let directory = fetch(hosting, planned).await?;
        let model = Unopened {
            container: planned.container.clone(),
            directory,
            explainer: explainer.cloned(),
            log: Arc::clone(log),
        };
        match open(hosting, model.clone()).await {
            Err(_) if mended(hosting, planned).await? => open(hosting, model).await,
            opened => opened,
        }
    };
    let late = || {
        format!(
            "it was not ready within {limit:?}; give it less to read, or raise the server's \
             `startup-timeout-seconds`"
        )
    };
    tokio::time::timeout(limit, start).await.unwrap_or_else(|_| Err(late()))
}

/// The artifact's directory. An artifact fetched before a restart is used as it was, even if the
/// object has changed since.
async fn fetch(hosting: &Hosting, planned: &mut DeployedVariant) -> Result<PathBuf, String> {
    fetch_additional(hosting, planned).await?;
    let Some(from) = source(&planned.container) else {
        return Err(format!(
            "model `{}` has no ModelDataUrl; give it one that names a model.tar.gz",
            planned.model_name
        ));
    };
    let id = fetched(hosting, from, planned.artifact_id.as_ref()).await?;
    let path = hosting.on().store.artifacts().path(&id);
    planned.artifact_id = Some(id.0);
    Ok(path)
}

/// Fetches what the container is to have besides its model. Those that serve in this process do not
/// read it, as the images' own algorithms do not; it is kept and named all the same.
async fn fetch_additional(hosting: &Hosting, planned: &mut DeployedVariant) -> Result<(), String> {
    for AdditionalSource { channel, source } in &planned.container.additional_sources {
        let kept = planned.additional_artifact_ids.get(channel);
        let id = fetched(hosting, told(source), kept)
            .await
            .map_err(|cause| format!("additional model data, channel `{channel}`: {cause}"))?;
        planned.additional_artifact_ids.insert(channel.clone(), id.0);
    }
    Ok(())
}

/// The artifact that was fetched before, mended if it needs to be, or a new one.
async fn fetched(
    hosting: &Hosting,
    from: (Source<'_>, Etags<'_>),
    kept: Option<&String>,
) -> Result<ArtifactId, String> {
    let artifacts = hosting.on().store.artifacts();
    let Some(kept) = kept else { return answered(artifacts.fetch_if(from.0, from.1).await).await };
    let id = ArtifactId(kept.clone());
    answered(artifacts.mend(&id, from, Look::Sizes).await).await?;
    Ok(id)
}

/// Whether the artifact of a model that can't be opened had come to harm, and is whole again.
async fn mended(hosting: &Hosting, planned: &DeployedVariant) -> Result<bool, String> {
    let (Some(id), Some(from)) = (&planned.artifact_id, source(&planned.container)) else {
        return Ok(false);
    };
    let id = ArtifactId(id.clone());
    answered(hosting.on().store.artifacts().mend(&id, from, Look::Bytes).await).await
}

/// What the store did, or what the endpoint's owner is told.
async fn answered<T>(done: Result<T, ArtifactError>) -> Result<T, String> {
    match done {
        Err(ArtifactError::Fault(store::Error::Closed)) => stopping().await,
        done => done.map_err(|error| cause(&error)),
    }
}

/// Where a container's model is to be had, and what it must be.
fn source(container: &Container) -> Option<(Source<'_>, Etags<'_>)> {
    if let Some(source) = &container.model_data_source {
        return Some(told(source));
    }
    let url = container.model_data_url.as_deref()?;
    Some((Source::Archive(url), Etags::default()))
}

/// A source in the store's words.
fn told(source: &ModelDataSource) -> (Source<'_>, Etags<'_>) {
    let ModelDataSource { uri, form, etag, manifest } = source;
    let listed = manifest.as_ref().map(|manifest| &*manifest.uri);
    let place = match (form, listed) {
        (ModelDataForm::Archive, _) => Source::Archive(uri),
        (ModelDataForm::File, _) => Source::File(uri),
        (ModelDataForm::Prefix, Some(manifest)) => Source::Listed { prefix: uri, manifest },
        (ModelDataForm::Prefix, None) => Source::Prefix(uri),
    };
    let of_manifest = manifest.as_ref().and_then(|manifest| manifest.etag.as_deref());
    (place, Etags { object: etag.as_deref(), manifest: of_manifest })
}

/// What the endpoint's owner is told. A fault of the disk is not theirs to mend, but theirs to know.
fn cause(error: &ArtifactError) -> String {
    match error {
        ArtifactError::Fault(fault) if fault.is_disk_full() => {
            "the server's disk is full, so that its artifact could not be kept; free space there, \
             then create or update the endpoint again"
                .to_owned()
        }
        ArtifactError::Fault(fault) => {
            let mut text = format!("{error}: {fault}");
            let mut source = std::error::Error::source(fault);
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            format!("{text}; once the server's disk works, create or update the endpoint again")
        }
        _ => error.to_string(),
    }
}

/// A model to be opened, which can move to another thread.
#[derive(Clone)]
struct Unopened {
    container: Container,
    directory: PathBuf,
    explainer: Option<Explainer>,
    log: Arc<dyn LogSink>,
}

impl Unopened {
    fn source(&self) -> ModelSource<'_> {
        ModelSource {
            image: &self.container.image,
            directory: &self.directory,
            environment: &self.container.environment,
            log: &self.log,
            explaining: self.explainer.as_ref().map(explaining),
        }
    }
}

fn explaining(explainer: &Explainer) -> Explaining<'_> {
    let baseline = explainer.baseline.as_ref();
    Explaining {
        enable: explainer.enable.as_deref(),
        feature_headers: &explainer.feature_headers,
        feature_types: &explainer.feature_types,
        label_headers: &explainer.label_headers,
        baseline: baseline.map(|baseline| (&*baseline.rows, &*baseline.content_type)),
    }
}

/// Opens a model on a blocking thread, since reading one is work.
async fn open(hosting: &Hosting, model: Unopened) -> Result<Arc<dyn Engine>, String> {
    let engines = Arc::clone(&hosting.on().engines);
    let opening = engine_calls::apart(&hosting.on().background, async move || {
        engines.open(model.source()).await
    });
    match opening.await {
        Ok(opened) => opened.map_err(|error| error.message),
        Err(Interruption::Panicked(text)) => {
            Err(format!("the engine panicked while it read the model: {text}"))
        }
        Err(Interruption::Stopping) => stopping().await,
    }
}

/// A stop is no failure of the endpoint: nothing is said of it any more, and the next start brings
/// it up. This task ends with the runtime.
async fn stopping<T>() -> T {
    std::future::pending().await
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
