//! Request and reply bodies to and from rows of numbers.
//!
//! A model wants a dense matrix, one row per record, with its columns in the order it was trained
//! on: of `f32`, as XGBoost does, or of `f64` as other libraries do ([`Real`]). Clients send CSV, JSON and more, in many shapes. The readers here turn the one into
//! the other without a document tree in between and, once a [`Matrix`] has grown to its working
//! size, without allocating. The writers print predictions the way SageMaker's XGBoost container
//! does.
//!
//! | Module | Rows in | Predictions out |
//! |---|---|---|
//! | [`csv`] | with or without a header | scores, or named [cells](Cell) |
//! | [`json`] | lists and records, pandas' `split` orientation | scores, or named cells |
//! | [`jsonlines`] | a list or a record per line | scores, or named cells |
//! | [`libsvm`] | sparse, a block at a time | |
//! | [`recordio`] | protobuf, dense or sparse, a block at a time | scores, or named cells |
//! | [`npy`] | `NumPy` arrays | scores |
//!
//! ```
//! use records::{Columns, Matrix, csv, json};
//!
//! let columns = Columns::named(["age".into(), "height".into()]);
//! let mut matrix = Matrix::new();
//!
//! // Columns come in any order, the model ignores those it was not trained on.
//! json::read(br#"[{"height": 1.74, "label": 1, "age": 31}]"#, &columns, &mut matrix)?;
//! assert_eq!(matrix.values(), [31.0, 1.74]);
//!
//! csv::read(b"31,1.74\n58,\n", &columns, &mut matrix)?;
//! assert_eq!(matrix.row_count(), 2);
//! assert!(matrix.values()[3].is_nan(), "an empty field is a missing value");
//!
//! let mut reply = Vec::new();
//! json::write(&[0.87, 0.1], 1, &mut reply);
//! assert_eq!(reply, br#"{"predictions":[{"score":0.87},{"score":0.1}]}"#);
//! # Ok::<(), records::Error>(())
//! ```
//!
//! The crate knows nothing of HTTP, content types or models; `engines` chooses the format and says
//! which columns there are.

mod cell;
mod class_name;
mod columns;
pub mod csv;
mod error;
pub mod json;
pub mod jsonlines;
pub mod libsvm;
mod matrix;
pub mod npy;
mod number;
mod real;
pub mod recordio;

pub use cell::Cell;
pub use class_name::ClassName;
pub use columns::Columns;
pub use error::{Error, ErrorKind};
pub use matrix::Matrix;
pub use real::Real;
