//! An engine that answers what its artifact's file `answer` says. Where there is a file `gate`,
//! opening waits until the gate is open.

use std::{borrow::Cow, fs, sync::Arc};

use bytes::Bytes;
use hosting::engine_api::{
    Answer, Engine, EngineFactory, ModelSource, OpenError, Opening, Reply, Request,
};
use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct Factory {
    pub(crate) gate: watch::Sender<bool>,
}

impl EngineFactory for Factory {
    fn open<'a>(&'a self, source: ModelSource<'a>) -> Opening<'a> {
        Box::pin(async move {
            if source.directory.join("gate").exists() {
                let mut gate = self.gate.subscribe();
                gate.wait_for(|open| *open).await.expect("the gate is there");
            }
            match fs::read(source.directory.join("answer")) {
                Ok(answer) => Ok(Arc::new(Echo(answer.into())) as Arc<dyn Engine>),
                Err(_) => Err(OpenError { message: "`answer` is missing".to_owned() }),
            }
        })
    }
}

#[derive(Debug)]
struct Echo(Bytes);

impl Engine for Echo {
    fn invoke<'a>(&'a self, _request: Request<'a>) -> Answer<'a> {
        Answer::Ready(Ok(Reply {
            status: 200,
            content_type: Cow::Borrowed("text/plain"),
            body: self.0.clone(),
            custom_attributes: None,
        }))
    }

    fn is_light(&self, _request: Request<'_>) -> bool {
        true
    }
}
