//! The engine contract: what hosting needs to know of anything that answers
//! predictions, and what an engine may know of the endpoint it stands behind.
//!
//! The contract is SageMaker's container contract with the HTTP taken off: a
//! directory of model files and an environment go in at the start; a body, its
//! content type and the wanted type go in per call; a status and a body come out.

use std::{
    borrow::Cow, collections::BTreeMap, fmt, future::Future, path::Path, pin::Pin, sync::Arc,
};

use bytes::Bytes;
use footprint::Footprint;

/// One call of the model: the parts of an `InvokeEndpoint` request that a container would see.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The payload as the client sent it.
    pub body: &'a Bytes,
    /// `Content-Type`, if the client gave one.
    pub content_type: Option<&'a str>,
    /// `Accept`, if the client gave one.
    pub accept: Option<&'a str>,
    /// `X-Amzn-SageMaker-Custom-Attributes`, if the client gave it.
    pub custom_attributes: Option<&'a str>,
    /// Which records to explain, in place of [`Explaining::enable`]; only engines that were opened
    /// with one see it.
    pub enable_explanations: Option<&'a str>,
}

/// What the model answered. Any `status` outside 2xx reaches the client as a `ModelError`.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status of the model server: 200, 204, 4xx or 5xx.
    pub status: u16,
    /// `Content-Type` of the body; empty for an empty body.
    pub content_type: Cow<'static, str>,
    /// The prediction, or for an error the text that says what was wrong.
    pub body: Bytes,
    /// Custom attributes that the model set itself (they are never echoed).
    pub custom_attributes: Option<String>,
}

/// The model gave no answer at all: it died, hung up or took too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// What happened, for the client and the endpoint's log.
    pub message: String,
}

/// The outcome of one call.
pub type Outcome = Result<Reply, NoAnswer>;

/// An answer that is here already (native engines, on the caller's thread) or will come.
pub enum Answer<'a> {
    /// Computed on the calling thread.
    Ready(Outcome),
    /// On its way from another thread or process.
    Pending(Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>),
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(outcome) => f.debug_tuple("Ready").field(outcome).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// A loaded model that answers calls, from any thread, many at a time.
pub trait Engine: Send + Sync + fmt::Debug + 'static {
    /// Answers one call.
    fn invoke<'a>(&'a self, request: Request<'a>) -> Answer<'a>;

    /// The answer to a call that is light, if nothing has to be waited for: such a call needs no
    /// future. None, and nothing has happened, where [`Engine::invoke`] is to be asked.
    fn answer_at_once(&self, _request: Request<'_>) -> Option<Outcome> {
        None
    }

    /// Whether [`Engine::invoke`] takes so little CPU for this call that a listener thread may
    /// spend it. An engine that only waits says yes to every call.
    fn is_light(&self, request: Request<'_>) -> bool;

    /// Adds the memory that every light call reads, to be fetched as soon as one is known to come. An
    /// engine for which that is not worth while adds none.
    fn footprint(&self, _footprint: &mut Footprint) {}
}

/// Where the lines go that a model server would print.
pub trait LogSink: Send + Sync + fmt::Debug {
    /// Appends one line, without its line end, to the endpoint's log stream.
    fn line(&self, text: &str);
}

/// What there is to open: one container of a model, its artifact unpacked.
#[derive(Clone, Copy, Debug)]
pub struct ModelSource<'a> {
    /// The registry path of the image, as `CreateModel` got it.
    pub image: &'a str,
    /// The unpacked artifact: what a container sees as `/opt/ml/model`. Read-only.
    pub directory: &'a Path,
    /// `Environment` of the container definition.
    pub environment: &'a BTreeMap<String, String>,
    /// The log stream of the instance that opens the model.
    pub log: &'a Arc<dyn LogSink>,
    /// How answers are explained, if they are. An engine that can't must refuse to open.
    pub explaining: Option<Explaining<'a>>,
}

/// How answers are explained: what of `ClarifyExplainerConfig` an engine needs. Its answers are
/// then JSON documents that hold predictions and explanations.
#[derive(Clone, Copy, Debug)]
pub struct Explaining<'a> {
    /// A `JMESPath` expression that is true of the predictions to explain; without one, all are.
    pub enable: Option<&'a str>,
    /// The features' names, in the order in which they are shown; may be empty.
    pub feature_headers: &'a [String],
    /// The features' types, in the same order; may be empty.
    pub feature_types: &'a [String],
    /// The classes' names; may be empty.
    pub label_headers: &'a [String],
    /// What rows are compared with: a body of rows and its content type. Without one it is what the
    /// model was trained on.
    pub baseline: Option<(&'a str, &'a str)>,
}

/// Why a model can't be opened; becomes the endpoint's `FailureReason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// Names the file and the cause, and says what to do next where that is known.
    pub message: String,
}

/// A model that is being opened.
pub type Opening<'a> =
    Pin<Box<dyn Future<Output = Result<Arc<dyn Engine>, OpenError>> + Send + 'a>>;

/// Opens models without the caller knowing which engines exist.
pub trait EngineFactory: Send + Sync + fmt::Debug {
    /// Loads the model and proves that it can answer: the equivalent of the first good `/ping`.
    fn open<'a>(&'a self, source: ModelSource<'a>) -> Opening<'a>;
}
