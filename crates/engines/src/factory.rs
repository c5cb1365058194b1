//! The choice of an engine for a container.
//!
//! Owns the rule which image and environment lead to which engine. How a model is read and
//! answers is the engine's own business.

use std::{pin::Pin, sync::Arc};

use engine_api::{Engine, EngineFactory, ModelSource, OpenError};
use trees::Model;

use crate::{image, native, object2vec, object2vec::Network, shared::Shared};

/// Opens every kind of model that clary serves.
///
/// [`open`](EngineFactory::open) reads files and builds the model on the thread that polls it and
/// never waits for anything else, so it belongs on a thread that may block.
///
/// A file is read once, however many endpoints and variants serve it: they share the model that it
/// became, which goes with the last of them.
#[derive(Debug, Default)]
pub struct Factory {
    models: Shared<Model>,
    networks: Shared<Network>,
}

/// Settings that turn the XGBoost image into something that the native engine is not.
const NOT_NATIVE: [(&str, &str); 2] = [
    ("SAGEMAKER_PROGRAM", "runs a script, and scripts are not served yet"),
    ("SAGEMAKER_MULTI_MODEL", "asks for many models behind one endpoint, which is not served yet"),
];

impl Factory {
    /// A factory of all engines.
    pub fn new() -> Self {
        Self::default()
    }

    fn open_now(&self, source: ModelSource<'_>) -> Result<Arc<dyn Engine>, OpenError> {
        if image::is_xgboost(source.image) {
            refuse_not_native(source)?;
            return Ok(Arc::new(native::open(source, &self.models)?));
        }
        if source.explaining.is_some() {
            return Err(unexplained(source.image));
        }
        if image::is_object2vec(source.image) {
            return Ok(Arc::new(object2vec::open(source, &self.networks)?));
        }
        Err(not_served(source.image))
    }
}

impl EngineFactory for Factory {
    fn open<'a>(
        &'a self,
        source: ModelSource<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn Engine>, OpenError>> + Send + 'a>> {
        Box::pin(async move { self.open_now(source) })
    }
}

fn not_served(image: &str) -> OpenError {
    let message = format!(
        "image `{image}` is not served: use SageMaker's XGBoost image (a path that ends in \
         `/sagemaker-xgboost:<version>`) with a model that XGBoost saved or that Python pickled, or \
         its Object2Vec image (`/object2vec:1`) with a network in safetensors"
    );
    OpenError { message }
}

fn unexplained(image: &str) -> OpenError {
    let message = format!(
        "`ExplainerConfig` is served for tree models behind SageMaker's XGBoost image, not for \
         image `{image}`; leave it out of the endpoint configuration"
    );
    OpenError { message }
}

fn refuse_not_native(source: ModelSource<'_>) -> Result<(), OpenError> {
    let told = NOT_NATIVE.iter().find(|(variable, _)| is_set(source, variable));
    let Some((variable, what)) = told else { return Ok(()) };
    let message = format!(
        "environment variable `{variable}` of image `{}` {what}; \
         without it the model file alone is served",
        source.image
    );
    Err(OpenError { message })
}

fn is_set(source: ModelSource<'_>, variable: &str) -> bool {
    source.environment.get(variable).is_some_and(|value| !value.is_empty() && value != "false")
}
