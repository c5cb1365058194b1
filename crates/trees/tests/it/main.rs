//! What the crate promises from outside: XGBoost's answers, and an error for anything else.

mod goldens;
mod hostile;
mod schema;
