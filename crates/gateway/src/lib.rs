//! REST APIs as Amazon API Gateway runs them.
//!
//! [`mapping`] renders mapping templates: what a request or an answer becomes on its way through.

pub mod mapping;
