//! What the crate promises from outside: XGBoost's and LightGBM's answers, and an error for anything else.

mod backgrounds;
mod explanations;
mod fixtures;
mod footprints;
mod goldens;
mod hostile;
mod inputs;
mod labels;
mod leaves;
mod lightgbm;
mod matrix;
mod others;
mod refusals;
mod schema;
