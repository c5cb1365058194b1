//! The crate from outside: what is recorded must come back, in the text and through the queries.

mod exposition;
mod logs;
mod metrics;
mod requests;
