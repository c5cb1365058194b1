//! A reply's body that is all there, handed out in slices.
//!
//! The HTTP library copies what it is given into the connection's buffer and lets go of it, however
//! slowly the client takes it. In slices, it takes no more than fits there, and the rest stays
//! charged to the account of all bodies until it is due.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Most answers are one slice.
const SLICE_BYTES: usize = 64 * 1024;

/// A body that is all there.
#[derive(Debug)]
pub struct Whole(Bytes);

impl Whole {
    /// The body that has these bytes.
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(SLICE_BYTES);
        let slice = self.0.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn slices_are_the_whole() {
        for length in [0, 1, SLICE_BYTES, SLICE_BYTES + 1, 5 * SLICE_BYTES] {
            let bytes: Bytes = (0..length).map(|at| at as u8).collect();
            let mut whole = Whole::new(bytes.clone());
            let (mut found, mut slices) = (Vec::new(), 0);
            assert_eq!(whole.size_hint().exact(), Some(length as u64));
            while let Some(frame) = whole.frame().await {
                let slice = frame.expect("it is there").into_data().expect("it is data");
                assert!(slice.len() <= SLICE_BYTES);
                found.extend_from_slice(&slice);
                slices += 1;
            }
            assert_eq!((found, slices), (bytes.to_vec(), length.div_ceil(SLICE_BYTES)));
            assert!(whole.is_end_stream());
        }
    }
}
