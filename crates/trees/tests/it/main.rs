//! What the crate promises from outside: XGBoost's and LightGBM's answers, and an error for anything else.

mod goldens;
mod hostile;
mod leaves;
mod lightgbm;
mod schema;
