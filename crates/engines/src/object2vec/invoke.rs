//! One call: body to instances, instances to numbers, numbers to body.
//!
//! Owns the status codes, the texts of answers and errors, and a thread's working memory.

use std::{borrow::Cow, cell::RefCell, fmt::Display};

use bytes::Bytes;
use engine_api::{Answer, Engine, Outcome, Reply, Request};

use super::{
    Object2Vec,
    media::{self, Format},
    network::Workspace,
    request::{Bounds, Instances, Wanted},
};

/// CPU time that a call may take on a listener's thread.
const INLINE_NS_MAX: usize = 1_000_000;
/// No pair of inputs is shorter than `{"in0":[1],"in1":[1]}`.
const PAIR_BYTES_MIN: usize = 21;
/// No token is shorter than a digit and a comma.
const TOKEN_BYTES_MIN: usize = 2;
/// Multiplications and additions per nanosecond, on the slow side.
const OPERATIONS_PER_NS: usize = 4;
/// What reading a byte costs, and what stands around each pair.
const BYTE_NS: usize = 5;
const PAIR_NS: usize = 200;
/// A larger answer is refused: numbers take some twenty characters each.
const NUMBERS_MAX: usize = 4 << 20;
/// How many bytes of a large call a thread keeps memory for.
const RETAINED_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

#[derive(Default)]
struct Scratch {
    instances: Instances,
    memory: Workspace,
    numbers: Vec<f32>,
    text: Vec<u8>,
}

struct Refusal {
    status: u16,
    message: String,
}

impl Engine for Object2Vec {
    fn invoke<'a>(&'a self, request: Request<'a>) -> Answer<'a> {
        Answer::Ready(Ok(self.reply(request)))
    }

    fn answer_at_once(&self, request: Request<'_>) -> Option<Outcome> {
        self.is_light(request).then(|| Ok(self.reply(request)))
    }

    /// Whether the shortest instances that the body can hold are answered within a millisecond.
    fn is_light(&self, request: Request<'_>) -> bool {
        let bytes = request.body.len();
        let pair_ns = PAIR_NS + self.network.pair_cost() / OPERATIONS_PER_NS;
        let token_ns = self.network.token_cost() / OPERATIONS_PER_NS;
        let cost =
            BYTE_NS * bytes + bytes / PAIR_BYTES_MIN * pair_ns + bytes / TOKEN_BYTES_MIN * token_ns;
        cost <= INLINE_NS_MAX
    }
}

impl Object2Vec {
    fn reply(&self, request: Request<'_>) -> Reply {
        self.answer(request).unwrap_or_else(|refusal| self.refuse(refusal))
    }

    fn answer(&self, request: Request<'_>) -> Result<Reply, Refusal> {
        let format = Format::of_body(request.content_type).ok_or_else(|| unsupported(request))?;
        let output =
            Format::of_answer(request.accept, format).ok_or_else(|| not_acceptable(request))?;
        let bounds = self.bounds(request)?;
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch { instances, .. } = scratch;
            let wanted = instances.read(request.body, format, bounds).map_err(unreadable);
            let outcome = wanted.and_then(|wanted| self.predict(wanted, output, scratch));
            scratch.release();
            outcome
        })
    }

    fn predict(
        &self,
        wanted: Wanted,
        output: Format,
        scratch: &mut Scratch,
    ) -> Result<Reply, Refusal> {
        let Scratch { instances, memory, numbers, text } = scratch;
        self.refuse_too_many(wanted, instances)?;
        numbers.clear();
        let [left, right] = &instances.inputs;
        match wanted {
            Wanted::Scores => self.network.score([left, right], memory, numbers),
            Wanted::Embeddings(side) => {
                self.network.embed(side, &instances.inputs[side], memory, numbers);
            }
        }
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(overflown());
        }
        text.clear();
        write(output, wanted.name(), numbers.chunks_exact(self.width(wanted)), text);
        Ok(reply(200, output.content_type(), Bytes::copy_from_slice(text)))
    }

    /// What the lists of a call may be.
    fn bounds(&self, request: Request<'_>) -> Result<[Bounds; 2], Refusal> {
        let lengths = media::tokens_max(request.content_type).map_err(unreadable)?;
        let [left, right] = self.network.encoders.each_ref();
        let [left_max, right_max] = lengths.unwrap_or([left.tokens_max, right.tokens_max]);
        Ok([
            Bounds { vocabulary: left.embedding.nrows(), tokens_max: left_max },
            Bounds { vocabulary: right.embedding.nrows(), tokens_max: right_max },
        ])
    }

    /// How many numbers an instance is answered with.
    fn width(&self, wanted: Wanted) -> usize {
        match wanted {
            Wanted::Scores => self.network.score_count(),
            Wanted::Embeddings(side) => self.network.encoders[side].width(),
        }
    }

    fn refuse_too_many(&self, wanted: Wanted, instances: &Instances) -> Result<(), Refusal> {
        let count = instances.inputs.iter().map(super::network::Lists::len).max().unwrap_or(0);
        let width = self.width(wanted);
        if count.saturating_mul(width) <= NUMBERS_MAX {
            return Ok(());
        }
        let message = format!(
            "{count} instances with {width} numbers each are more than the {NUMBERS_MAX} numbers \
             of an answer; send fewer instances at a time"
        );
        Err(Refusal { status: 413, message })
    }

    #[cold]
    fn refuse(&self, refusal: Refusal) -> Reply {
        self.log.line(&format!("refused a call with {}: {}", refusal.status, refusal.message));
        reply(refusal.status, "text/plain; charset=utf-8", refusal.message.into())
    }
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::Embeddings(_) => "embeddings",
        }
    }
}

impl Scratch {
    /// Gives back what one large call has made the thread keep.
    fn release(&mut self) {
        if self.text.capacity() > RETAINED_BYTES_MAX {
            *self = Self::default();
        }
    }
}

/// Writes `{"predictions":[{"scores":[…]},…]}`, or an object per line.
fn write<'a>(
    output: Format,
    name: &str,
    predictions: impl Iterator<Item = &'a [f32]>,
    out: &mut Vec<u8>,
) {
    let (opening, between, closing) = match output {
        Format::Json => ("{\"predictions\":[", ",", "]}"),
        Format::JsonLines => ("", "\n", "\n"),
    };
    out.extend_from_slice(opening.as_bytes());
    for (at, numbers) in predictions.enumerate() {
        if at > 0 {
            out.extend_from_slice(between.as_bytes());
        }
        write_prediction(name, numbers, out);
    }
    out.extend_from_slice(closing.as_bytes());
}

/// A number is printed as Python prints a `float` made of the 32-bit number, which is how
/// SageMaker's algorithm answers.
fn write_prediction(name: &str, numbers: &[f32], out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (at, &number) in numbers.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(buffer.format_finite(f64::from(number)).as_bytes());
    }
    out.extend_from_slice(b"]}");
}

#[cold]
fn unsupported(request: Request<'_>) -> Refusal {
    let content_type = request.content_type.unwrap_or_default();
    let listed = media::LISTED;
    let message = format!("content type `{content_type}` is not accepted; send one of {listed}");
    Refusal { status: 415, message }
}

#[cold]
fn not_acceptable(request: Request<'_>) -> Refusal {
    let accept = request.accept.unwrap_or_default();
    let listed = media::LISTED;
    let message = format!("accept type `{accept}` is not served; ask for one of {listed}");
    Refusal { status: 406, message }
}

#[cold]
fn unreadable(why: impl Display) -> Refusal {
    Refusal { status: 400, message: format!("the body can't be read: {why}") }
}

#[cold]
fn overflown() -> Refusal {
    let message = "the network gives a number that is not finite; its weights are too large";
    Refusal { status: 500, message: message.to_owned() }
}

fn reply(status: u16, content_type: &'static str, body: Bytes) -> Reply {
    Reply { status, content_type: Cow::Borrowed(content_type), body, custom_attributes: None }
}
