//! `SageMaker`'s data plane: a file per operation, and its errors.

mod errors;
pub(crate) mod invoke_endpoint;
