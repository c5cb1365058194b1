//! Object2Vec in this process: two things, each a list of tokens, are embedded, compared, and scored.
//!
//! `hyperparameters` reads what kind of network it is, `weights` its tensors, `network` computes,
//! `plain` and `request` read bodies, `media` the content types, `invoke` answers calls. The format of the artifact
//! stands in [`hyperparameters`] and [`weights`]; SageMaker's own algorithm writes its networks for
//! MXNet, which is not read.

mod hyperparameters;
mod invoke;
mod media;
mod network;
mod plain;
mod request;
mod weights;

use std::{
    fmt,
    fs::{self, Metadata},
    io,
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use engine_api::{LogSink, ModelSource, OpenError};
pub(crate) use network::Network;

use crate::shared::{Opened, Shared};

const HYPERPARAMETERS: &str = "object2vec.json";
const WEIGHTS: &str = "object2vec.safetensors";
/// Weights beyond this size are refused: they are read into memory as a whole.
const WEIGHTS_BYTES_MAX: u64 = 2 << 30;

/// A loaded network and the log of the instance it answers for.
pub(crate) struct Object2Vec {
    network: Arc<Network>,
    log: Arc<dyn LogSink>,
}

/// Reads the network in the artifact, unless it is `open` already, and proves that it can answer.
pub(crate) fn open(
    source: ModelSource<'_>,
    open: &Shared<Network>,
) -> Result<Object2Vec, OpenError> {
    let started = Instant::now();
    let [hyperparameters, weights] = [HYPERPARAMETERS, WEIGHTS].map(|name| File::of(source, name));
    let (hyperparameters, weights) = (hyperparameters?, weights?);
    let files = [hyperparameters.metadata.clone(), weights.metadata.clone()];
    let Opened { model: network, was_open } =
        open.open(&files, || network(&hyperparameters, &weights))?;
    let in_time = || format!(" in {} ms", started.elapsed().as_millis());
    let how = if was_open { ", which was open already" } else { &in_time() };
    source.log.line(&format!("loaded {WEIGHTS}: {network}{how}"));
    Ok(Object2Vec { network, log: Arc::clone(source.log) })
}

fn network(hyperparameters: &File, weights: &File) -> Result<Network, OpenError> {
    let hyperparameters = hyperparameters::parse(&hyperparameters.read()?)
        .map_err(|why| refuse(HYPERPARAMETERS, &why))?;
    weights::network(&hyperparameters, &weights.read()?).map_err(|why| refuse(WEIGHTS, &why))
}

/// A file of the artifact.
struct File {
    name: &'static str,
    path: PathBuf,
    metadata: Metadata,
}

impl File {
    fn of(source: ModelSource<'_>, name: &'static str) -> Result<Self, OpenError> {
        let path = source.directory.join(name);
        let metadata = fs::metadata(&path).map_err(|error| unreadable(name, &error))?;
        let size = metadata.len();
        if size > WEIGHTS_BYTES_MAX {
            let what =
                format!("has {size} bytes, more than the {WEIGHTS_BYTES_MAX} that are served");
            return Err(refuse(name, &what));
        }
        Ok(Self { name, path, metadata })
    }

    fn read(&self) -> Result<Vec<u8>, OpenError> {
        fs::read(&self.path).map_err(|error| unreadable(self.name, &error))
    }
}

fn unreadable(name: &str, error: &io::Error) -> OpenError {
    let what = format!(
        "can't be read: {error}; an Object2Vec artifact holds `{HYPERPARAMETERS}` and `{WEIGHTS}` \
         at its top level"
    );
    refuse(name, &what)
}

fn refuse(file: &str, why: &str) -> OpenError {
    OpenError { message: format!("model file `{file}` {why}") }
}

impl fmt::Debug for Object2Vec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object2Vec").field("network", &self.network).finish_non_exhaustive()
    }
}
