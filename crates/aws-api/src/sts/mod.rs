//! STS, as far as it says who calls: a file per operation.

#![expect(clippy::unused_async, reason = "operations have one form, and these never wait")]

pub(crate) mod get_caller_identity;
