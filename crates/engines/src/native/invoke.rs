//! One call: body to rows, rows to predictions, predictions to body.
//!
//! Owns the order of checks, the status codes and the working memory of a thread. The order and
//! the codes are the container's: empty, body, prediction, `Accept`.

use std::{borrow::Cow, cell::RefCell};

use bytes::Bytes;
use engine_api::{Answer, Engine, Reply, Request};
use records::{Columns, Error, ErrorKind, Matrix, csv, json, jsonlines};
use trees::Rows;

use super::{
    Native,
    media::{self, Input, Output},
};

/// How many values of a large body a thread keeps memory for.
const RETAINED_VALUES_MAX: usize = 64 * 1024;
/// How many bytes of a large answer a thread keeps memory for.
const RETAINED_BYTES_MAX: usize = 256 * 1024;

/// CPU time that a call may take on a listener's thread.
const INLINE_NS_MAX: usize = 1_000_000;
/// About what one tree costs per row, on the slow side.
const TREE_NS: usize = 10;
/// No field of a row is shorter than a digit and a delimiter.
const FIELD_BYTES_MIN: usize = 2;
/// Reading a body of this size takes a good part of the time by itself.
const INLINE_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The working memory of a thread: what a call leaves behind for the next.
#[derive(Default)]
struct Scratch {
    matrix: Matrix,
    predictions: Vec<f32>,
    text: Vec<u8>,
}

/// A call that is not answered with predictions.
struct Refusal {
    status: u16,
    message: String,
}

impl Engine for Native {
    fn invoke<'a>(&'a self, request: Request<'a>) -> Answer<'a> {
        let reply = self.answer(request).unwrap_or_else(|refusal| self.refuse(refusal));
        Answer::Ready(Ok(reply))
    }

    /// So many bytes that even the shortest rows are predicted within a millisecond.
    fn inline_body_bytes_max(&self) -> usize {
        let row_ns = (self.model.tree_count() * TREE_NS).max(1);
        let row_bytes_min = (self.columns.width() * FIELD_BYTES_MIN).max(1);
        (INLINE_NS_MAX / row_ns * row_bytes_min).min(INLINE_BYTES_MAX)
    }
}

impl Native {
    fn answer(&self, request: Request<'_>) -> Result<Reply, Refusal> {
        if request.body.is_empty() {
            return Ok(reply(204, "", Bytes::new()));
        }
        let input = Input::of(request.content_type).map_err(unsupported)?;
        SCRATCH.with_borrow_mut(|scratch| {
            let outcome = self.predict(input, request, scratch);
            scratch.release();
            outcome
        })
    }

    fn predict(
        &self,
        input: Input,
        request: Request<'_>,
        scratch: &mut Scratch,
    ) -> Result<Reply, Refusal> {
        input.read(request.body, &self.columns, &mut scratch.matrix)?;
        let output = self.output(request.accept)?;
        let (matrix, width) = (&scratch.matrix, self.model.prediction_width());
        scratch.predictions.clear();
        scratch.predictions.resize(matrix.row_count() * width, 0.0);
        let rows = Rows::new(matrix.values(), matrix.width());
        self.model.predict(rows, &mut scratch.predictions);
        scratch.text.clear();
        output.write(&scratch.predictions, width, &mut scratch.text);
        Ok(reply(200, output.content_type(), Bytes::copy_from_slice(&scratch.text)))
    }

    fn output(&self, accept: Option<&str>) -> Result<Output, Refusal> {
        if self.settings.batch {
            return Ok(Output::Csv);
        }
        Output::of(accept, self.settings.default_output).ok_or_else(|| Refusal {
            status: 406,
            message: format!(
                "accept type `{}` is not served; ask for one of {}",
                accept.unwrap_or_default(),
                media::OUTPUTS
            ),
        })
    }

    #[cold]
    fn refuse(&self, refusal: Refusal) -> Reply {
        self.log.line(&format!("refused a call with {}: {}", refusal.status, refusal.message));
        reply(refusal.status, "text/plain; charset=utf-8", refusal.message.into())
    }
}

impl Input {
    fn read(self, body: &[u8], columns: &Columns, matrix: &mut Matrix) -> Result<(), Refusal> {
        let (name, outcome) = match self {
            Self::Csv => ("text/csv", csv::read(body, columns, matrix)),
            Self::Json => ("application/json", json::read(body, columns, matrix)),
        };
        outcome.map_err(|error| unreadable(name, &error))
    }
}

impl Output {
    fn write(self, values: &[f32], width: usize, out: &mut Vec<u8>) {
        match self {
            Self::Csv => csv::write(values, width, out),
            Self::Json => json::write(values, width, out),
            Self::JsonLines => jsonlines::write(values, width, out),
        }
    }
}

impl Scratch {
    /// Gives back what one large call has made the thread keep.
    fn release(&mut self) {
        self.matrix.release_above(RETAINED_VALUES_MAX);
        if self.predictions.capacity() > RETAINED_VALUES_MAX {
            self.predictions = Vec::new();
        }
        if self.text.capacity() > RETAINED_BYTES_MAX {
            self.text = Vec::new();
        }
    }
}

#[cold]
fn unsupported(message: String) -> Refusal {
    Refusal { status: 415, message }
}

/// A body that can't be parsed is 415, one that doesn't fit the model 400, as in the container.
#[cold]
fn unreadable(content_type: &str, error: &Error) -> Refusal {
    match error.kind() {
        ErrorKind::Malformed => {
            unsupported(format!("the body can't be read as `{content_type}`: {error}"))
        }
        ErrorKind::Columns => Refusal {
            status: 400,
            message: format!("Unable to evaluate payload provided: {error}"),
        },
    }
}

fn reply(status: u16, content_type: &'static str, body: Bytes) -> Reply {
    Reply { status, content_type: Cow::Borrowed(content_type), body, custom_attributes: None }
}
