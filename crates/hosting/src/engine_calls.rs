//! Calling into engines: on this thread or apart from it, with panics contained and with work
//! given up once nobody waits for it. What to call, and what the answer means, is the callers'.

use std::{
    any::Any,
    convert::Infallible,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
};

use engine_api::{Answer, Engine, NoAnswer, Outcome, Request};
use tokio::{runtime::Handle, sync::oneshot};

/// An answer that is on its way.
pub(crate) type Pending<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Calls the engine on this thread. A panic costs this call and no other.
pub(crate) fn invoke<'a>(engine: &'a dyn Engine, request: Request<'a>) -> Answer<'a> {
    catch_unwind(AssertUnwindSafe(|| engine.invoke(request)))
        .unwrap_or_else(|panic| Answer::Ready(Err(panicked_with(&text_of(&*panic)))))
}

/// Asks the engine for an answer at once, on this thread. A panic costs this call and no other.
pub(crate) fn at_once(engine: &dyn Engine, request: Request<'_>) -> Option<Outcome> {
    catch_unwind(AssertUnwindSafe(|| engine.answer_at_once(request)))
        .unwrap_or_else(|panic| Some(Err(panicked_with(&text_of(&*panic)))))
}

/// Waits for an answer. A panic on the way costs this call and no other.
pub(crate) async fn finish(answer: Pending<'_>) -> Outcome {
    contained(answer).await.unwrap_or_else(|text| Err(panicked_with(&text)))
}

/// Runs `work` to its end or to its panic, whose text is the error.
pub(crate) async fn contained<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(text_of(&*panic))),
    })
    .await
}

/// Why work apart came to no end.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// It panicked, with that text.
    Panicked(String),
    /// The server stops, which says nothing about the work.
    Stopping,
}

/// Runs `work` on a blocking thread. If the caller stops waiting, `work` is dropped before it
/// begins or where it waits next, so that it holds no thread for good.
pub(crate) async fn apart<T: Send + 'static>(
    background: &Handle,
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T, Interruption> {
    // Nothing is ever sent: the thread only learns that this end was dropped.
    let (awaited, abandoned) = oneshot::channel::<Infallible>();
    let handle = background.clone();
    let task = background.spawn_blocking(move || {
        handle.block_on(async {
            tokio::select! {
                biased;
                _ = abandoned => None,
                done = work() => Some(done),
            }
        })
    });
    let done = task.await;
    drop(awaited);
    match done {
        Ok(done) => done.ok_or(Interruption::Stopping),
        Err(error) => Err(error
            .try_into_panic()
            .map_or(Interruption::Stopping, |panic| Interruption::Panicked(text_of(&*panic)))),
    }
}

/// The outcome of a call during which the engine panicked with that text.
pub(crate) fn panicked_with(text: &str) -> NoAnswer {
    NoAnswer { message: format!("the model's engine panicked: {text}") }
}

impl From<Interruption> for NoAnswer {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Panicked(text) => panicked_with(&text),
            Interruption::Stopping => Self { message: "the server is stopping".to_owned() },
        }
    }
}

/// What `panic!` was given, if it was text.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
