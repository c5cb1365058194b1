//! JSON Lines: one record per line in, predictions out.
//!
//! # What is read
//! Each line is one row, in any form that [`json`](crate::json) reads a row in: a list, a record of
//! named columns, or either of them within an object. Lines end with LF or CRLF; empty ones are
//! skipped. Lines need not have the same form.

mod write;

pub use crate::json::read_lines as read;
pub use write::{write, write_records};
