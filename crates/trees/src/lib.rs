//! Tree-ensemble inference: reads the models that XGBoost writes and computes what XGBoost
//! predicts, fast for one row and for many, without XGBoost.

mod ensemble;
mod error;
mod kernel;
mod model;
mod objective;
mod read;
mod rows;

pub use error::{Error, ErrorKind};
pub use model::Model;
pub use objective::Objective;
pub use rows::Rows;
