//! CSV bodies: rows with or without a header in, predictions out.
//!
//! # What is read
//! * The delimiter is a comma; a first line without one may use tab, semicolon, pipe or spaces.
//! * Lines end with LF, CRLF or CR; the last line end may be missing. Blank lines are skipped.
//! * A field may be quoted, with `""` for a quote. Blanks around fields don't count.
//! * An empty field and the words `nan`, `na`, `n/a`, `<na>`, `null`, `none` are missing values;
//!   `true` and `false` are 1 and 0; case doesn't matter. Infinite values are refused.
//! * A first line that is not numbers is a header, if the model knows its names: columns are then
//!   matched by name, and those that the model doesn't know are ignored, whatever they hold.
//!   A line of numbers is never a header, even if the model's names are numbers.

mod fields;
mod read;
mod write;

pub use read::read;
pub use write::{write, write_lists, write_records};
