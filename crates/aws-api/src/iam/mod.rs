//! IAM, as far as SDKs read roles on their way to other calls: a file per operation.

#![expect(clippy::unused_async, reason = "operations have one form, and these never wait")]

pub(crate) mod get_role;
