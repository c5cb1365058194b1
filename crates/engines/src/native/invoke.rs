//! One call: body to rows, rows to predictions, predictions to body.
//!
//! Owns the order of checks, the status codes and the text of an answer. The order and the codes are
//! the container's: length, empty, body, prediction, `Accept`.

use std::{borrow::Cow, cell::RefCell};

use bytes::Bytes;
use engine_api::{Answer, Engine, Outcome, Reply, Request};
use footprint::Footprint;
use records::{Error, ErrorKind, csv, json, jsonlines, npy, recordio};

use super::{
    Native,
    body::{Predictions, Predictor},
    explain::{Answered, Unexplained},
    media::{self, Input, Output},
    precision::Precision,
    selection::Selection,
};

/// How many bytes of a large answer a thread keeps memory for.
const RETAINED_BYTES_MAX: usize = 256 * 1024;

/// CPU time that a call may take on a listener's thread.
const INLINE_NS_MAX: usize = 1_000_000;
/// About what one tree costs per row, on the slow side.
const TREE_NS: usize = 10;
/// No row of any type is shorter than a digit and a line end.
const SPARSE_ROW_BYTES_MIN: usize = 2;
/// Reading a body of this size takes a good part of the time by itself.
const INLINE_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The working memory of a thread: what a call leaves behind for the next.
#[derive(Default)]
struct Scratch {
    narrow: Predictions<f32>,
    wide: Predictions<f64>,
    text: Vec<u8>,
}

/// A request whose body is of a type that is read.
#[derive(Clone, Copy)]
struct Call<'a> {
    request: Request<'a>,
    input: Input,
}

/// A call that is not answered with predictions.
struct Refusal {
    status: u16,
    message: String,
}

impl Engine for Native {
    fn invoke<'a>(&'a self, request: Request<'a>) -> Answer<'a> {
        Answer::Ready(Ok(self.reply(request)))
    }

    fn answer_at_once(&self, request: Request<'_>) -> Option<Outcome> {
        self.is_light(request).then(|| Ok(self.reply(request)))
    }

    fn footprint(&self, footprint: &mut Footprint) {
        footprint.add(self);
        self.ensemble.first().footprint(footprint);
    }

    /// Whether the body is so short that even the shortest rows of its type are predicted within a
    /// millisecond.
    fn is_light(&self, request: Request<'_>) -> bool {
        if self.explaining.is_some() {
            return false;
        }
        let row_ns = (self.ensemble.tree_count() * TREE_NS).max(1);
        let rows_max = INLINE_NS_MAX / row_ns;
        let bytes = request.body.len();
        if bytes <= rows_max * SPARSE_ROW_BYTES_MIN {
            return true;
        }
        // A type that is not read is refused without a look at the body.
        Input::of(request.content_type).map_or(true, |input| {
            bytes <= INLINE_BYTES_MAX.min(rows_max * row_bytes_min(input, self.columns.width()))
        })
    }
}

/// The length of the shortest row that a body of this type can hold.
fn row_bytes_min(input: Input, width: usize) -> usize {
    match input {
        // A label and a line end: every feature can be missing.
        Input::Libsvm => SPARSE_ROW_BYTES_MIN,
        // A record's magic number and length.
        Input::RecordIo => 8,
        // One byte a value.
        Input::Npy => width.max(1),
        // A digit and a delimiter a value.
        Input::Csv | Input::Json | Input::JsonLines => (width * 2).max(1),
    }
}

impl Native {
    fn reply(&self, request: Request<'_>) -> Reply {
        self.answer(request).unwrap_or_else(|refusal| self.refuse(refusal))
    }

    fn answer(&self, request: Request<'_>) -> Result<Reply, Refusal> {
        if request.body.len() > self.settings.body_bytes_max {
            return Err(self.too_large(request.body.len()));
        }
        if request.body.is_empty() {
            return Ok(reply(204, "", Bytes::new()));
        }
        let input = Input::of(request.content_type).map_err(unsupported)?;
        if self.explaining.is_some() {
            check_explained(input)?;
        }
        let call = Call { request, input };
        SCRATCH.with_borrow_mut(|scratch| {
            let outcome = if self.ensemble.first().is_f64() {
                self.predict(call, &mut scratch.wide, &mut scratch.text)
            } else {
                self.predict(call, &mut scratch.narrow, &mut scratch.text)
            };
            scratch.release();
            outcome
        })
    }

    fn predict<V: Precision>(
        &self,
        Call { request, input }: Call<'_>,
        predictions: &mut Predictions<V>,
        text: &mut Vec<u8>,
    ) -> Result<Reply, Refusal> {
        let predictor = Predictor { ensemble: &self.ensemble, columns: &self.columns };
        let outcome = predictions.of(request.body, input, predictor);
        outcome.map_err(|error| unreadable(request.content_type, input, &error))?;
        let output = self.output(request.accept)?;
        text.clear();
        self.write(output, predictions.values(), text);
        let Some(explaining) = &self.explaining else {
            return Ok(reply(200, output.content_type(), Bytes::copy_from_slice(text)));
        };
        let data = str::from_utf8(text).expect("answers of text are UTF-8: this is a bug");
        let answered = Answered { content_type: output.content_type(), data };
        let enable = request.enable_explanations;
        explained(explaining.answer(answered, predictions.rows(), enable))
    }

    /// The type of the answer. An array has no room for selected content.
    fn output(&self, accept: Option<&str>) -> Result<Output, Refusal> {
        match Output::of(accept, self.settings.default_output) {
            Some(Output::Npy) if self.selection.is_some() => {
                Err(not_acceptable("`application/x-npy` can't hold selected content"))
            }
            Some(_) if self.settings.batch && self.selection.is_none() => Ok(Output::Csv),
            Some(output @ (Output::Npy | Output::RecordIo)) if self.explaining.is_some() => {
                let name = output.content_type();
                Err(not_acceptable(&format!("`{name}` can't be explained, which takes text")))
            }
            Some(output) => Ok(output),
            None => {
                let accept = accept.unwrap_or_default();
                Err(not_acceptable(&format!("accept type `{accept}` is not served")))
            }
        }
    }

    fn write<V: Precision>(&self, output: Output, predictions: &[V], out: &mut Vec<u8>) {
        let width = self.ensemble.first().prediction_width();
        match &self.selection {
            Some(selection) => {
                write_selected(output, selection, predictions.chunks_exact(width), out);
                // The container ends the last line for batch transform only, which joins answers.
                if output == Output::Csv && self.settings.batch {
                    out.push(b'\n');
                }
            }
            None if self.settings.batch => csv::write_lists(predictions, width, out),
            None => write_scores(output, predictions, width, out),
        }
    }

    #[cold]
    fn refuse(&self, refusal: Refusal) -> Reply {
        self.log.line(&format!("refused a call with {}: {}", refusal.status, refusal.message));
        reply(refusal.status, "text/plain; charset=utf-8", refusal.message.into())
    }

    #[cold]
    fn too_large(&self, found: usize) -> Refusal {
        let limit = self.settings.body_bytes_max;
        Refusal {
            status: 413,
            message: format!(
                "the body has {found} bytes, more than {limit}; send fewer rows at a time, or set \
                 the container's environment variable `MAX_CONTENT_LENGTH`"
            ),
        }
    }
}

/// The answer of an endpoint with an explainer.
#[cold]
fn explained(written: Result<Vec<u8>, Unexplained>) -> Result<Reply, Refusal> {
    let written = written.map_err(|unexplained| match unexplained {
        Unexplained::Condition(message) => Refusal { status: 400, message },
        Unexplained::TooMuch(message) => Refusal { status: 413, message },
    })?;
    Ok(reply(200, Output::Json.content_type(), written.into()))
}

/// Explanations are of rows that are all in memory.
fn check_explained(input: Input) -> Result<(), Refusal> {
    match input {
        Input::Csv | Input::Json | Input::JsonLines | Input::Npy => Ok(()),
        Input::Libsvm | Input::RecordIo => Err(unsupported(format!(
            "answers to `{}` are not explained; send `text/csv`, `application/jsonlines`, \
             `application/json` or `application/x-npy`",
            input.name()
        ))),
    }
}

fn write_scores<V: Precision>(output: Output, values: &[V], width: usize, out: &mut Vec<u8>) {
    match output {
        Output::Csv => csv::write(values, width, out),
        Output::Json => json::write(values, width, out),
        Output::JsonLines => jsonlines::write(values, width, out),
        Output::Npy => npy::write(values, width, out),
        Output::RecordIo => recordio::write(values, width, out),
    }
}

fn write_selected<V: Precision>(
    output: Output,
    selection: &Selection,
    predictions: std::slice::ChunksExact<'_, V>,
    out: &mut Vec<u8>,
) {
    let rows = selection.rows(predictions);
    match output {
        // `output` refuses arrays.
        Output::Csv | Output::Npy => csv::write_records(rows, out),
        Output::Json => json::write_records(rows, out),
        Output::JsonLines => jsonlines::write_records(rows, out),
        Output::RecordIo => recordio::write_records(rows, out),
    }
}

impl Scratch {
    /// Gives back what one large call has made the thread keep.
    fn release(&mut self) {
        self.narrow.release();
        self.wide.release();
        if self.text.capacity() > RETAINED_BYTES_MAX {
            self.text = Vec::new();
        }
    }
}

#[cold]
fn unsupported(message: String) -> Refusal {
    Refusal { status: 415, message }
}

#[cold]
fn not_acceptable(reason: &str) -> Refusal {
    Refusal { status: 406, message: format!("{reason}; ask for one of {}", media::OUTPUT_NAMES) }
}

/// A body that can't be parsed is 415, one that doesn't fit the model 400, as in the container.
#[cold]
fn unreadable(content_type: Option<&str>, input: Input, error: &Error) -> Refusal {
    if error.kind() == ErrorKind::Columns {
        let message = format!("Unable to evaluate payload provided: {error}");
        return Refusal { status: 400, message };
    }
    let name = input.name();
    let untold = content_type.is_none_or(|text| text.trim().is_empty());
    let hint = if untold {
        ", which a body without a content type is; say what it is if it is something else"
    } else {
        ""
    };
    unsupported(format!("the body can't be read as `{name}`{hint}: {error}"))
}

fn reply(status: u16, content_type: &'static str, body: Bytes) -> Reply {
    Reply { status, content_type: Cow::Borrowed(content_type), body, custom_attributes: None }
}
