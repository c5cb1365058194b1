//! The AWS face: one file per operation.
