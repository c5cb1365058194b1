//! Object2Vec in this process: two things, each a list of tokens, are embedded, compared, and scored.
//!
//! `hyperparameters` reads what kind of network it is, `weights` its tensors, `network` computes,
//! `request` reads bodies, `media` the content types, `invoke` answers calls. The format of the artifact
//! stands in [`hyperparameters`] and [`weights`]; SageMaker's own algorithm writes its networks for
//! MXNet, which is not read.

mod hyperparameters;
mod invoke;
mod media;
mod network;
mod request;
mod weights;

use std::{fmt, path::Path, sync::Arc, time::Instant};

use engine_api::{LogSink, ModelSource, OpenError};
use network::Network;

const HYPERPARAMETERS: &str = "object2vec.json";
const WEIGHTS: &str = "object2vec.safetensors";
/// Weights beyond this size are refused: they are read into memory as a whole.
const WEIGHTS_BYTES_MAX: u64 = 2 << 30;

/// A loaded network and the log of the instance it answers for.
pub(crate) struct Object2Vec {
    network: Network,
    log: Arc<dyn LogSink>,
}

/// Reads the network in the artifact and proves that it can answer.
pub(crate) fn open(source: ModelSource<'_>) -> Result<Object2Vec, OpenError> {
    let started = Instant::now();
    let hyperparameters = hyperparameters::parse(&read(source.directory, HYPERPARAMETERS)?)
        .map_err(|why| refuse(HYPERPARAMETERS, &why))?;
    let weights = read(source.directory, WEIGHTS)?;
    let network =
        weights::network(&hyperparameters, &weights).map_err(|why| refuse(WEIGHTS, &why))?;
    let took = started.elapsed().as_millis();
    source.log.line(&format!("loaded {WEIGHTS}: {network} in {took} ms"));
    Ok(Object2Vec { network, log: Arc::clone(source.log) })
}

fn read(directory: &Path, name: &str) -> Result<Vec<u8>, OpenError> {
    let path = directory.join(name);
    let unreadable = |error: std::io::Error| {
        let what = format!(
            "can't be read: {error}; an Object2Vec artifact holds `{HYPERPARAMETERS}` and \
             `{WEIGHTS}` at its top level"
        );
        refuse(name, &what)
    };
    let size = std::fs::metadata(&path).map_err(unreadable)?.len();
    if size > WEIGHTS_BYTES_MAX {
        let what = format!("has {size} bytes, more than the {WEIGHTS_BYTES_MAX} that are served");
        return Err(refuse(name, &what));
    }
    std::fs::read(&path).map_err(unreadable)
}

fn refuse(file: &str, why: &str) -> OpenError {
    OpenError { message: format!("model file `{file}` {why}") }
}

impl fmt::Debug for Object2Vec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object2Vec").field("network", &self.network).finish_non_exhaustive()
    }
}
