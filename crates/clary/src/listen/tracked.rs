//! An answer's body that knows which call it ends.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use aws_api::Body;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::line::CallGuard;

/// A body; when it was handed over or is no longer wanted, its call is over.
#[derive(Debug)]
pub(super) struct Tracked {
    body: Body,
    _call: CallGuard,
}

impl Tracked {
    pub(super) fn new(body: Body, call: CallGuard) -> Self {
        Self { body, _call: call }
    }
}

impl HttpBody for Tracked {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
