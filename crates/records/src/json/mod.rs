//! JSON bodies: rows as lists or named records in, predictions out.
//!
//! # What is read
//! A body is one row or a list of rows, as it is or within an object:
//!
//! | Form | Rows |
//! |---|---|
//! | `[1, 2]` | one |
//! | `[[1, 2], [3, 4]]` | two |
//! | `{"a": 1, "b": 2}` | one, columns matched by name |
//! | `[{"a": 1, "b": 2}, …]` | as many as there are records |
//! | `{"instances": …}`, `{"data": …}`, `{"features": …}`, `{"values": …}` | what the member holds, in any of these forms; other members are ignored |
//! | `{"columns": ["b", "a"], "data": [[2, 1], …]}` | as pandas' `split` orientation: lists in the order of `columns`, which must come first |
//!
//! So SageMaker's `{"instances": [{"features": [1, 2]}]}` and
//! `{"instances": [{"data": {"features": {"values": [1, 2]}}}]}` are read too.
//!
//! * `null` and Python's `NaN` are missing values, `true` and `false` are 1 and 0. A string is read
//!   as the number it spells (`"1.5"`); a string that spells none is refused, the empty one too.
//!   Infinite values are refused.
//! * Records may name their columns in any order. Members that the model doesn't know are ignored,
//!   whatever they hold; a column that is missing or comes twice is an error.
//! * Sparse rows, lists of `keys` beside their `values`, are refused: read as they stand, values
//!   would land in the wrong columns.
//! * Lists and objects may nest 64 deep.

mod read;
mod scan;
mod write;

pub use read::{read, read_lines};
pub use write::{write, write_records};
pub(crate) use write::{write_record, write_score};
