//! `RecordIO` with protobuf records, SageMaker's `application/x-recordio-protobuf`.
//!
//! # What is read
//! * A body is a row of frames: a magic number, a length, that many bytes, zeros up to a multiple of
//!   four. Each frame holds one `aialgs.data.Record`, which is one row.
//! * The row is the feature called `values`: a tensor of 32-bit or 64-bit floats or of integers.
//!   Labels, other features and metadata are ignored.
//! * A tensor without keys is dense and must be as wide as the model. One with keys is sparse: its
//!   values stand at these columns, from 0, and all others are missing. A tensor with a shape and
//!   nothing else is a sparse row without values.
//! * A sparse row may be narrower than the model, not wider.
//!
//! The schema, as far as it matters here, with field numbers as in SageMaker's `record.proto`:
//!
//! ```text
//! Record  { 1: map<string, Value> features; 2: map<string, Value> label }
//! Value   { 2: float32 tensor; 3: float64 tensor; 7: int32 tensor; 9: bytes }   (one of them)
//! tensor  { 1: repeated values; 2: repeated uint64 keys; 3: repeated uint64 shape }   (packed)
//! ```

mod frames;
mod read;
mod wire;
mod write;

pub use read::Reader;
pub use write::{write, write_records};

/// Starts every frame.
const MAGIC: u32 = 0xCED7_230A;
