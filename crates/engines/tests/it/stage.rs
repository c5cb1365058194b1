//! What stands around an engine in these tests: an artifact, a log that is kept, one call.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use engine_api::{
    Answer, Engine, EngineFactory, Explaining, LogSink, ModelSource, OpenError, Outcome, Reply,
    Request,
};
use engines::Factory;

pub(crate) const IMAGE: &str =
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1";

/// Keeps the lines that an engine logs.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LogSink for Lines {
    fn line(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }
}

/// What is to be opened.
pub(crate) struct Stage {
    pub(crate) image: &'static str,
    pub(crate) directory: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) explaining: Option<Explaining<'static>>,
}

impl Stage {
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            image: IMAGE,
            directory: directory.to_owned(),
            environment: BTreeMap::new(),
            lines: Arc::default(),
            explaining: None,
        }
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.insert(variable.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn Engine>, OpenError> {
        self.open_by(&Factory::new())
    }

    pub(crate) fn open_by(&self, factory: &Factory) -> Result<Arc<dyn Engine>, OpenError> {
        let log: Arc<dyn LogSink> = Arc::clone(&self.lines) as _;
        let opening = factory.open(ModelSource {
            image: self.image,
            directory: &self.directory,
            environment: &self.environment,
            log: &log,
            explaining: self.explaining,
        });
        ready(opening)
    }
}

/// The outcome of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("opening a native model waits for nothing"),
    }
}

/// A call without `Accept`.
pub(crate) fn call(engine: &dyn Engine, content_type: &str, body: &[u8]) -> Reply {
    ask(engine, Some(content_type), None, body)
}

pub(crate) fn ask(
    engine: &dyn Engine,
    content_type: Option<&str>,
    accept: Option<&str>,
    body: &[u8],
) -> Reply {
    let body = Bytes::copy_from_slice(body);
    let request = Request {
        body: &body,
        content_type,
        accept,
        custom_attributes: None,
        enable_explanations: None,
    };
    match engine.invoke(request) {
        Answer::Ready(outcome) => answered(outcome),
        Answer::Pending(_) => panic!("a native model answers at once"),
    }
}

fn answered(outcome: Outcome) -> Reply {
    outcome.unwrap_or_else(|none| panic!("no answer: {}", none.message))
}

pub(crate) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).expect("answers are UTF-8")
}

pub(crate) fn covtype() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/covtype")
}

pub(crate) fn covtype_file(name: &str) -> Vec<u8> {
    let path = covtype().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
