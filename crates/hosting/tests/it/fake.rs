//! An engine whose behaviour stands in its artifact: each file of the artifact is one trait.
//!
//! `answer` is what it says, `status` with which status. `open-gate` and `invoke-gate` name gates
//! that opening or answering waits for. `open-fails` and `open-panics` keep it from opening,
//! `panics` breaks every call, `inline-bytes` is the longest body for the calling thread.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::ThreadId,
};

use bytes::Bytes;
use engine_api::{Answer, Engine, EngineFactory, ModelSource, OpenError, Opening, Reply, Request};
use tokio::sync::watch;

/// A gate: closed until somebody opens it, and it knows how many wait there.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Until exactly so many wait.
    pub(crate) async fn holds(&self, count: usize) {
        let mut waiting = self.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting == count).await.expect("the gate is there");
    }

    async fn pass(&self) {
        let _place = Place::take(&self.waiting);
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate is there");
    }
}

/// A place at a gate, left however the waiting ends.
struct Place<'a>(&'a watch::Sender<usize>);

impl<'a> Place<'a> {
    fn take(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// Opens fakes, and remembers.
#[derive(Debug, Default)]
pub(crate) struct Factory {
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    opened: AtomicUsize,
}

impl Factory {
    pub(crate) fn gate(&self, name: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(name.to_owned()).or_default())
    }

    /// How many models were opened so far.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    async fn fake(&self, source: ModelSource<'_>) -> Result<Arc<dyn Engine>, OpenError> {
        let text = |name: &str| trait_of(source.directory, name);
        if let Some(gate) = text("open-gate") {
            self.gate(&gate).pass().await;
        }
        if let Some(message) = text("open-fails") {
            return Err(OpenError { message });
        }
        if let Some(message) = text("open-panics") {
            panic!("{message}");
        }
        let answer = text("answer").ok_or_else(|| OpenError {
            message: "`answer` is not in the artifact; put it there".to_owned(),
        })?;
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Fake {
            answer,
            status: number(text("status")).unwrap_or(200),
            inline_bytes: number(text("inline-bytes")).unwrap_or(usize::MAX),
            gate: text("invoke-gate").map(|name| self.gate(&name)),
            panics: text("panics"),
            thread: Mutex::default(),
        }))
    }
}

impl EngineFactory for Factory {
    fn open<'a>(&'a self, source: ModelSource<'a>) -> Opening<'a> {
        Box::pin(self.fake(source))
    }
}

fn trait_of(directory: &Path, name: &str) -> Option<String> {
    fs::read_to_string(directory.join(name)).ok()
}

fn number<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

#[derive(Debug)]
struct Fake {
    answer: String,
    status: u16,
    inline_bytes: usize,
    gate: Option<Arc<Gate>>,
    panics: Option<String>,
    /// Where the last call was computed.
    thread: Mutex<Option<ThreadId>>,
}

impl Fake {
    fn reply(&self) -> Reply {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        *thread = Some(std::thread::current().id());
        if let Some(message) = &self.panics {
            panic!("{message}");
        }
        let text = self.answer.replace("{thread}", &format!("{:?}", *thread));
        Reply {
            status: self.status,
            content_type: Cow::Borrowed("text/plain"),
            body: Bytes::from(text),
            custom_attributes: None,
        }
    }
}

impl Engine for Fake {
    fn invoke<'a>(&'a self, _request: Request<'a>) -> Answer<'a> {
        match &self.gate {
            None => Answer::Ready(Ok(self.reply())),
            Some(gate) => Answer::Pending(Box::pin(async move {
                gate.pass().await;
                Ok(self.reply())
            })),
        }
    }

    fn is_light(&self, request: Request<'_>) -> bool {
        request.body.len() <= self.inline_bytes
    }
}
