//! `NumPy` arrays as `numpy.save` writes them: rows in, predictions out.
//!
//! # What is read
//! * Versions 1 to 3 of the format, C and Fortran order, either byte order; floats of 16, 32 and 64
//!   bits, integers of 8 to 64 bits, booleans. Other types are refused by name; objects would be
//!   pickles, which are programs, and are never read.
//! * A matrix of as many columns as the model has, or one row of them. For a model with one column
//!   a vector is as many rows.
//! * `NaN` is a missing value; infinite values are refused. Numbers become the nearest `f32`.
//!
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;
mod read;
mod write;

pub use read::read;
pub use write::write;

/// Starts every file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
